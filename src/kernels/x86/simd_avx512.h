/* simd_avx512.h - what the vector_*.h templates need from AVX-512: 16 floats at a time. See simd_avx2.h. */
#ifndef DMX_KERNELS_SIMD_AVX512_H
#define DMX_KERNELS_SIMD_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define LEVEL(name) name##_avx512
#define SIMD_WIDE   1

enum {
    LANES = 16,
    TILE_ROWS = 12 /* 12 x 2 sums, 2 of B and 1 of A: 27 of the 32 registers */
};

typedef float vf __attribute__((vector_size(64)));
typedef uint32_t vu __attribute__((vector_size(64)));
typedef double vd __attribute__((vector_size(64)));

static inline vf v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
static inline vf v_set1(float x) { return _mm512_set1_ps(x); }

static inline vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vf v_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }

static inline vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vf v_min(vf a, vf b) { return _mm512_min_ps(a, b); }

static inline vd v_sqrt(vd x) { return _mm512_sqrt_pd(x); }

static inline float v_first(vf x) { return _mm512_cvtss_f32(x); }

static inline float v_sum_lanes(vf x)
{
    __m256 z = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 y = _mm_add_ps(_mm256_castps256_ps128(z), _mm256_extractf128_ps(z, 1));
    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

static inline float v_max_lane(vf x)
{
    __m256 z = _mm256_max_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 y = _mm_max_ps(_mm256_castps256_ps128(z), _mm256_extractf128_ps(z, 1));
    y = _mm_max_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
}

static inline __mmask16 first_lanes(size_t n) { return (__mmask16)((1u << n) - 1); }
static inline vf v_load_part(const float *p, size_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
static inline void v_store_part(float *p, vf x, size_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), x); }

/* Two vectors side by side are two panels of GLU: the lower halves are values, the upper halves gates. */
static inline vf v_glu_values(vf a, vf b) { return _mm512_shuffle_f32x4(a, b, 0x44); }
static inline vf v_glu_gates(vf a, vf b) { return _mm512_shuffle_f32x4(a, b, 0xee); }

static inline vf v_from_half(const void *p) { return _mm512_cvtph_ps(_mm256_loadu_si256(p)); }

#endif
