/* setting_flags.c - see setting_flags.h */
#include "common/setting_flags.h"

#include "common/arguments_help.h"
#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

static argument_kind kind_of(const argument *row, const demucs_settings_key *key)
{
    if (row->word != NULL) return ARGUMENT_FLAG;
    return key->type == DEMUCS_SETTINGS_INTEGER  ? ARGUMENT_INTEGER
           : key->type == DEMUCS_SETTINGS_NUMBER ? ARGUMENT_NUMBER
                                                 : ARGUMENT_TEXT;
}

/* The help of the setting, or the row's own, and the default. */
static char *help_of(const argument *row, const demucs_settings_key *key)
{
    const char *help = row->help != NULL ? row->help : key->help;
    if (key->type == DEMUCS_SETTINGS_SWITCH) return memory_text("%s Default: off.", help); /* the flag is not given */
    if (key->initial[0] == '\0') return memory_text("%s Default: %s.", help, key->meaning);
    if (key->meaning != NULL) return memory_text("%s Default is %s: %s.", help, key->initial, key->meaning);
    return memory_text("%s Default is %s.", help, key->initial);
}

void setting_flags_complete(argument *rows, size_t count, size_t target)
{
    for (size_t i = 0; i < count; i++) {
        argument *row = &rows[i];
        const demucs_settings_key *key = row->setting != NULL ? demucs_settings_find_key(row->setting) : NULL;
        if (key == NULL) continue;
        row->kind = kind_of(row, key);
        row->target = target + i * sizeof(const char *);
        row->as_given = true;
        row->help = help_of(row, key);
        if (row->word != NULL) continue;
        row->choices = key->choices;
        row->minimum = key->nearest ? 0 : key->minimum;
        row->maximum = key->nearest ? 0 : key->maximum;
    }
}

void setting_flags_release(argument *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].setting != NULL) free((char *)rows[i].help);
}

arguments_result setting_flags_give(const argument_parser *parser, const char *const *given, demucs_settings *settings)
{
    for (size_t i = 0; i < parser->options_count; i++) {
        const argument *row = &parser->options[i];
        char name[128], where[128];
        demucs_error why;
        if (row->setting == NULL || given[i] == NULL) continue;
        snprintf(where, sizeof where, "--%s", row->long_name);
        if (demucs_settings_set(settings, DEMUCS_SETTINGS_PROGRAM, row->setting, given[i], where, &why) != DEMUCS_OK)
            return arguments_error(parser, "argument %s: %s", arguments_name(name, sizeof name, row), why.message);
    }
    return ARGUMENTS_RUN;
}
