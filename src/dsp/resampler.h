/* resampler.h - what a demucs_resampler is: a change of sample rate piece by piece (resample.c). */
#ifndef DMX_DSP_RESAMPLER_H
#define DMX_DSP_RESAMPLER_H

#include "dsp/resample_kernel.h"

#include <stdbool.h>

enum { DMX_RESAMPLER_MAX_CHANNELS = 64 };

struct demucs_resampler {
    int channels;
    bool same_rate; /* copy */
    dmx_resample_kernel kernel;
    float *filter; /* [taps] scratch for kernels without a table */

    float *buffer;     /* [channels][capacity] */
    size_t capacity;   /* frames */
    int64_t base;      /* index, in the input, of the first frame held; negative in the repeated first sample */
    size_t held;       /* frames */
    uint64_t pushed;   /* frames of input so far */
    uint64_t produced; /* frames of output so far */
    bool finished;
};

/* For rates that dmx_resample_check_rates lets pass. Errors: MEMORY. */
demucs_status dmx_resampler_create(demucs_resampler **resampler, int from_hz, int to_hz, int channels,
                                   demucs_error *error);
void dmx_resampler_free(demucs_resampler *resampler);

/* floor(frames * to / from) */
uint64_t dmx_resampled_frames(uint64_t frames, int from_hz, int to_hz);

/* As the public functions; `frames` and `capacity` are at least 1. */
size_t dmx_resampler_push(demucs_resampler *resampler, const float *const *input, size_t frames);
size_t dmx_resampler_pull(demucs_resampler *resampler, float *const *output, size_t capacity);

#endif
