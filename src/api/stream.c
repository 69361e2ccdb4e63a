/* stream.c - demucs_stream */
#include "stream/stream.h"

#include "api/check.h"
#include "base/options.h"
#include "stream/options.h"

#include <math.h>

void demucs_default_stream_options(demucs_stream_options *options, size_t struct_size)
{
    const demucs_stream_options defaults = dmx_stream_defaults();
    dmx_options_give(options, struct_size, &defaults, sizeof defaults);
}

demucs_status demucs_stream_create(demucs_stream **stream, demucs_engine *engine, const demucs_stream_options *options,
                                   demucs_error *error)
{
    dmx_error_clear(error);
    if (stream == NULL) return dmx_null_argument(error, "stream");
    *stream = NULL;
    if (engine == NULL) return dmx_null_argument(error, "engine");
    return dmx_stream_create(stream, engine, options, error);
}

void demucs_stream_free(demucs_stream *stream) { dmx_stream_free(stream); }

size_t demucs_stream_memory_bytes(const demucs_stream *stream) { return stream != NULL ? dmx_stream_bytes(stream) : 0; }

size_t demucs_stream_latency_frames(const demucs_stream *stream)
{
    return stream != NULL ? dmx_stream_latency(stream) : 0;
}

static demucs_status check_loudness(const demucs_stream *s, const demucs_loudness *loudness, demucs_error *error)
{
    if (!s->options.normalize) return DEMUCS_OK;
    if (loudness == NULL) return dmx_null_argument(error, "loudness");
    if (isfinite(loudness->mean) && isfinite(loudness->m2) && loudness->m2 >= 0) return DEMUCS_OK;
    return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                    "The loudness is not one that demucs_loudness_add gathered; start it from all zeros.");
}

demucs_status demucs_stream_begin(demucs_stream *s, size_t total_frames, const demucs_loudness *loudness,
                                  demucs_error *error)
{
    dmx_error_clear(error);
    if (s == NULL) return dmx_null_argument(error, "stream");
    if (s->state != DMX_STREAM_IDLE)
        return dmx_fail(error, DEMUCS_ERROR_STATE, "A track is under way; pull it to its end, or reset the stream.");
    demucs_status status = check_loudness(s, loudness, error);
    if (status != DEMUCS_OK) return status;
    status = dmx_check_frames(total_frames, error);
    if (status != DEMUCS_OK) return status;
    if (!s->options.split && total_frames == 0)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The length of a track must be known when it is not split.");
    return dmx_stream_begin(s, total_frames, loudness, error);
}

demucs_status demucs_stream_push(demucs_stream *s, const float *const *mix, size_t frames, size_t *accepted,
                                 demucs_error *error)
{
    dmx_error_clear(error);
    if (accepted == NULL) return dmx_null_argument(error, "accepted");
    *accepted = 0;
    if (s == NULL) return dmx_null_argument(error, "stream");
    if (s->state != DMX_STREAM_OPEN)
        return dmx_fail(error, DEMUCS_ERROR_STATE,
                        "There is no track to push to: call demucs_stream_begin or demucs_separator_begin first.");
    demucs_status status = dmx_stream_check_cancel(s, error);
    if (status != DEMUCS_OK || frames == 0) return status;
    status = dmx_check_planes(mix, s->engine->model->channels, "mix", error);
    if (status != DEMUCS_OK) return status;
    if (s->total_frames > 0 && frames > s->total_frames - (size_t)s->window.end)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The track is longer than the %zu frames that were announced.",
                        s->total_frames);
    *accepted = dmx_stream_push(s, mix, frames);
    return DEMUCS_OK;
}

demucs_status demucs_stream_finish(demucs_stream *s, demucs_error *error)
{
    dmx_error_clear(error);
    if (s == NULL) return dmx_null_argument(error, "stream");
    if (s->state != DMX_STREAM_OPEN)
        return dmx_fail(error, DEMUCS_ERROR_STATE,
                        "There is no track to finish: call demucs_stream_begin or demucs_separator_begin first.");
    demucs_status status = dmx_stream_check_cancel(s, error);
    if (status != DEMUCS_OK) return status;
    if (s->total_frames > 0 && (size_t)s->window.end != s->total_frames)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The track has %lld frames, but %zu were announced.",
                        (long long)s->window.end, s->total_frames);
    return dmx_stream_finish(s, error);
}

demucs_status demucs_stream_pull(demucs_stream *s, float *const *stems, size_t capacity, size_t *frames, bool *done,
                                 demucs_error *error)
{
    bool ignored;
    dmx_error_clear(error);
    if (frames == NULL) return dmx_null_argument(error, "frames");
    *frames = 0;
    if (done == NULL) done = &ignored;
    *done = false;
    if (s == NULL) return dmx_null_argument(error, "stream");
    if (stems == NULL) return dmx_null_argument(error, "stems");
    if (s->state == DMX_STREAM_IDLE)
        return dmx_fail(error, DEMUCS_ERROR_STATE,
                        "There is no track to pull from: call demucs_stream_begin or demucs_separator_begin first.");
    demucs_status status = dmx_stream_check_cancel(s, error);
    return status == DEMUCS_OK ? dmx_stream_pull(s, stems, capacity, frames, done, error) : status;
}

void demucs_stream_reset(demucs_stream *stream)
{
    if (stream != NULL) dmx_stream_reset(stream);
}

void demucs_stream_cancel(demucs_stream *stream)
{
    if (stream != NULL) dmx_engine_cancel(stream->engine, &stream->client);
}

demucs_status demucs_stream_separate(demucs_stream *s, const float *const *mix, size_t frames, float *const *stems,
                                     demucs_error *error)
{
    dmx_error_clear(error);
    if (s == NULL) return dmx_null_argument(error, "stream");
    if (stems == NULL) return dmx_null_argument(error, "stems");
    if (s->state != DMX_STREAM_IDLE)
        return dmx_fail(error, DEMUCS_ERROR_STATE, "A track is under way; pull it to its end, or reset the stream.");
    if (frames == 0) return DEMUCS_OK;
    demucs_status status = dmx_check_planes(mix, s->engine->model->channels, "mix", error);
    if (status == DEMUCS_OK) status = dmx_check_frames(frames, error);
    if (status != DEMUCS_OK) return status;
    return dmx_stream_separate(s, mix, frames, stems, error);
}
