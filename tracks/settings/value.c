/* value.c - see value.h */
#include "tracks/settings/value.h"

#include "base/alloc.h"
#include "base/size.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHOWN_VALUE = 120 };

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the settings");
}

static bool wrong(const demucs_settings_key *key, const char *text, const char *should, demucs_error *error)
{
    char shown[SHOWN_VALUE];
    dmx_printable(shown, sizeof shown, text, strlen(text));
    return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%s is '%s', but should be %s", key->name, shown, should);
}

/* --------------------------------------------------------------------------------------------------- numbers ---- */

static bool out_of_range(const demucs_settings_key *key, const char *text, const char *what, demucs_error *error)
{
    char should[120];
    if (key->minimum == 0 && key->maximum == 0)
        snprintf(should, sizeof should, "%s", what);
    else
        snprintf(should, sizeof should, "%s from %.15g to %.15g", what, key->minimum, key->maximum);
    return wrong(key, text, should, error);
}

static bool is_bounded(const demucs_settings_key *key) { return key->minimum != 0 || key->maximum != 0; }

static bool read_integer(dmx_settings_value *value, const demucs_settings_key *key, const char *text,
                         demucs_error *error)
{
    char *end;
    errno = 0;
    value->integer = strtoll(text, &end, 10);
    bool fits = end != text && *end == '\0' && text[0] != ' ' && (errno == 0 || key->nearest);
    if (fits && is_bounded(key)) {
        const bool low = (double)value->integer<key->minimum, high = (double)value->integer> key->maximum;
        fits = key->nearest || (!low && !high);
        if (low || high) value->integer = (long long)(low ? key->minimum : key->maximum);
    }
    if (!fits) return out_of_range(key, text, "a whole number", error);
    char plain[24];
    snprintf(plain, sizeof plain, "%lld", value->integer);
    value->text = dmx_strdup(plain);
    return value->text != NULL || no_memory(error);
}

/* strtod sees the point of the locale of the program around us. */
static bool parse_number(const char *text, double *number)
{
    char local[80], *end;
    if (text[0] == '\0' || strlen(text) > 60 || strspn(text, "0123456789.eE+-") != strlen(text)) return false;
    const size_t whole = strcspn(text, ".");
    snprintf(local, sizeof local, "%.*s%s%s", (int)whole, text, text[whole] == '.' ? localeconv()->decimal_point : "",
             text + whole + (text[whole] == '.'));
    *number = strtod(local, &end);
    return end != local && *end == '\0';
}

static bool read_number(dmx_settings_value *value, const demucs_settings_key *key, const char *text,
                        demucs_error *error)
{
    if (!parse_number(text, &value->number) ||
        (is_bounded(key) && !(value->number >= key->minimum && value->number <= key->maximum)))
        return out_of_range(key, text, "a number", error);
    value->text = dmx_strdup(text);
    return value->text != NULL || no_memory(error);
}

static bool read_size(dmx_settings_value *value, const demucs_settings_key *key, const char *text, demucs_error *error)
{
    uint64_t bytes;
    if (!dmx_size_parse(text, &bytes)) return wrong(key, text, "a size, such as 500M, 20GB or 1.5T", error);
    value->integer = (long long)bytes;
    value->text = dmx_strdup(text);
    return value->text != NULL || no_memory(error);
}

/* ----------------------------------------------------------------------------------------------------- words ---- */

static bool read_switch(dmx_settings_value *value, const demucs_settings_key *key, const char *text,
                        demucs_error *error)
{
    static const char *const words[][2] = {{"off", "on"}, {"no", "yes"}, {"false", "true"}, {"0", "1"}};
    for (int i = 0; i < 8; i++) {
        if (strcasecmp(words[i / 2][i % 2], text) != 0) continue;
        value->on = i % 2 == 1;
        value->text = dmx_strdup(words[0][i % 2]);
        return value->text != NULL || no_memory(error);
    }
    return wrong(key, text, "on or off", error);
}

/* The number of the choice that `text` is, or -1. */
static int find_choice(const char *choices, const char *text)
{
    int number = 0;
    for (const char *at = choices; *at != '\0'; number++) {
        const size_t size = strcspn(at, ",");
        if (size == strlen(text) && strncmp(at, text, size) == 0) return number;
        at += size;
        at += strspn(at, ", ");
    }
    return -1;
}

/* Cut the blanks off both ends of a word, in place. */
static char *trim(char *word)
{
    word += strspn(word, " \t");
    for (size_t length = strlen(word); length > 0 && strchr(" \t", word[length - 1]) != NULL; length--)
        word[length - 1] = '\0';
    return word;
}

/* "a, b": the words lie in one copy of the text, behind the pointers to them; value->text is put together again. */
static bool read_list(dmx_settings_value *value, const demucs_settings_key *key, const char *text, demucs_error *error)
{
    const size_t length = strlen(text), most = length / 2 + 1;
    value->text = dmx_alloc(2 * length + 1, 1);
    value->list = dmx_alloc(1, most * sizeof *value->list + length + 1);
    if (value->text == NULL || value->list == NULL) return no_memory(error);
    char *at = memcpy(value->list + most, text, length + 1);
    for (bool last = false; !last;) {
        char *end = at + strcspn(at, ",");
        last = *end == '\0';
        *end = '\0';
        const char *word = trim(at);
        if (word[0] == '\0') return wrong(key, text, "names with commas between them", error);
        strcat(strcat(value->text, value->list_count > 0 ? ", " : ""), word);
        value->list[value->list_count++] = word;
        at = end + 1;
    }
    return true;
}

static bool read_text(dmx_settings_value *value, const char *text, demucs_error *error)
{
    value->text = dmx_strdup(text);
    return value->text != NULL || no_memory(error);
}

static bool read_by_type(dmx_settings_value *value, const demucs_settings_key *key, const char *text,
                         demucs_error *error)
{
    if (text[0] == '\0' && key->initial[0] == '\0') return read_text(value, text, error);
    switch (key->type) {
    case DEMUCS_SETTINGS_INTEGER: return read_integer(value, key, text, error);
    case DEMUCS_SETTINGS_NUMBER: return read_number(value, key, text, error);
    case DEMUCS_SETTINGS_SWITCH: return read_switch(value, key, text, error);
    case DEMUCS_SETTINGS_LIST: return read_list(value, key, text, error);
    case DEMUCS_SETTINGS_SIZE: return read_size(value, key, text, error);
    default: return read_text(value, text, error);
    }
}

bool dmx_settings_value_read(dmx_settings_value *value, const demucs_settings_key *key, const char *text,
                             demucs_error *error)
{
    *value = (dmx_settings_value){.text = NULL};
    bool done = read_by_type(value, key, text, error);
    if (done && key->choices != NULL) {
        char should[160];
        value->choice = find_choice(key->choices, value->text);
        snprintf(should, sizeof should, "one of %s", key->choices);
        done = value->choice >= 0 || wrong(key, text, should, error);
    }
    if (!done) dmx_settings_value_clear(value);
    return done;
}

void dmx_settings_value_clear(dmx_settings_value *value)
{
    dmx_free(value->text);
    dmx_free(value->list);
    dmx_free(value->where);
    *value = (dmx_settings_value){.text = NULL};
}
