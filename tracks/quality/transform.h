/* transform.h - windows of sound and their spectra, by the Fourier transform of FFmpeg's libavutil; the only place in
 * tracks/ that knows it. (libdemucs keeps its own to itself.) */
#ifndef DMX_QUALITY_TRANSFORM_H
#define DMX_QUALITY_TRANSFORM_H

typedef struct dmx_transform dmx_transform;

/* For signals of this rate: Hann windows of some 46 ms, a power of two of frames. NULL without memory. Used by one
 * thread at a time. */
dmx_transform *dmx_transform_create(int sample_rate_hz);
void dmx_transform_free(dmx_transform *self);

/* Frames of a window. */
int dmx_transform_length(const dmx_transform *self);

/* Transform a window of each of two real signals, one[length] and two[length], which may be the same: x = one + i two,
 * sum over n of hann[n] x[n] exp(-2 pi i k n / length), valid until the next run. */
const float (*dmx_transform_run(dmx_transform *self, const float *one, const float *two))[2];

/* The spectrum of one of the two signals (0 or 1) in it, at bin `bin`, from 1 to length / 2 - 1. */
static inline void dmx_transform_apart(const float (*spectrum)[2], int length, int bin, int which, float *re, float *im)
{
    const float *up = spectrum[bin], *down = spectrum[length - bin];
    *re = 0.5F * (which == 0 ? up[0] + down[0] : up[1] + down[1]);
    *im = 0.5F * (which == 0 ? up[1] - down[1] : down[0] - up[0]);
}

#endif
