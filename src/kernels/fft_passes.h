/* fft_passes.h - the passes of a Stockham FFT on split complex numbers.
 *
 * Template. Parameters: LEVEL(name), the name of a function at this level, which stays defined for the templates that
 * follow. Compilers vectorise this one for the level whose flags it is compiled with.
 *
 * The transform is a chain of passes, each from one buffer to another, that leaves the result in natural order without
 * any bit reversal. A pass of radix R takes, for each column p and each of the `stride` transforms q that run side by
 * side, R numbers that lie columns * stride apart, transforms them, and multiplies them by the twiddle factors of
 * column p:
 *
 *     y[(R p + k) stride + q] = w^(k p) * (DFT of x[(p + j columns) stride + q], j = 0 .. R-1)[k]
 *
 * The inner loop runs over q with constant twiddles, so it is plain arithmetic on contiguous arrays, done on vectors;
 * only the first pass, whose stride is 1, runs over p instead, and compilers vectorise it. A butterfly is written once,
 * as an inline function on small local arrays that live in registers. */
#ifndef DMX_KERNELS_FFT_PASSES_H
#define DMX_KERNELS_FFT_PASSES_H

#include "kernels/kernels.h"

#include <assert.h>
#include <string.h>

/* As many numbers as lie in one register, which compilers do not find by themselves; eight for the wider levels too,
 * since the second pass of the usual length has no more side by side. */
#ifdef __AVX__
enum { FFT_LANES = 8 };
#else
enum { FFT_LANES = 4 };
#endif
typedef float fft_vector __attribute__((vector_size(4 * FFT_LANES)));

#define NUMBER   float
#define NAMED(x) x##_one
#include "kernels/fft_butterflies.h"
#define NUMBER   fft_vector
#define NAMED(x) x##_vector
#include "kernels/fft_butterflies.h"

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
    if ((k) > 0) turn_one(&a, (k), wr[(k)*m + p], wi[(k)*m + p]);
#define LOAD_VECTOR(k)                                                                                                 \
    memcpy(&a.re[k], xr + q + (k)*apart, sizeof a.re[k]), memcpy(&a.im[k], xi + q + (k)*apart, sizeof a.im[k]);
#define STORE_VECTOR(k)                                                                                                \
    memcpy(yr + q + (k)*s, &a.re[k], sizeof a.re[k]), memcpy(yi + q + (k)*s, &a.im[k], sizeof a.im[k]);
#define TURN_VECTOR(k)                                                                                                 \
    if ((k) > 0) turn_vector(&a, (k), wr[(k)*m + p], wi[(k)*m + p]);

/* The functions of one radix: the first pass (stride 1, loop over columns) and the others (loops over columns and
 * transforms). In the latter the first column is apart, since its twiddles are all 1. */
#define DEFINE_PASS(R)                                                                                                 \
    static void first_pass##R(size_t m, const float *restrict wr, const float *restrict wi, const float *restrict xr,  \
                              const float *restrict xi, float *restrict yr, float *restrict yi)                        \
    {                                                                                                                  \
        const size_t apart = m, s = 1;                                                                                 \
        for (size_t p = 0; p < m; p++) {                                                                               \
            numbers_one a;                                                                                             \
            size_t at = p, to = R * p;                                                                                 \
            EACH_##R(LOAD) dft##R##_one(&a);                                                                           \
            EACH_##R(TURN) EACH_##R(STORE)                                                                             \
        }                                                                                                              \
    }                                                                                                                  \
    static void column##R(size_t m, size_t s, size_t p, const float *wr, const float *wi, const float *xr,             \
                          const float *xi, float *yr, float *yi)                                                       \
    {                                                                                                                  \
        const size_t apart = m * s;                                                                                    \
        size_t q = 0;                                                                                                  \
        for (; q + FFT_LANES <= s; q += FFT_LANES) {                                                                   \
            numbers_vector a;                                                                                          \
            EACH_##R(LOAD_VECTOR) dft##R##_vector(&a);                                                                 \
            if (p > 0) {                                                                                               \
                EACH_##R(TURN_VECTOR)                                                                                  \
            }                                                                                                          \
            EACH_##R(STORE_VECTOR)                                                                                     \
        }                                                                                                              \
        for (; q < s; q++) {                                                                                           \
            numbers_one a;                                                                                             \
            const size_t at = q, to = q;                                                                               \
            EACH_##R(LOAD) dft##R##_one(&a);                                                                           \
            if (p > 0) {                                                                                               \
                EACH_##R(TURN)                                                                                         \
            }                                                                                                          \
            EACH_##R(STORE)                                                                                            \
        }                                                                                                              \
    }                                                                                                                  \
    static void pass##R(size_t m, size_t s, const float *wr, const float *wi, const float *xr, const float *xi,        \
                        float *yr, float *yi)                                                                          \
    {                                                                                                                  \
        for (size_t p = 0; p < m; p++)                                                                                 \
            column##R(m, s, p, wr, wi, xr + p * s, xi + p * s, yr + R * p * s, yi + R * p * s);                        \
    }

DEFINE_PASS(2)
DEFINE_PASS(3)
DEFINE_PASS(4)
DEFINE_PASS(5)
DEFINE_PASS(8)

#undef DEFINE_PASS
#undef LOAD
#undef STORE
#undef TURN
#undef LOAD_VECTOR
#undef STORE_VECTOR
#undef TURN_VECTOR
#undef EACH_2
#undef EACH_3
#undef EACH_4
#undef EACH_5
#undef EACH_8

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
#undef RUN
}

#endif
