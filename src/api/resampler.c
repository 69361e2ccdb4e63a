/* resampler.c - demucs_resampler */
#include "dsp/resampler.h"

#include "api/check.h"

demucs_status demucs_resampler_create(demucs_resampler **resampler, int from_hz, int to_hz, int channels,
                                      demucs_error *error)
{
    dmx_error_clear(error);
    if (resampler == NULL) return dmx_null_argument(error, "resampler");
    *resampler = NULL;
    if (channels < 1 || channels > DMX_RESAMPLER_MAX_CHANNELS)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "cannot resample %d channels: 1 to %d are supported", channels,
                        DMX_RESAMPLER_MAX_CHANNELS);
    demucs_status status = dmx_resample_check_rates(from_hz, to_hz, error);
    return status == DEMUCS_OK ? dmx_resampler_create(resampler, from_hz, to_hz, channels, error) : status;
}

void demucs_resampler_free(demucs_resampler *resampler) { dmx_resampler_free(resampler); }

uint64_t demucs_resampled_frames(uint64_t frames, int from_hz, int to_hz)
{
    return from_hz > 0 && to_hz > 0 ? dmx_resampled_frames(frames, from_hz, to_hz) : 0;
}

demucs_status demucs_resampler_push(demucs_resampler *r, const float *const *input, size_t frames, size_t *accepted,
                                    demucs_error *error)
{
    dmx_error_clear(error);
    if (accepted == NULL) return dmx_null_argument(error, "accepted");
    *accepted = 0;
    if (r == NULL) return dmx_null_argument(error, "resampler");
    demucs_status status = frames > 0 ? dmx_check_planes(input, r->channels, "input", error) : DEMUCS_OK;
    if (status != DEMUCS_OK) return status;
    if (r->finished)
        return dmx_fail(error, DEMUCS_ERROR_STATE,
                        "demucs_resampler_push after demucs_resampler_finish: pull the rest of that track first");
    if (frames > 0) *accepted = dmx_resampler_push(r, input, frames);
    return DEMUCS_OK;
}

demucs_status demucs_resampler_finish(demucs_resampler *r, demucs_error *error)
{
    dmx_error_clear(error);
    if (r == NULL) return dmx_null_argument(error, "resampler");
    if (r->finished) return dmx_fail(error, DEMUCS_ERROR_STATE, "demucs_resampler_finish was called twice");
    r->finished = true;
    return DEMUCS_OK;
}

demucs_status demucs_resampler_pull(demucs_resampler *r, float *const *output, size_t capacity, size_t *frames,
                                    demucs_error *error)
{
    dmx_error_clear(error);
    if (frames == NULL) return dmx_null_argument(error, "frames");
    *frames = 0;
    if (r == NULL) return dmx_null_argument(error, "resampler");
    if (capacity == 0) return DEMUCS_OK;
    demucs_status status = dmx_check_planes((const float *const *)output, r->channels, "output", error);
    if (status == DEMUCS_OK) *frames = dmx_resampler_pull(r, output, capacity);
    return status;
}
