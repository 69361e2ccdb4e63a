/* simd_wide.h - 16 floats at a time on a CPU that has only 8: for tests, not for speed.
 *
 * The templates at the width of AVX-512, made of pairs of AVX2 vectors, so that the logic of the wide level is tested
 * on machines without AVX-512. Where both run, they must give the same bits. See src/kernels/x86/simd_avx2.h. */
#ifndef TESTS_KERNELS_SIMD_WIDE_H
#define TESTS_KERNELS_SIMD_WIDE_H

#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LEVEL(name) name##_wide
#define SIMD_WIDE   1

enum { LANES = 16, TILE_ROWS = 12 };

typedef float vf __attribute__((vector_size(64)));
typedef uint32_t vu __attribute__((vector_size(64)));
typedef double vd __attribute__((vector_size(64)));

static inline __m256 half(vf x, int upper)
{
    __m256 y;
    memcpy(&y, (const char *)&x + 32 * upper, sizeof y);
    return y;
}

static inline vf join(__m256 lower, __m256 upper)
{
    vf x;
    memcpy(&x, &lower, sizeof lower);
    memcpy((char *)&x + sizeof lower, &upper, sizeof upper);
    return x;
}

static inline vf v_load(const float *p) { return join(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)); }
static inline void v_store(float *p, vf x) { memcpy(p, &x, sizeof x); }
static inline vf v_set1(float x) { return join(_mm256_set1_ps(x), _mm256_set1_ps(x)); }

static inline vf v_fma(vf a, vf b, vf c)
{
    return join(_mm256_fmadd_ps(half(a, 0), half(b, 0), half(c, 0)),
                _mm256_fmadd_ps(half(a, 1), half(b, 1), half(c, 1)));
}
static inline vf v_fnma(vf a, vf b, vf c) { return v_fma(-a, b, c); }

static inline vf v_max(vf a, vf b)
{
    return join(_mm256_max_ps(half(a, 0), half(b, 0)), _mm256_max_ps(half(a, 1), half(b, 1)));
}
static inline vf v_min(vf a, vf b)
{
    return join(_mm256_min_ps(half(a, 0), half(b, 0)), _mm256_min_ps(half(a, 1), half(b, 1)));
}

static inline vd v_sqrt(vd x)
{
    for (int i = 0; i < 8; i++) x[i] = sqrt(x[i]);
    return x;
}

static inline float v_first(vf x) { return x[0]; }

/* In the order of AVX-512: 16 lanes to 8, and on. */
static inline float v_sum_lanes(vf x)
{
    __m256 z = _mm256_add_ps(half(x, 0), half(x, 1));
    __m128 y = _mm_add_ps(_mm256_castps256_ps128(z), _mm256_extractf128_ps(z, 1));
    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

static inline float v_max_lane(vf x)
{
    __m256 z = _mm256_max_ps(half(x, 0), half(x, 1));
    float lanes[8], most;
    _mm256_storeu_ps(lanes, z);
    most = lanes[0];
    for (int i = 1; i < 8; i++) most = lanes[i] > most ? lanes[i] : most;
    return most;
}

static inline vf v_load_part(const float *p, size_t n)
{
    vf x = {0};
    memcpy(&x, p, n * sizeof *p);
    return x;
}
static inline void v_store_part(float *p, vf x, size_t n) { memcpy(p, &x, n * sizeof *p); }

static inline vf v_glu_values(vf a, vf b) { return join(half(a, 0), half(b, 0)); }
static inline vf v_glu_gates(vf a, vf b) { return join(half(a, 1), half(b, 1)); }

static inline vf v_from_half(const void *p)
{
    const __m128i *from = p;
    return join(_mm256_cvtph_ps(_mm_loadu_si128(from)), _mm256_cvtph_ps(_mm_loadu_si128(from + 1)));
}

#endif
