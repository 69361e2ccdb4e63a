/* simd_neon.h - what the vector_*.h templates need from NEON (Advanced SIMD of 64-bit ARM): 4 floats at a time. See
 * simd_avx2.h. */
#ifndef DMX_KERNELS_SIMD_NEON_H
#define DMX_KERNELS_SIMD_NEON_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LEVEL(name) name##_neon
#define SIMD_WIDE   0

enum {
    LANES = 4,
    TILE_ROWS = 6 /* 6 x 4 sums, 4 of B and 1 of A: 29 of the 32 registers */
};

typedef float vf __attribute__((vector_size(16)));
typedef double vd __attribute__((vector_size(16)));
typedef uint32_t vu __attribute__((vector_size(16)));

static inline vf v_load(const float *p) { return vld1q_f32(p); }
static inline void v_store(float *p, vf x) { vst1q_f32(p, x); }
static inline vf v_set1(float x) { return vdupq_n_f32(x); }

static inline vd v_sqrt(vd x) { return vsqrtq_f64(x); }

static inline vf v_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
static inline vf v_fnma(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }

/* NaN where one of them is NaN: the templates ask for that of b only. */
static inline vf v_max(vf a, vf b) { return vmaxq_f32(a, b); }
static inline vf v_min(vf a, vf b) { return vminq_f32(a, b); }

static inline float v_first(vf x) { return vgetq_lane_f32(x, 0); }
static inline float v_sum_lanes(vf x) { return vaddvq_f32(x); } /* neighbours first */
static inline float v_max_lane(vf x) { return vmaxvq_f32(x); }

static inline vf v_load_part(const float *p, size_t n)
{
    vf x = {0};
    memcpy(&x, p, n * sizeof *p);
    return x;
}
static inline void v_store_part(float *p, vf x, size_t n) { memcpy(p, &x, n * sizeof *p); }

/* Four vectors side by side are one panel of GLU: two of values, then two of gates. */
static inline vf v_glu_values(vf a, vf b) { return (void)b, a; }
static inline vf v_glu_gates(vf a, vf b) { return (void)a, b; }

static inline vf v_from_half(const void *p)
{
    float16x4_t half;
    memcpy(&half, p, sizeof half);
    return vcvt_f32_f16(half);
}

#endif
