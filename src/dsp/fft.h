/* fft.h - discrete Fourier transform of real signals, in float.
 *
 * Any length without large prime factors; it is fast where they are 2, 3 and 5 only. Spectra are split: one array of
 * real parts, one of imaginary parts, bins 0 .. length / 2 (both ends included); the rest is their mirror image.
 * Nothing is normalised: inverse(forward(x)) = length * x.
 *
 * A plan is read-only after its creation: threads may share it. The caller brings the scratch memory. */
#ifndef DMX_DSP_FFT_H
#define DMX_DSP_FFT_H

#include "kernels/kernels.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct dmx_fft dmx_fft;

/* Prime factors above 5 take steps of their own number for each sample: larger ones than this would take too long. */
enum { DMX_FFT_MAX_PRIME = 1000 };

/* Whether this length is at least 1, below 2^28, and has no prime factor above that. */
bool dmx_fft_length_ok(size_t length);

/* NULL when the length is not ok or there is no memory. Free with dmx_fft_free (NULL is fine). */
dmx_fft *dmx_fft_create(size_t length);
void dmx_fft_free(dmx_fft *fft);

/* Floats of scratch that one call of the functions below needs. */
size_t dmx_fft_scratch(const dmx_fft *fft);

/* re[k] + i im[k] = sum over n of x[n] exp(-2 pi i k n / length).
 *   x       [length]
 *   re, im  [length / 2 + 1]; may not overlap x */
void dmx_fft_forward(const dmx_fft *fft, const dmx_kernels *kernels, const float *x, float *re, float *im,
                     float *scratch);

/* x[n] = sum over all `length` bins k of (re[k] + i im[k]) exp(2 pi i k n / length). The imaginary parts of bin 0 and,
 * for an even length, of bin length / 2 are taken as zero, as numpy and torch do. Shapes as above. */
void dmx_fft_inverse(const dmx_fft *fft, const dmx_kernels *kernels, const float *re, const float *im, float *x,
                     float *scratch);

#endif
