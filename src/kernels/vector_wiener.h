/* vector_wiener.h - the kernels of Wiener filtering, in double: see kernels.h. Template. Parameters: those of a
 * simd_*.h.
 *
 * A vector holds a number of LANES / 2 complex places or bins. Nothing but + - * / and square roots happens, each
 * rounded as IEEE says and in the order of the scalar level: so all levels give the same bits. */
#ifndef DMX_KERNELS_VECTOR_WIENER_H
#define DMX_KERNELS_VECTOR_WIENER_H

#include "kernels/vector_elements.h"

#include <stdint.h>

typedef uint32_t half_vu __attribute__((vector_size(2 * LANES)));
typedef uint64_t vq __attribute__((vector_size(4 * LANES)));

enum { DOUBLES = LANES / 2 };
_Static_assert(DMX_WIENER_BINS % DOUBLES == 0, "a block is whole vectors");

/* The real and imaginary parts of DOUBLES complex floats; each is one little-endian 64-bit word. */
static ALWAYS_INLINE void vd_load_complex(const float *z, vd *re, vd *im)
{
    vq words;
    memcpy(&words, z, sizeof words);
    *re = __builtin_convertvector((half_vf) __builtin_convertvector(words, half_vu), vd);
    *im = __builtin_convertvector((half_vf) __builtin_convertvector(words >> 32, half_vu), vd);
}

static ALWAYS_INLINE void vd_store_complex(float *z, vd re, vd im)
{
    const vq low = __builtin_convertvector((half_vu) __builtin_convertvector(re, half_vf), vq);
    const vq high = __builtin_convertvector((half_vu) __builtin_convertvector(im, half_vf), vq);
    const vq words = low | high << 32;
    memcpy(z, &words, sizeof words);
}

static ALWAYS_INLINE void phase(const float *z, double floor, float *unit)
{
    vd re, im;
    vd_load_complex(z, &re, &im);
    vd size = v_sqrt(re * re + im * im) + floor;
    const vq zero = (vq)(size == 0), one = (vq)((vd){0} + 1.0);
    re = (vd)((zero & one) | (~zero & (vq)re));
    size = (vd)((zero & one) | (~zero & (vq)size));
    const vd inverse = 1 / size;
    vd_store_complex(unit, re * inverse, im * inverse);
}

static void LEVEL(phase_f32)(const float *z, size_t n, double floor, float *unit)
{
    size_t i = 0;
    for (; i + DOUBLES <= n; i += DOUBLES) phase(z + 2 * i, floor, unit + 2 * i);
    if (i == n) return;
    float last[2 * DOUBLES] = {0};
    memcpy(last, z + 2 * i, 2 * (n - i) * sizeof *z);
    phase(last, floor, last);
    memcpy(unit + 2 * i, last, 2 * (n - i) * sizeof *z);
}

/* ---- the filter, for the DOUBLES bins that start at each pointer ---- */

static ALWAYS_INLINE vd vd_widen(const float *p)
{
    half_vf x;
    memcpy(&x, p, sizeof x);
    return __builtin_convertvector(x, vd);
}

static ALWAYS_INLINE void vd_narrow(float *p, vd x)
{
    const half_vf y = __builtin_convertvector(x, half_vf);
    memcpy(p, &y, sizeof y);
}

static ALWAYS_INLINE vd vd_load(const double *p)
{
    vd x;
    memcpy(&x, p, sizeof x);
    return x;
}

static ALWAYS_INLINE void vd_store(double *p, vd x) { memcpy(p, &x, sizeof x); }

/* Two complex numbers, one a channel. */
typedef struct vd_pair {
    vd re0, im0, re1, im1;
} vd_pair;

static ALWAYS_INLINE vd_pair pair_load(const float *p)
{
    enum { B = DMX_WIENER_BINS };
    return (vd_pair){vd_widen(p), vd_widen(p + B), vd_widen(p + 2 * B), vd_widen(p + 3 * B)};
}

/* [a, b; conj(b), d] */
typedef struct vd_matrix {
    vd a, d, re, im;
} vd_matrix;

static ALWAYS_INLINE vd_matrix matrix_load(const double *p)
{
    enum { B = DMX_WIENER_BINS };
    return (vd_matrix){vd_load(p), vd_load(p + B), vd_load(p + 2 * B), vd_load(p + 3 * B)};
}

static ALWAYS_INLINE vd_pair matrix_times(vd_matrix m, vd_pair x)
{
    return (vd_pair){m.a * x.re0 + (m.re * x.re1 - m.im * x.im1), m.a * x.im0 + (m.re * x.im1 + m.im * x.re1),
                     m.d * x.re1 + (m.re * x.re0 + m.im * x.im0), m.d * x.im1 + (m.re * x.im0 - m.im * x.re0)};
}

/* spread[4][bins] = how one estimate is spread over the channels */
static ALWAYS_INLINE void wiener_spread(const dmx_wiener_block *w, const float *y, double *spread)
{
    enum { B = DMX_WIENER_BINS };
    vd_matrix sum = {{0}, {0}, {0}, {0}};
    for (size_t t = 0; t < w->steps; t++, y += w->estimates * 4 * B) {
        const vd_pair x = pair_load(y);
        sum.a = sum.a + (x.re0 * x.re0 + x.im0 * x.im0);
        sum.d = sum.d + (x.re1 * x.re1 + x.im1 * x.im1);
        sum.re = sum.re + (x.re0 * x.re1 + x.im0 * x.im1);
        sum.im = sum.im + (x.im0 * x.re1 - x.re0 * x.im1);
    }
    const vd weight = 1 / (DMX_WIENER_EPSILON + (sum.a + sum.d) * w->per_channel);
    vd_store(spread, sum.a * weight);
    vd_store(spread + B, sum.d * weight);
    vd_store(spread + 2 * B, sum.re * weight);
    vd_store(spread + 3 * B, sum.im * weight);
}

/* One step: y[estimates][4][bins], in place; spread[estimates][5][bins], where the fifth is room for the powers. */
static ALWAYS_INLINE void wiener_step(const dmx_wiener_block *w, const float *mix, float *y, double *spread)
{
    enum { B = DMX_WIENER_BINS };
    const vd none = {0}, regular = none + DMX_WIENER_REGULAR;
    vd_matrix all = {regular, regular, none, none};
    for (size_t j = 0; j < w->estimates; j++) {
        const vd_pair x = pair_load(y + j * 4 * B);
        const vd power = (x.re0 * x.re0 + x.im0 * x.im0 + x.re1 * x.re1 + x.im1 * x.im1) * w->per_channel;
        const vd_matrix r = matrix_load(spread + j * 5 * B);
        vd_store(spread + (j * 5 + 4) * B, power);
        all.a = all.a + power * r.a;
        all.d = all.d + power * r.d;
        all.re = all.re + power * r.re;
        all.im = all.im + power * r.im;
    }
    const vd inverse = 1 / (all.a * all.d - (all.re * all.re + all.im * all.im));
    const vd_matrix inverted = {all.d * inverse, all.a * inverse, -all.re * inverse, -all.im * inverse};
    const vd_pair whitened = matrix_times(inverted, pair_load(mix));
    for (size_t j = 0; j < w->estimates; j++) {
        const vd_pair share = matrix_times(matrix_load(spread + j * 5 * B), whitened);
        const vd power = vd_load(spread + (j * 5 + 4) * B);
        float *to = y + j * 4 * B;
        vd_narrow(to, power * share.re0);
        vd_narrow(to + B, power * share.im0);
        vd_narrow(to + 2 * B, power * share.re1);
        vd_narrow(to + 3 * B, power * share.im1);
    }
}

static void LEVEL(wiener_f32)(const dmx_wiener_block *w)
{
    enum { B = DMX_WIENER_BINS };
    for (size_t b = 0; b < B; b += DOUBLES) {
        for (size_t j = 0; j < w->estimates; j++) wiener_spread(w, w->y + j * 4 * B + b, w->spread + j * 5 * B + b);
        for (size_t t = 0; t < w->steps; t++)
            wiener_step(w, w->mix + t * 4 * B + b, w->y + t * w->estimates * 4 * B + b, w->spread + b);
    }
}

#endif
