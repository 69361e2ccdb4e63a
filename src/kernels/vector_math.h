/* vector_math.h - the functions the templates share: partial loads, reductions, exp, tanh, sigmoid, GELU.
 *
 * Template. Parameters: those of a simd_*.h. Gives the templates that include it: ALWAYS_INLINE, UNROLL.
 *
 * The polynomials were fitted to mpmath's functions by iteratively reweighted least squares (Lawson), their
 * coefficients rounded to float; tests/kernels/test_math.c measures the errors over all of float's exponents. */
#ifndef DMX_KERNELS_VECTOR_MATH_H
#define DMX_KERNELS_VECTOR_MATH_H

#include "kernels/kernels.h"

#include <math.h>

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Before a loop of constant count over arrays that must live in registers. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Loops run `for (i = 0; i < n; i += LANES)` and say how much is left; only the last turn is partial. */
static ALWAYS_INLINE vf v_load_upto(const float *p, size_t left)
{
    return left >= LANES ? v_load(p) : v_load_part(p, left);
}

static ALWAYS_INLINE void v_store_upto(float *p, vf x, size_t left)
{
    if (left >= LANES)
        v_store(p, x);
    else
        v_store_part(p, x, left);
}

/* x in the first `left` lanes, `other` beyond them. */
static ALWAYS_INLINE vf v_keep(vf x, size_t left, float other)
{
    if (left >= LANES) return x;
    float lanes[LANES];
    v_store(lanes, v_set1(other));
    v_store_part(lanes, x, left);
    return v_load(lanes);
}

/* exp(x) in parts: 2^n and r, and as the result q(r), so that exp(x) = 2^n (1 + r q(r)). For x <= 88; 2^n is 0 where
 * the result would be denormal.
 *
 * x = n ln 2 + r with n an integer and |r| <= ln 2 / 2, and q is a polynomial. Adding 1.5 * 2^23 + 127 rounds x / ln 2
 * to an integer and leaves n + 127 in the low bits, which shifted up by 23 are the float 2^n (0 for n = -127). ln 2 is
 * split in two so that n * ln2_high is exact. */
static ALWAYS_INLINE vf v_exp_parts(vf x, vf *power, vf *r)
{
    const vf magic = v_set1(12582912.0f + 127.0f);
    x = v_max(v_set1(-88.0f), x); /* NaN passes */
    vf shifted = v_fma(x, v_set1(1.44269504f), magic);
    vf n = shifted - magic;
    *r = v_fnma(n, v_set1(0.693359375f), x);
    *r = v_fnma(n, v_set1(-2.12194440e-4f), *r);
    *power = (vf)((vu)shifted << 23);
    vf q = v_set1(1.38367421e-3f);
    q = v_fma(q, *r, v_set1(8.37489869e-3f));
    q = v_fma(q, *r, v_set1(4.16682325e-2f));
    q = v_fma(q, *r, v_set1(1.66664198e-1f));
    q = v_fma(q, *r, v_set1(4.99999911e-1f));
    return v_fma(q, *r, v_set1(1.0f));
}

/* exp(x) for x <= 88, to 1e-7 of the result; 0 where the result would be denormal. */
static ALWAYS_INLINE vf v_exp(vf x)
{
    vf power, r, q = v_exp_parts(x, &power, &r);
    return v_fma(q, r, v_set1(1.0f)) * power;
}

/* tanh(x), to 2e-7 of the result however small x is: with e = exp(-2|x|) - 1, which is taken from the parts of exp
 * before the 1 is added and so keeps its digits near 0, tanh |x| = -e / (2 + e). */
static ALWAYS_INLINE vf v_tanh(vf x)
{
    vf a = (vf)((vu)x & 0x7fffffffu);
    vf power, r, q = v_exp_parts(a * v_set1(-2.0f), &power, &r);
    vf e = v_fma(power, r * q, power - v_set1(1.0f));
    vf magnitude = (v_set1(0.0f) - e) / (v_set1(2.0f) + e);
    return (vf)((vu)magnitude | ((vu)x & 0x80000000u));
}

/* value * sigmoid(gate), as one division. */
static ALWAYS_INLINE vf v_glu(vf value, vf gate)
{
    return value / (v_set1(1.0f) + v_exp(v_min(v_set1(88.0f), v_set1(0.0f) - gate)));
}

static ALWAYS_INLINE vf v_relu(vf x) { return v_max(v_set1(0.0f), x); }

/* x Phi(x), Phi the normal distribution function: for a = |x|, GELU is max(x, 0) - a Phi(-a), which cancels nowhere.
 * ln Phi(-a) is smooth, close to a parabola: a polynomial of degree 10 for a < 5.6 that goes on falling beyond, where
 * a Phi(-a) < 7e-8 and soon 0. */
static ALWAYS_INLINE vf v_gelu(vf x)
{
    vf a = (vf)((vu)x & 0x7fffffffu);
    vf p = v_set1(-1.89583087e-8f);
    p = v_fma(p, a, v_set1(5.62184027e-7f));
    p = v_fma(p, a, v_set1(-7.17402418e-6f));
    p = v_fma(p, a, v_set1(5.00767273e-5f));
    p = v_fma(p, a, v_set1(-1.82333068e-4f));
    p = v_fma(p, a, v_set1(-2.68848326e-5f));
    p = v_fma(p, a, v_set1(4.85168258e-3f));
    p = v_fma(p, a, v_set1(-3.63766067e-2f));
    p = v_fma(p, a, v_set1(-3.18297863e-1f));
    p = v_fma(p, a, v_set1(-7.97885895e-1f));
    p = v_fma(p, a, v_set1(-6.93147182e-1f));
    return v_fnma(a, v_exp(p), v_relu(x));
}

/* `activation` is a constant where this is called; GLU is not among these. */
static ALWAYS_INLINE vf v_activate(vf x, const dmx_activation activation)
{
    switch (activation) {
    case DMX_ACTIVATION_RELU: return v_relu(x);
    case DMX_ACTIVATION_GELU: return v_gelu(x);
    default: return x;
    }
}

#endif
