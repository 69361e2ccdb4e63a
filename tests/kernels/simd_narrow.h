/* simd_narrow.h - 4 floats at a time on any machine: for tests, not for speed.
 *
 * The templates at the width of NEON in C and vector extensions alone, so that the logic of that level is tested where
 * there is no ARM. Where both run, they must give the same bits. See src/kernels/arm/simd_neon.h. */
#ifndef TESTS_KERNELS_SIMD_NARROW_H
#define TESTS_KERNELS_SIMD_NARROW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LEVEL(name) name##_narrow
#define SIMD_WIDE   0

enum { LANES = 4, TILE_ROWS = 6 };

typedef float vf __attribute__((vector_size(16)));
typedef double vd __attribute__((vector_size(16)));
typedef uint32_t vu __attribute__((vector_size(16)));

static inline vf v_load_part(const float *p, size_t n)
{
    vf x = {0};
    memcpy(&x, p, n * sizeof *p);
    return x;
}
static inline void v_store_part(float *p, vf x, size_t n) { memcpy(p, &x, n * sizeof *p); }

static inline vf v_load(const float *p) { return v_load_part(p, LANES); }
static inline void v_store(float *p, vf x) { v_store_part(p, x, LANES); }
static inline vf v_set1(float x) { return (vf){x, x, x, x}; }

static inline vd v_sqrt(vd x) { return (vd){__builtin_sqrt(x[0]), __builtin_sqrt(x[1])}; }

static inline vf v_fma(vf a, vf b, vf c)
{
    for (int i = 0; i < LANES; i++) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
}
static inline vf v_fnma(vf a, vf b, vf c) { return v_fma(-a, b, c); }

static inline vf v_max(vf a, vf b)
{
    for (int i = 0; i < LANES; i++) b[i] = a[i] > b[i] ? a[i] : b[i];
    return b;
}
static inline vf v_min(vf a, vf b)
{
    for (int i = 0; i < LANES; i++) b[i] = a[i] < b[i] ? a[i] : b[i];
    return b;
}

static inline float v_first(vf x) { return x[0]; }
static inline float v_sum_lanes(vf x) { return (x[0] + x[1]) + (x[2] + x[3]); } /* in the order of NEON */
static inline float v_max_lane(vf x) { return v_max(v_max(x, v_set1(x[1])), v_max(v_set1(x[2]), v_set1(x[3])))[0]; }

static inline vf v_glu_values(vf a, vf b) { return (void)b, a; }
static inline vf v_glu_gates(vf a, vf b) { return (void)a, b; }

/* The bits of a half moved to their places in a float are its value times 2^-112; infinity and NaN have an exponent of
 * their own. */
static inline vf v_from_half(const void *p)
{
    uint16_t half[LANES];
    memcpy(half, p, sizeof half);
    vu bits = {half[0], half[1], half[2], half[3]};
    vf x = (vf)((bits & 0x7fffu) << 13) * v_set1(0x1p112f);
    for (int i = 0; i < LANES; i++)
        if ((half[i] & 0x7c00) == 0x7c00) x[i] = (half[i] & 0x3ff) != 0 ? __builtin_nanf("") : __builtin_inff();
    return (vf)((vu)x | (bits & 0x8000u) << 16);
}

#endif
