/* expression.c - see expression.h */
#include "tracks/expression.h"

#include "tracks/names.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MOST_BYTES = 1000, MOST_DIGITS = 15, SHOWN = 160 };
static const double most = 1000, most_db = 60, least_db = -200; /* of a factor */

typedef struct reading {
    const char *text, *at;
    const demucs_model *model; /* or NULL */
    float *weights;            /* [1 + sources]; or NULL */
    demucs_error *error;
} reading;

/* "EXPRESSION" is wrong from "PLACE" on: why. */
static bool wrong(const reading *self, const char *place, const char *format, ...)
{
    char text[SHOWN], rest[SHOWN], why[SHOWN + DMX_NAMES_LIST];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    dmx_printable(text, sizeof text, self->text, strlen(self->text));
    dmx_printable(rest, sizeof rest, place, strlen(place));
    return *place == '\0'
               ? !dmx_fail(self->error, DEMUCS_ERROR_ARGUMENT, "\"%s\" is wrong at its end: %s", text, why)
               : !dmx_fail(self->error, DEMUCS_ERROR_ARGUMENT, "\"%s\" is wrong from \"%s\" on: %s", text, rest, why);
}

static const char *skip_blanks(const char *at) { return at + strspn(at, " \t"); }

static bool is_sign(char c) { return c == '+' || c == '-'; }

/* ------------------------------------------------------------------------------------------------- factors ---- */

/* A number without a sign, with a point whatever the locale. Its digits are few enough for a double to hold them, so
 * the quotient is the nearest to what was written. NULL: there is none; else what follows it. */
static const char *scan_number(const char *at, double *number)
{
    double digits = 0, unit = 1;
    int count = 0;
    bool behind_point = false;
    for (; isdigit((unsigned char)*at) || (*at == '.' && !behind_point); at++) {
        if (*at == '.') {
            behind_point = true;
            continue;
        }
        if (++count > MOST_DIGITS) return NULL;
        digits = digits * 10 + (*at - '0');
        if (behind_point) unit *= 10;
    }
    *number = digits / unit;
    return count > 0 ? at : NULL;
}

/* A factor and its *, if there are such; else 1, for a name may begin like a number.
 *   is_gain  whether it is one in dB without a sign of its own */
static bool read_factor(reading *self, double *factor, bool *is_gain)
{
    const char *place = self->at;
    const bool is_signed = is_sign(*place), minus = *place == '-';
    double number = 1;
    const char *end = scan_number(skip_blanks(place + is_signed), &number);
    *factor = 1;
    *is_gain = false;
    if (end == NULL) return true;
    end = skip_blanks(end);
    const bool decibels = strncasecmp(end, "db", 2) == 0;
    if (decibels) end = skip_blanks(end + 2);
    if (*end != '*') return true;
    if (minus) number = -number;
    if (decibels ? number > most_db || number < least_db : fabs(number) > most)
        return wrong(self, place, "a factor is from -%g to %g, a gain from %g to %g dB", most, most, least_db, most_db);
    *factor = decibels ? pow(10, number / 20) : number;
    *is_gain = decibels && !is_signed;
    self->at = skip_blanks(end + 1);
    return true;
}

/* --------------------------------------------------------------------------------------------------- names ---- */

static void weigh(const reading *self, double factor, int source, demucs_tracks_kind kind)
{
    const float weight = (float)factor;
    if (source < 0 || kind == DEMUCS_TRACKS_REST) self->weights[0] += weight;
    for (int stem = 0; stem < demucs_model_sources(self->model) && source >= 0; stem++) {
        if (stem == source && kind == DEMUCS_TRACKS_STEM) self->weights[1 + stem] += weight;
        if (stem == source && kind == DEMUCS_TRACKS_REST) self->weights[1 + stem] -= weight;
        if (stem != source && kind == DEMUCS_TRACKS_OTHERS) self->weights[1 + stem] += weight;
    }
}

/* Whether a name can end before this character. */
static bool is_end(const char *at) { return *at == '\0' || strchr(" \t+-*", *at) != NULL; }

static bool read_name(reading *self, double factor)
{
    const size_t shortest = strcspn(self->at, " \t+-*");
    if (shortest == 0) return wrong(self, self->at, "the name of a stem is missing");
    if (self->model == NULL) {
        self->at += shortest;
        return true;
    }
    for (size_t length = strlen(self->at); length >= shortest; length--) {
        demucs_tracks_kind kind = DEMUCS_TRACKS_STEM;
        if (!is_end(self->at + length)) continue;
        const int source = dmx_name_find(self->model, self->at, length, &kind);
        if (source < 0 && (length != 3 || memcmp(self->at, "mix", length) != 0)) continue;
        weigh(self, factor, source, kind);
        self->at += length;
        return true;
    }
    char list[DMX_NAMES_LIST];
    return wrong(self, self->at, "the model has no such stem; it has %s, and mix is the track",
                 dmx_name_list(list, self->model));
}

/* ------------------------------------------------------------------------------------------------- the sum ---- */

/* A term behind a sign, or at the front without one. */
static bool read_term(reading *self, bool behind_sign, bool minus)
{
    const char *place = self->at;
    double factor;
    bool is_gain;
    if (!read_factor(self, &factor, &is_gain)) return false;
    if (self->at == place && !behind_sign && is_sign(*place)) {
        self->at = skip_blanks(place + 1);
        return read_term(self, true, *place == '-');
    }
    if (is_gain && minus)
        return wrong(self, place, "behind a minus a gain has a sign of its own, as in - +6dB*vocals or + -6dB*vocals");
    return read_name(self, minus ? -factor : factor);
}

static bool read_sum(reading *self)
{
    self->at = skip_blanks(self->text);
    for (bool behind_sign = false, minus = false;; behind_sign = true) {
        if (!read_term(self, behind_sign, minus)) return false;
        self->at = skip_blanks(self->at);
        if (*self->at == '\0') return true;
        /* without a model a blank may be part of a name, which then goes on */
        if (!is_sign(*self->at) && *self->at != '*' && self->model == NULL) continue;
        if (*self->at == '*') return wrong(self, self->at, "a factor stands before the name, as in 0.5*vocals");
        if (!is_sign(*self->at)) return wrong(self, self->at, "a + or a - is missing");
        minus = *self->at == '-';
        self->at = skip_blanks(self->at + 1);
    }
}

bool dmx_expression_read(const char *text, const demucs_model *model, float *weights, demucs_error *error)
{
    reading self = {.text = text, .model = model, .weights = weights, .error = error};
    if (strlen(text) > MOST_BYTES)
        return wrong(&self, text + MOST_BYTES, "an expression has at most %d characters", MOST_BYTES);
    const int sources = model != NULL ? demucs_model_sources(model) : -1;
    for (int i = 0; i <= sources; i++) weights[i] = 0;
    if (!read_sum(&self)) return false;
    bool empty = model != NULL;
    for (int i = 0; i <= sources; i++) empty = empty && weights[i] == 0;
    return !empty || !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "\"%.160s\" leaves nothing", text);
}
