/* json.c - demucs_quality_json, and the same for others of this library. */
#include "tracks/json.h"

#include "base/alloc.h"
#include "base/error.h"
#include "demucs_quality.h"

static json_t *stem(const void *object, size_t i)
{
    const demucs_quality *quality = object;
    const demucs_quality_stem *s = quality->stems[i];
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:b, s:o}", "name", dmx_json_text(s->name), "rms",
                     dmx_json_number(s->rms), "peak", dmx_json_number(s->peak), "dc", dmx_json_number(s->dc), "clipped",
                     (json_int_t)s->clipped, "silent_share", dmx_json_number(s->silent_share), "silent", s->silent,
                     "leak_db", dmx_json_number(s->leak_db));
}

/* A row of the matrix of correlations. */
typedef struct row {
    const demucs_quality *quality;
    size_t stem;
} row;

static json_t *correlation(const void *object, size_t j)
{
    const row *self = object;
    return dmx_json_number(self->quality->correlation[self->stem * self->quality->stems_count + j]);
}

static json_t *correlations(const void *object, size_t i)
{
    const row self = {object, i};
    return dmx_json_list(correlation, &self, self.quality->stems_count);
}

json_t *dmx_json_outlier(const void *object, size_t i)
{
    const demucs_quality *quality = object;
    const demucs_quality_outlier *o = quality->outliers[i];
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "figure", demucs_quality_figure_name(o->figure), "stem",
                     dmx_json_text(o->stem), "other", dmx_json_text(o->other), "value", dmx_json_number(o->value),
                     "limit", dmx_json_number(o->limit), "text", dmx_json_text(o->text));
}

json_t *dmx_json_quality(const demucs_quality *q, const char *track)
{
    return json_pack("{s:i, s:o, s:i, s:i, s:I, s:o, s:{s:o, s:o}, s:o, s:o, s:o, s:o}", "version", 1, "track",
                     dmx_json_text(track), "channels", q->channels, "sample_rate_hz", q->sample_rate_hz, "frames",
                     (json_int_t)q->frames, "seconds", dmx_json_number(q->seconds), "mix", "rms",
                     dmx_json_number(q->mix_rms), "peak", dmx_json_number(q->mix_peak), "stems",
                     dmx_json_list(stem, q, q->stems_count), "correlation",
                     dmx_json_list(correlations, q, q->stems_count), "residual_db", dmx_json_number(q->residual_db),
                     "outliers", dmx_json_list(dmx_json_outlier, q, q->outliers_count));
}

demucs_status demucs_quality_json(const demucs_quality *quality, const char *track, char **text, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    json_t *json = dmx_json_quality(quality, track);
    *text = json != NULL ? dmx_json_print(json) : NULL;
    if (*text == NULL) dmx_fail(&why, DEMUCS_ERROR_MEMORY, "not enough memory for the figures of a track as JSON");
    json_decref(json);
    if (error != NULL) *error = why;
    return why.status;
}

void demucs_quality_text_free(char *text) { dmx_free(text); }
