/* fft_passes.h - the passes of a Stockham FFT on split complex numbers. Template: define LEVEL first; compilers
 * vectorise it for the level whose flags it is compiled with.
 *
 * The transform is a chain of passes, each from one buffer to another, that leaves the result in natural order without
 * any bit reversal. A pass of radix R takes, for each column p and each of the `stride` transforms q that run side by
 * side, R numbers that lie columns * stride apart, transforms them, and multiplies them by the twiddle factors of
 * column p:
 *
 *     y[(R p + k) stride + q] = w^(k p) * (DFT of x[(p + j columns) stride + q], j = 0 .. R-1)[k]
 *
 * The inner loop runs over q with constant twiddles, so it is plain arithmetic on contiguous arrays, which compilers
 * vectorise; only the first pass, whose stride is 1, runs over p instead. A butterfly is written once, for one
 * number, as an inline function on small local arrays that live in registers. */
#ifndef DMX_KERNELS_FFT_PASSES_H
#define DMX_KERNELS_FFT_PASSES_H

#include "kernels/kernels.h"

#include <assert.h>

/* R numbers on their way through a butterfly. */
typedef struct numbers {
    float re[8], im[8];
} numbers;

static inline void dft2(numbers *a)
{
    float re = a->re[0] - a->re[1], im = a->im[0] - a->im[1];
    a->re[0] += a->re[1], a->im[0] += a->im[1];
    a->re[1] = re, a->im[1] = im;
}

static inline void dft3(numbers *a)
{
    const float half_sqrt3 = 0.866025403784438647f;
    float sum_re = a->re[1] + a->re[2], sum_im = a->im[1] + a->im[2];
    float turn_re = half_sqrt3 * (a->im[1] - a->im[2]), turn_im = half_sqrt3 * (a->re[2] - a->re[1]);
    float mid_re = a->re[0] - 0.5f * sum_re, mid_im = a->im[0] - 0.5f * sum_im;
    a->re[0] += sum_re, a->im[0] += sum_im;
    a->re[1] = mid_re + turn_re, a->im[1] = mid_im + turn_im;
    a->re[2] = mid_re - turn_re, a->im[2] = mid_im - turn_im;
}

/* On four of the numbers, which lie at i, j, k, l; the result comes in the same places. */
static inline void dft4_at(numbers *a, int i, int j, int k, int l)
{
    float even_re = a->re[i] + a->re[k], even_im = a->im[i] + a->im[k];
    float diff_re = a->re[i] - a->re[k], diff_im = a->im[i] - a->im[k];
    float odd_re = a->re[j] + a->re[l], odd_im = a->im[j] + a->im[l];
    float turn_re = a->im[j] - a->im[l], turn_im = a->re[l] - a->re[j];
    a->re[i] = even_re + odd_re, a->im[i] = even_im + odd_im;
    a->re[j] = diff_re + turn_re, a->im[j] = diff_im + turn_im;
    a->re[k] = even_re - odd_re, a->im[k] = even_im - odd_im;
    a->re[l] = diff_re - turn_re, a->im[l] = diff_im - turn_im;
}

static inline void dft4(numbers *a) { dft4_at(a, 0, 1, 2, 3); }

static inline void dft5(numbers *a)
{
    const float c1 = 0.309016994374947424f, c2 = -0.809016994374947424f; /* cos(2 pi / 5), cos(4 pi / 5) */
    const float s1 = 0.951056516295153572f, s2 = 0.587785252292473129f;  /* sin of the same */
    float p1r = a->re[1] + a->re[4], p1i = a->im[1] + a->im[4], m1r = a->re[1] - a->re[4], m1i = a->im[1] - a->im[4];
    float p2r = a->re[2] + a->re[3], p2i = a->im[2] + a->im[3], m2r = a->re[2] - a->re[3], m2i = a->im[2] - a->im[3];
    float u1r = a->re[0] + (c1 * p1r + c2 * p2r), u1i = a->im[0] + (c1 * p1i + c2 * p2i);
    float u2r = a->re[0] + (c2 * p1r + c1 * p2r), u2i = a->im[0] + (c2 * p1i + c1 * p2i);
    float v1r = s1 * m1i + s2 * m2i, v1i = -(s1 * m1r + s2 * m2r);
    float v2r = s2 * m1i - s1 * m2i, v2i = -(s2 * m1r - s1 * m2r);
    a->re[0] += p1r + p2r, a->im[0] += p1i + p2i;
    a->re[1] = u1r + v1r, a->im[1] = u1i + v1i;
    a->re[2] = u2r + v2r, a->im[2] = u2i + v2i;
    a->re[3] = u2r - v2r, a->im[3] = u2i - v2i;
    a->re[4] = u1r - v1r, a->im[4] = u1i - v1i;
}

/* Two transforms of four, on the even and on the odd numbers, then four of two, between which the odd ones turn by
 * eighths of a circle. */
static inline void dft8(numbers *a)
{
    const float r = 0.707106781186547524f;
    dft4_at(a, 0, 2, 4, 6);
    dft4_at(a, 1, 3, 5, 7);
    float o1r = r * (a->re[3] + a->im[3]), o1i = r * (a->im[3] - a->re[3]);
    float o2r = a->im[5], o2i = -a->re[5];
    float o3r = r * (a->im[7] - a->re[7]), o3i = -r * (a->re[7] + a->im[7]);
    float o0r = a->re[1], o0i = a->im[1];
    float e0r = a->re[0], e0i = a->im[0], e1r = a->re[2], e1i = a->im[2];
    float e2r = a->re[4], e2i = a->im[4], e3r = a->re[6], e3i = a->im[6];
    a->re[0] = e0r + o0r, a->im[0] = e0i + o0i, a->re[4] = e0r - o0r, a->im[4] = e0i - o0i;
    a->re[1] = e1r + o1r, a->im[1] = e1i + o1i, a->re[5] = e1r - o1r, a->im[5] = e1i - o1i;
    a->re[2] = e2r + o2r, a->im[2] = e2i + o2i, a->re[6] = e2r - o2r, a->im[6] = e2i - o2i;
    a->re[3] = e3r + o3r, a->im[3] = e3i + o3i, a->re[7] = e3r - o3r, a->im[7] = e3i - o3i;
}

/* Multiply number k by a twiddle factor. */
static inline void turn(numbers *a, int k, float wr, float wi)
{
    float re = a->re[k] * wr - a->im[k] * wi;
    a->im[k] = a->re[k] * wi + a->im[k] * wr;
    a->re[k] = re;
}

/* EACH(R, statement with k) writes the statement out R times: local arrays stay in registers only when every index is
 * known early, and not all compilers unroll a loop before they vectorise the one around it. */
#define EACH_2(S) S(0) S(1)
#define EACH_3(S) EACH_2(S) S(2)
#define EACH_4(S) EACH_3(S) S(3)
#define EACH_5(S) EACH_4(S) S(4)
#define EACH_8(S) EACH_5(S) S(5) S(6) S(7)
#define LOAD(k)   a.re[k] = xr[at + (k)*apart], a.im[k] = xi[at + (k)*apart];
#define STORE(k)  yr[to + (k)*s] = a.re[k], yi[to + (k)*s] = a.im[k];
#define TURN(k)                                                                                                        \
    if ((k) > 0) turn(&a, (k), wr[(k)*m + p], wi[(k)*m + p]);
#define KEEP_TURN(k) w.re[k] = wr[(k)*m + p], w.im[k] = wi[(k)*m + p];
#define APPLY_TURN(k)                                                                                                  \
    if ((k) > 0) turn(&a, (k), w.re[k], w.im[k]);

/* The functions of one radix: the first pass (stride 1, loop over columns) and the others (loop over transforms). In
 * the latter the first column is apart, since its twiddles are all 1. */
#define DEFINE_PASS(R)                                                                                                 \
    static void first_pass##R(size_t m, const float *restrict wr, const float *restrict wi, const float *restrict xr,  \
                              const float *restrict xi, float *restrict yr, float *restrict yi)                        \
    {                                                                                                                  \
        const size_t apart = m, s = 1;                                                                                 \
        for (size_t p = 0; p < m; p++) {                                                                               \
            numbers a;                                                                                                 \
            size_t at = p, to = R * p;                                                                                 \
            EACH_##R(LOAD) dft##R(&a);                                                                                 \
            EACH_##R(TURN) EACH_##R(STORE)                                                                             \
        }                                                                                                              \
    }                                                                                                                  \
    static inline void column##R(size_t s, size_t apart, numbers w, int turned, const float *restrict xr,              \
                                 const float *restrict xi, float *restrict yr, float *restrict yi)                     \
    {                                                                                                                  \
        for (size_t q = 0; q < s; q++) {                                                                               \
            numbers a;                                                                                                 \
            size_t at = q, to = q;                                                                                     \
            EACH_##R(LOAD) dft##R(&a);                                                                                 \
            if (turned) {                                                                                              \
                EACH_##R(APPLY_TURN)                                                                                   \
            }                                                                                                          \
            EACH_##R(STORE)                                                                                            \
        }                                                                                                              \
    }                                                                                                                  \
    static void pass##R(size_t m, size_t s, const float *wr, const float *wi, const float *xr, const float *xi,        \
                        float *yr, float *yi)                                                                          \
    {                                                                                                                  \
        numbers w = {0};                                                                                               \
        column##R(s, m *s, w, 0, xr, xi, yr, yi);                                                                      \
        for (size_t p = 1; p < m; p++) {                                                                               \
            EACH_##R(KEEP_TURN) column##R(s, m *s, w, 1, xr + p * s, xi + p * s, yr + R * p * s, yi + R * p * s);      \
        }                                                                                                              \
    }

DEFINE_PASS(2)
DEFINE_PASS(3)
DEFINE_PASS(4)
DEFINE_PASS(5)
DEFINE_PASS(8)

static void LEVEL(fft_pass_f32)(const dmx_fft_pass *pass, const float *xr, const float *xi, float *yr, float *yi)
{
    size_t m = pass->columns, s = pass->stride;
    const float *wr = pass->twiddle_re, *wi = pass->twiddle_im;
#define RUN(R) s == 1 ? first_pass##R(m, wr, wi, xr, xi, yr, yi) : pass##R(m, s, wr, wi, xr, xi, yr, yi)
    switch (pass->radix) {
    case 2: RUN(2); break;
    case 3: RUN(3); break;
    case 4: RUN(4); break;
    case 5: RUN(5); break;
    case 8: RUN(8); break;
    default: assert(0);
    }
}

#endif
