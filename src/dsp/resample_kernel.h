/* resample_kernel.h - the filters of a change of sample rate, and their use on a signal that lies in memory.
 *
 * Windowed-sinc interpolation as julius.resample_frac does it (zeros 24, rolloff 0.945). With the rates divided by
 * their greatest common divisor, output sample j = block * to + phase is
 *
 *     y[j] = sum over k of filter[phase][k] * x[block * from + first(phase) + k],      k = 0 .. taps - 1
 *
 * where x goes on for ever with its first and its last sample. Read-only after creation: threads may share it. */
#ifndef DMX_DSP_RESAMPLE_KERNEL_H
#define DMX_DSP_RESAMPLE_KERNEL_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct dmx_resample_kernel {
    int64_t from, to; /* without common divisor */
    size_t taps;      /* a multiple of 8 */
    float *table;     /* [to][taps], or NULL: it would be too large, so filters are computed when they are needed */
} dmx_resample_kernel;

/* Both rates must be 1 .. 768000, and `from_hz` at most 1000 times `to_hz`. Errors: ARGUMENT. */
demucs_status dmx_resample_check_rates(int from_hz, int to_hz, demucs_error *error);

/* For rates that pass the check. Meant for rates that differ: the filter of equal ones is a low-pass, not a copy.
 * Errors: ARGUMENT, MEMORY. Release it in every case. */
demucs_status dmx_resample_kernel_init(dmx_resample_kernel *kernel, int from_hz, int to_hz, demucs_error *error);
void dmx_resample_kernel_release(dmx_resample_kernel *kernel);

/* The first input sample, counted from the start of the block, that this phase uses. Not positive for phase 0. */
int64_t dmx_resample_first(const dmx_resample_kernel *kernel, int64_t phase);

/* The filter of a phase, [taps]: in the table, or computed into `scratch` [taps] where there is none. */
const float *dmx_resample_filter(const dmx_resample_kernel *kernel, int64_t phase, float *scratch);

/* The sum of products of two arrays of `taps` numbers, always in the same order. */
float dmx_resample_dot(const float *filter, const float *x, size_t taps);

/* floor(frames * to / from): the length of the resampled signal. */
uint64_t dmx_resample_length(const dmx_resample_kernel *kernel, uint64_t frames);

/* Samples [first, first + count) of the resampled signal; any cutting gives the same bits.
 *   x        [frames], at least 1
 *   y        [count]
 *   scratch  2 * taps floats */
void dmx_resample_range(const dmx_resample_kernel *kernel, const float *x, size_t frames, float *y, size_t first,
                        size_t count, float *scratch);

#endif
