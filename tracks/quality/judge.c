/* judge.c - limits, and what lies beyond them in words that a musician understands. The defaults are explained, with
 * what real music measured, in docs/quality.md. */
#include "base/alloc.h"
#include "base/options.h"
#include "demucs_quality.h"
#include "tracks/quality/figures.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    double limit;
} figures[DEMUCS_QUALITY_FIGURES] = {
    [DEMUCS_QUALITY_CLIPPING] = {"clipping", 0.001},
    [DEMUCS_QUALITY_SILENCE] = {"silence", 1},
    [DEMUCS_QUALITY_DC] = {"dc", 0.003},
    [DEMUCS_QUALITY_CORRELATION] = {"correlation", 0.3},
    [DEMUCS_QUALITY_RESIDUAL] = {"residual", -20},
    [DEMUCS_QUALITY_LEAK] = {"leak", -15},
};

const char *demucs_quality_figure_name(demucs_quality_figure figure)
{
    return (unsigned)figure < DEMUCS_QUALITY_FIGURES ? figures[figure].name : NULL;
}

/* --------------------------------------------------------------------------------------------------- options ---- */

static demucs_quality_options defaults(void)
{
    demucs_quality_options options = {.struct_size = sizeof options};
    for (int i = 0; i < DEMUCS_QUALITY_FIGURES; i++) options.limits[i] = figures[i].limit;
    return options;
}

void demucs_quality_options_init(demucs_quality_options *options, size_t struct_size)
{
    const demucs_quality_options all = defaults();
    dmx_options_give(options, struct_size, &all, sizeof all);
}

bool dmx_quality_options_read(demucs_quality_options *options, const demucs_quality_options *given, demucs_error *error)
{
    *options = defaults();
    if (given == NULL) return true;
    if (!dmx_options_take(options, sizeof *options, given, given->struct_size))
        return !dmx_options_unknown("demucs_quality_options_init", error);
    for (int i = 0; i < DEMUCS_QUALITY_FIGURES; i++)
        if (isnan(options->limits[i]))
            return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the limit of %s is no number", figures[i].name);
    return true;
}

demucs_status demucs_quality_options_check(const demucs_quality_options *options, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    demucs_quality_options read;
    dmx_quality_options_read(&read, options, &why);
    if (error != NULL) *error = why;
    return why.status;
}

/* A number with a decimal point, whatever the locale of the process makes of it. */
static bool parse_number(const char *text, size_t length, double *number)
{
    char copy[64], *end;
    if (length == 3 && strncmp(text, "off", 3) == 0) {
        *number = INFINITY;
        return true;
    }
    if (length == 0 || length >= sizeof copy || strspn(text, "+-.0123456789eE") < length) return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    char *point = strchr(copy, '.');
    if (point != NULL) *point = localeconv()->decimal_point[0];
    *number = strtod(copy, &end);
    return *end == '\0' && isfinite(*number);
}

static bool parse_one(double *limits, const char *text, size_t length, demucs_error *error)
{
    const char *sign = memchr(text, '=', length);
    const size_t name = sign != NULL ? (size_t)(sign - text) : length;
    int figure = 0;
    while (figure < DEMUCS_QUALITY_FIGURES &&
           (strlen(figures[figure].name) != name || strncmp(figures[figure].name, text, name) != 0))
        figure++;
    if (figure == DEMUCS_QUALITY_FIGURES)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                         "\"%.*s\" is no figure; there are clipping, silence, dc, correlation, residual and leak",
                         (int)(name < 40 ? name : 40), text);
    const size_t rest = length - name - (sign != NULL);
    return (sign != NULL && parse_number(sign + 1, rest, &limits[figure])) ||
           !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the limit of %s should be a number or \"off\", as in %s=%g",
                     figures[figure].name, figures[figure].name, figures[figure].limit);
}

demucs_status demucs_quality_options_parse(demucs_quality_options *options, const char *text, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    demucs_quality_options read;
    bool good = dmx_quality_options_read(&read, options, &why);
    while (good && *text != '\0') {
        const size_t length = strcspn(text, ",");
        good = parse_one(read.limits, text, length, &why);
        text += length + (text[length] == ',');
    }
    if (good) memcpy(options, &read, options->struct_size);
    if (error != NULL) *error = why;
    return why.status;
}

/* ------------------------------------------------------------------------------------------------- judgement ---- */

/* Add an outlier, if the value is above its limit. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
static void
judge(dmx_figures *self, const demucs_quality_options *options, demucs_quality_outlier about, const char *format, ...)
{
    about.limit = options->limits[about.figure];
    if (!(about.value > about.limit)) return; /* nor is NaN */
    const size_t number = self->shown.outliers_count++;
    char *text = self->texts[number];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, DMX_QUALITY_TEXT, format, arguments);
    va_end(arguments);
    dmx_make_printable(text, '?');
    about.text = text;
    self->outliers[number] = about;
}

/* "only 12.0 dB quieter than", "even 3.0 dB louder than" */
static const char *distance(char out[40], double db)
{
    snprintf(out, 40, db > 0 ? "even %.1f dB louder than" : "only %.1f dB quieter than", fabs(db));
    return out;
}

static void judge_stem(dmx_figures *self, const demucs_quality_options *options, const demucs_quality_stem *stem)
{
    const double samples = (double)self->shown.frames * self->shown.channels;
    char side[40];
    const double clipped = samples > 0 ? (double)stem->clipped / samples : 0;
    demucs_quality_outlier about = {.figure = DEMUCS_QUALITY_CLIPPING, .stem = stem->name, .value = clipped};
    judge(
        self, options, about,
        "%.60s: %.2g %% of its samples are beyond full scale, so that a file of integers is turned down or cut off; a "
        "quieter track avoids that.",
        stem->name, 100 * clipped);
    about = (demucs_quality_outlier){.figure = DEMUCS_QUALITY_SILENCE, .stem = stem->name, .value = stem->silent_share};
    judge(self, options, about, "%.60s: silent for %.1f %% of the time; the track may have none.", stem->name,
          100 * stem->silent_share);
    about = (demucs_quality_outlier){.figure = DEMUCS_QUALITY_DC, .stem = stem->name, .value = fabs(stem->dc)};
    judge(self, options, about,
          "%.60s: its waveform does not swing about zero but about %.3g of full scale (DC); a low-cut filter mends "
          "that.",
          stem->name, stem->dc);
    about = (demucs_quality_outlier){.figure = DEMUCS_QUALITY_LEAK, .stem = stem->name, .value = stem->leak_db};
    judge(self, options, about, "What is left of %.60s in the rest of the track is %s %.60s.", stem->name,
          distance(side, stem->leak_db), stem->name);
}

/* Room was made for all outliers that there could be, and a run keeps the figures of all its tracks: move those that
 * there are into one block without a gap. Without memory for it they stay where they are. */
static void shrink(dmx_figures *self)
{
    const size_t count = self->shown.outliers_count;
    size_t bytes = count * (sizeof *self->outliers + sizeof *self->outlier_list);
    for (size_t i = 0; i < count; i++) bytes += strlen(self->outliers[i].text) + 1;
    demucs_quality_outlier *outliers = dmx_alloc(bytes, 1);
    if (outliers == NULL) return;
    const demucs_quality_outlier **list = (const demucs_quality_outlier **)(outliers + count);
    char *text = (char *)(list + count);
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(self->outliers[i].text) + 1;
        outliers[i] = self->outliers[i];
        outliers[i].text = memcpy(text, self->outliers[i].text, length);
        list[i] = &outliers[i];
        text += length;
    }
    dmx_free(self->outliers);
    dmx_free(self->outlier_list);
    dmx_free(self->texts);
    self->outliers = outliers;
    self->outlier_list = NULL;
    self->texts = NULL;
    self->shown.outliers = list;
}

void dmx_figures_judge(dmx_figures *self, const demucs_quality_options *options)
{
    const size_t stems = self->shown.stems_count;
    for (size_t i = 0; i < stems; i++) judge_stem(self, options, &self->stems[i]);
    for (size_t i = 0; i < stems; i++)
        for (size_t j = i + 1; j < stems; j++) {
            const double r = self->correlation[i * stems + j];
            const char *one = self->stems[i].name, *two = self->stems[j].name;
            judge(self, options,
                  (demucs_quality_outlier){DEMUCS_QUALITY_CORRELATION, one, two, .value = fabs(r), .text = NULL},
                  "%.60s and %.60s sound alike (correlation %.2f): the same sound is in both.", one, two, r);
        }
    const double residual = self->shown.residual_db;
    char side[40];
    judge(self, options, (demucs_quality_outlier){.figure = DEMUCS_QUALITY_RESIDUAL, .value = residual},
          "The stems do not add up to the track: what they miss, or have too much, is %s it.",
          distance(side, residual));
    shrink(self);
}
