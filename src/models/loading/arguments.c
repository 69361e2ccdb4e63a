/* arguments.c - see arguments.h */
#include "models/loading/arguments.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double longest_segment_seconds = 3600;

static demucs_status note(dmx_arguments *a, demucs_status status, const char *sentence)
{
    if (!a->failed) dmx_fail(a->error, status, "%s: %s", a->checkpoint->path, sentence);
    a->failed = true;
    return status;
}

void dmx_arguments_fail(dmx_arguments *a, const char *what) { note(a, DEMUCS_ERROR_FORMAT, what); }

void dmx_arguments_refuse(dmx_arguments *a, const char *name, const char *why)
{
    char sentence[256];
    snprintf(sentence, sizeof sentence, "the model argument %s cannot be honoured by this version (%s).", name, why);
    note(a, DEMUCS_ERROR_UNSUPPORTED, sentence);
}

static void wrong(dmx_arguments *a, const char *name, const char *should)
{
    char sentence[256];
    snprintf(sentence, sizeof sentence, "the model argument %s should be %s.", name, should);
    note(a, DEMUCS_ERROR_FORMAT, sentence);
}

static int position_of(const dmx_arguments *a, const char *name)
{
    for (int i = 0; a->names[i] != NULL; i++)
        if (strcmp(a->names[i], name) == 0) return i;
    return -1;
}

void dmx_arguments_begin(dmx_arguments *a, const dmx_checkpoint *checkpoint, const char *const *names,
                         dmx_warnings *warnings, demucs_error *error)
{
    *a = (dmx_arguments){.checkpoint = checkpoint, .names = names, .error = error};
    size_t known = 0;
    while (names[known] != NULL) known++;
    if (checkpoint->args.count > known) dmx_arguments_fail(a, "the model has more arguments than its class takes.");
    for (size_t i = 0; i < checkpoint->kwargs.count; i++) {
        const char *key = checkpoint->kwargs.keys[i];
        int position = position_of(a, key);
        if (position >= 0 && (size_t)position < checkpoint->args.count) wrong(a, names[position], "given only once");
        if (position >= 0) continue;
        char name[64];
        dmx_printable(name, sizeof name, key, strlen(key));
        dmx_warnings_add(warnings, "%s: dropping inexistant parameter %s.", checkpoint->path, name);
    }
}

const dmx_value *dmx_arguments_value(const dmx_arguments *a, const char *name)
{
    int position = position_of(a, name);
    if (position >= 0 && (size_t)position < a->checkpoint->args.count) return &a->checkpoint->args.items[position];
    return dmx_value_get(&a->checkpoint->kwargs, name);
}

bool dmx_arguments_given(const dmx_arguments *a, const char *name)
{
    const dmx_value *value = dmx_arguments_value(a, name);
    return value != NULL && value->kind != DMX_VALUE_NONE;
}

double dmx_arguments_number(dmx_arguments *a, const char *name, double missing, double low, double high)
{
    const dmx_value *value = dmx_arguments_value(a, name);
    if (value == NULL || a->failed) return missing;
    double number;
    if (dmx_value_to_double(value, &number) && number >= low && number <= high) return number;
    char should[96];
    snprintf(should, sizeof should, "a number from %g to %g", low, high);
    wrong(a, name, should);
    return missing;
}

int dmx_arguments_int(dmx_arguments *a, const char *name, int missing, int low, int high)
{
    double number = dmx_arguments_number(a, name, missing, low, high);
    if (number == floor(number)) return (int)number;
    wrong(a, name, "a whole number");
    return missing;
}

bool dmx_arguments_bool(dmx_arguments *a, const char *name, bool missing)
{
    const dmx_value *value = dmx_arguments_value(a, name);
    if (value == NULL || a->failed) return missing;
    double number;
    if (value->kind == DMX_VALUE_NONE) return false;
    if (dmx_value_to_double(value, &number) && isfinite(number)) return number != 0;
    wrong(a, name, "true or false");
    return missing;
}

int dmx_arguments_choice(dmx_arguments *a, const char *name, int missing, const char *const *choices)
{
    const dmx_value *value = dmx_arguments_value(a, name);
    if (value == NULL || a->failed) return missing;
    if (value->kind == DMX_VALUE_STRING)
        for (int i = 0; choices[i] != NULL; i++)
            if (strcmp(value->text, choices[i]) == 0) return i;
    char should[128] = "one of ";
    for (int i = 0; choices[i] != NULL; i++) {
        size_t used = strlen(should);
        snprintf(should + used, sizeof should - used, "%s%s", i > 0 ? ", " : "", choices[i]);
    }
    wrong(a, name, should);
    return missing;
}

/* A stem becomes part of a file name: no separators, nothing invisible, no "." or "..". Bytes beyond ASCII are let
 * through (UTF-8 names are fine). */
static bool is_source_name(const dmx_value *value)
{
    if (value->kind != DMX_VALUE_STRING || value->text_length == 0 || value->text_length > 64) return false;
    if (strlen(value->text) != value->text_length || value->text[0] == '.') return false;
    for (const unsigned char *c = (const unsigned char *)value->text; *c; c++)
        if (*c < 0x20 || *c == 0x7f || *c == '/' || *c == '\\') return false;
    return true;
}

void dmx_arguments_sources(dmx_arguments *a, dmx_network *network)
{
    static const char should[] = "a list of 1 to 64 different stem names";
    const dmx_value *list = dmx_arguments_value(a, "sources");
    if (a->failed) return;
    if (list == NULL || list->kind != DMX_VALUE_LIST || list->count < 1 || list->count > DMX_MAX_SOURCES) {
        wrong(a, "sources", should);
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        const dmx_value *name = &list->items[i];
        bool twice = false;
        for (int j = 0; j < network->source_count && is_source_name(name); j++)
            twice = twice || strcmp(network->sources[j], name->text) == 0;
        if (twice || !is_source_name(name)) {
            wrong(a, "sources", should);
            return;
        }
        network->sources[i] = dmx_strdup(name->text);
        if (network->sources[i] == NULL) {
            note(a, DEMUCS_ERROR_MEMORY, "out of memory while loading the model.");
            return;
        }
        network->source_count++;
    }
}

void dmx_arguments_segment(dmx_arguments *a, double missing, dmx_network *network)
{
    const dmx_value *value = dmx_arguments_value(a, "segment");
    double seconds = dmx_arguments_number(a, "segment", missing, 0, longest_segment_seconds);
    if (a->failed) return;
    network->segment.seconds = seconds;
    if (value != NULL && value->kind == DMX_VALUE_FRACTION) {
        network->segment.numerator = value->integer;
        network->segment.denominator = value->denominator;
    }
    if (dmx_segment_frames(network->segment, network->sample_rate_hz) < 1)
        wrong(a, "segment", "long enough for one sample");
}
