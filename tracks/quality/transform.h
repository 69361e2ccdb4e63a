/* transform.h - the Fourier transform of FFmpeg's libavutil; the only place in tracks/ that knows it. (libdemucs keeps
 * its own to itself.) */
#ifndef DMX_QUALITY_TRANSFORM_H
#define DMX_QUALITY_TRANSFORM_H

typedef struct dmx_transform dmx_transform;

/* Of `length` complex numbers, a power of two. NULL without memory. Used by one thread at a time. */
dmx_transform *dmx_transform_create(int length);
void dmx_transform_free(dmx_transform *self);

/* Where the caller puts what is to be transformed: [length] of a real and an imaginary part each. Its content is
 * undefined after a run. */
float (*dmx_transform_input(dmx_transform *self))[2];

/* Transform it: sum over n of x[n] exp(-2 pi i k n / length), valid until the next run. */
const float (*dmx_transform_run(dmx_transform *self))[2];

/* Two real signals went in as real and imaginary part; this is the spectrum of one of them (0 or 1) at bin `bin`, from
 * 1 to length / 2 - 1. */
static inline void dmx_transform_apart(const float (*spectrum)[2], int length, int bin, int which, float *re, float *im)
{
    const float *up = spectrum[bin], *down = spectrum[length - bin];
    *re = 0.5F * (which == 0 ? up[0] + down[0] : up[1] + down[1]);
    *im = 0.5F * (which == 0 ? up[1] - down[1] : down[0] - up[0]);
}

#endif
