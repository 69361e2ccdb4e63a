/* fft_passes.h - the butterflies of the complex FFT; see fft_passes.c. Internal to fft.c. */
#ifndef DMX_DSP_FFT_PASSES_H
#define DMX_DSP_FFT_PASSES_H

#include <stddef.h>

/* One pass: it splits `stride` interleaved transforms of length radix * columns into stride * radix of length columns.
 * The product of the three is the length of the whole. */
typedef struct dmx_fft_pass {
    int radix; /* 2, 3, 4, 5 or 8 */
    size_t columns;
    size_t stride;
    float *twiddle_re; /* [radix][columns] cos(2 pi k p / (radix * columns)) */
    float *twiddle_im; /* [radix][columns] -sin of the same */
} dmx_fft_pass;

/* Run one pass from (xr, xi) to (yr, yi), each [radix * columns * stride]; the four do not overlap. */
void dmx_fft_pass_run(const dmx_fft_pass *pass, const float *xr, const float *xi, float *yr, float *yi);

#endif
