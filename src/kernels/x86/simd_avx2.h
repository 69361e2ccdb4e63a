/* simd_avx2.h - what the templates need from AVX2, FMA and F16C: 8 floats at a time.
 *
 * Each level has one such header with the same names: the parameters that all templates of vectors share.
 *   LEVEL(name)   the name of a function at this level; SIMD_WIDE, whether a vector holds a whole panel of 16
 *   LANES         floats in a vector; TILE_ROWS, rows of a tile of the GEMM
 *   vf, vu, vd    vectors of LANES floats, of as many integers, and of half as many doubles
 *   v_...         operations on them
 * Everything that vector extensions can say (+ - * /, comparisons, conversions) is said with them in the templates;
 * only the rest is here. Who includes the templates includes one of these headers first, and no other: a file is one
 * level. */
#ifndef DMX_KERNELS_SIMD_AVX2_H
#define DMX_KERNELS_SIMD_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define LEVEL(name) name##_avx2 /* the name of a kernel at this level */
#define SIMD_WIDE   0           /* whether a vector holds a whole panel of 16 */

enum {
    LANES = 8,
    TILE_ROWS = 6 /* 6 x 2 sums, 2 of B and 1 of A fill 15 of the 16 registers */
};

typedef float vf __attribute__((vector_size(32)));
typedef uint32_t vu __attribute__((vector_size(32)));
typedef double vd __attribute__((vector_size(32))); /* half as many */

static inline vf v_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void v_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
static inline vf v_set1(float x) { return _mm256_set1_ps(x); }

/* a * b + c with one rounding; -a * b + c */
static inline vf v_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
static inline vf v_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }

/* The larger, the smaller; b where one of them is NaN. */
static inline vf v_max(vf a, vf b) { return _mm256_max_ps(a, b); }
static inline vf v_min(vf a, vf b) { return _mm256_min_ps(a, b); }

static inline vd v_sqrt(vd x) { return _mm256_sqrt_pd(x); }

static inline float v_first(vf x) { return _mm256_cvtss_f32(x); }

/* Sum and maximum of the lanes, by halves: 8, 4, 2, 1. The wider level starts one half earlier and goes on as this. */
static inline float v_sum_lanes(vf x)
{
    __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

static inline float v_max_lane(vf x)
{
    __m128 y = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_max_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
}

/* All bits set in the first n lanes. */
static inline __m256i first_lanes(size_t n)
{
    static const int32_t ones_then_zeros[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(ones_then_zeros + 8 - n));
}

/* The first n <= LANES floats, and 0 in the other lanes; nothing beyond is touched. */
static inline vf v_load_part(const float *p, size_t n) { return _mm256_maskload_ps(p, first_lanes(n)); }
static inline void v_store_part(float *p, vf x, size_t n) { _mm256_maskstore_ps(p, first_lanes(n), x); }

/* Two vectors side by side are one panel of GLU: 8 values, then their 8 gates. */
static inline vf v_glu_values(vf a, vf b) { return (void)b, a; }
static inline vf v_glu_gates(vf a, vf b) { return (void)a, b; }

/* LANES floats from IEEE halves. */
static inline vf v_from_half(const void *p) { return _mm256_cvtph_ps(_mm_loadu_si128(p)); }

#endif
