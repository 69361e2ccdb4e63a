/* json.c - demucs_quality_json; the only place in tracks/ that knows the JSON library. */
#include "base/alloc.h"
#include "base/error.h"
#include "demucs_quality.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/* JSON has no NaN. */
static json_t *number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

/* A text of foreign origin; NULL becomes null. Bytes that are no UTF-8 become '?': JSON has no others. */
static json_t *text_of(const char *text)
{
    if (text == NULL) return json_null();
    char *copy = dmx_strdup(text);
    if (copy == NULL) return NULL;
    dmx_make_printable(copy, '?');
    json_t *json = json_string(copy);
    dmx_free(copy);
    return json;
}

/* An array of `count` values that `make` gives, or NULL without memory. */
static json_t *list(json_t *(*make)(const demucs_quality *, size_t), const demucs_quality *quality, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < count; i++) {
        if (json_array_append_new(array, make(quality, i)) == 0) continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

static json_t *stem(const demucs_quality *quality, size_t i)
{
    const demucs_quality_stem *s = quality->stems[i];
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:b, s:o}", "name", text_of(s->name), "rms", number(s->rms),
                     "peak", number(s->peak), "dc", number(s->dc), "clipped", (json_int_t)s->clipped, "silent_share",
                     number(s->silent_share), "silent", s->silent, "leak_db", number(s->leak_db));
}

static json_t *correlations(const demucs_quality *quality, size_t i)
{
    json_t *row = json_array();
    for (size_t j = 0; row != NULL && j < quality->stems_count; j++) {
        if (json_array_append_new(row, number(quality->correlation[i * quality->stems_count + j])) == 0) continue;
        json_decref(row);
        row = NULL;
    }
    return row;
}

static json_t *outlier(const demucs_quality *quality, size_t i)
{
    const demucs_quality_outlier *o = quality->outliers[i];
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "figure", demucs_quality_figure_name(o->figure), "stem",
                     text_of(o->stem), "other", text_of(o->other), "value", number(o->value), "limit", number(o->limit),
                     "text", text_of(o->text));
}

static json_t *whole(const demucs_quality *q, const char *track)
{
    return json_pack("{s:i, s:o, s:i, s:i, s:I, s:o, s:{s:o, s:o}, s:o, s:o, s:o, s:o}", "version", 1, "track",
                     text_of(track), "channels", q->channels, "sample_rate_hz", q->sample_rate_hz, "frames",
                     (json_int_t)q->frames, "seconds", number(q->seconds), "mix", "rms", number(q->mix_rms), "peak",
                     number(q->mix_peak), "stems", list(stem, q, q->stems_count), "correlation",
                     list(correlations, q, q->stems_count), "residual_db", number(q->residual_db), "outliers",
                     list(outlier, q, q->outliers_count));
}

/* A json_dump_callback_t that copies; text comes in pieces. */
typedef struct copy {
    char *text;
    size_t length;
} copy;

static int append(const char *piece, size_t length, void *user)
{
    copy *self = user;
    char *grown = dmx_realloc(self->text, self->length, self->length + length + 1, 1);
    if (grown == NULL) return -1;
    memcpy(grown + self->length, piece, length);
    self->text = grown;
    self->length += length;
    return 0;
}

demucs_status demucs_quality_json(const demucs_quality *quality, const char *track, char **text, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    copy out = {NULL, 0};
    json_t *json = whole(quality, track);
    *text = NULL;
    if (json != NULL && json_dump_callback(json, append, &out, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0) {
        *text = out.text;
    } else {
        dmx_free(out.text);
        dmx_fail(&why, DEMUCS_ERROR_MEMORY, "not enough memory for the figures of a track as JSON");
    }
    json_decref(json);
    if (error != NULL) *error = why;
    return why.status;
}

void demucs_quality_text_free(char *text) { dmx_free(text); }
