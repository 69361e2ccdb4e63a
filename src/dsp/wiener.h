/* wiener.h - from magnitudes to complex spectrograms: _mask and _wiener of the official models that predict magnitudes
 * (cac=False), after Open-Unmix.
 *
 * The first estimate of a source is its magnitude with the phase of the mix. Then, `iterations` times: see what power
 * each source has at each place and how it is spread over the channels (a covariance matrix for each bin, averaged over
 * time), and share the mix out accordingly (a multichannel Wiener filter). This works in windows of
 * DMX_WIENER_WINDOW_STEPS steps, each on its own.
 *
 * After one number for each window (dmx_wiener_scale) all bins are independent: the caller may spread windows and bins
 * over threads in any way, to the same bits. Whole multiples of DMX_WIENER_BINS bins a call are quickest. Storage is
 * float, what is sensitive to rounding is computed in double. */
#ifndef DMX_DSP_WIENER_H
#define DMX_DSP_WIENER_H

#include "kernels/kernels.h"

#include <stdbool.h>
#include <stddef.h>

#define DMX_WIENER_WINDOW_STEPS 300

typedef struct dmx_wiener {
    const dmx_kernels *kernels;
    size_t steps, bins;
    int channels; /* 1 to 16 when iterations <= 0, else 1 or 2 */
    int sources;
    int iterations; /* 0: first estimates only; negative: the same, but silence stays silence (see wiener.c) */
    bool residual;  /* one more source takes part, the mix minus all others, and is dropped at the end */
    bool softmask;  /* first estimates share the mix out in proportion to the magnitudes */

    const float *mix;       /* [steps][bins][channels][2] */
    const float *magnitude; /* [steps][bins][sources][channels] */
    float *out;             /* [steps][bins][sources][channels][2], apart from the others */
    size_t mix_step_stride, magnitude_step_stride, out_step_stride; /* floats from one step to the next */
} dmx_wiener;

/* How many windows, the last one shorter; 0 for no steps. */
size_t dmx_wiener_windows(size_t steps);

/* The scale of a window, at least 1: a tenth of the largest magnitude of the mix in it. */
double dmx_wiener_scale(const dmx_wiener *wiener, size_t window);

/* Doubles of scratch for one call of dmx_wiener_run. */
size_t dmx_wiener_scratch(const dmx_wiener *wiener);

/* Bins [first_bin, first_bin + bins) of a window, whose scale is given. */
void dmx_wiener_run(const dmx_wiener *wiener, size_t window, double scale, size_t first_bin, size_t bins,
                    double *scratch);

#endif
