/* test_math.c - exp, tanh, sigmoid and GELU of every level against libm in double precision, over all of float's range.
 *
 * The kernels have no entry for the bare functions: GELU is seen through affine_f32 with scale 1 and shift 0, the
 * sigmoid through affine_glu_f32 with value 1, exp through softmax_f32 with a maximum of 0, tanh through
 * lstm_gates_f32 with the output gate wide open. The bounds are those the
 * network needs (1e-7 is 1.7 units in the last place), with the errors that were measured beside them. */
#include "check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 200001 };

/* x from `low` to `high` in even steps; or all magnitudes from denormal to the largest, both signs, when low == high.
 */
static float *points(float low, float high)
{
    float *x = guarded_alloc(POINTS);
    for (int i = 0; i < POINTS; i++) {
        uint32_t bits = (uint32_t)((uint64_t)i / 2 * 0x7f7fffff / (POINTS / 2)) | (uint32_t)(i & 1) << 31;
        if (low == high)
            memcpy(x + i, &bits, sizeof bits);
        else
            x[i] = (float)(low + ((double)high - low) * i / (POINTS - 1));
    }
    return x;
}

static float *constants(float value)
{
    float *x = guarded_alloc(POINTS);
    for (int i = 0; i < POINTS; i++) x[i] = value;
    return x;
}

static double gelu(double x) { return 0.5 * x * erfc(-x * sqrt(0.5)); }

/* The worst error over [low, high], absolute or relative to the result. */
static double gelu_error(const dmx_kernels *kernels, float low, float high, bool relative)
{
    float *x = points(low, high), *one = constants(1), *zero = constants(0), *y = guarded_alloc(POINTS);
    kernels->affine_f32(x, one, zero, POINTS, DMX_ACTIVATION_GELU, y);
    double worst = 0;
    for (int i = 0; i < POINTS; i++) {
        double exact = gelu(x[i]), error = fabs(y[i] - exact) / (relative ? fabs(exact) + FLT_MIN : 1);
        if (!(error <= worst)) worst = isnan(error) ? INFINITY : error;
    }
    CHECK(guarded_intact(y, POINTS), "written outside y");
    guarded_free(x);
    guarded_free(one);
    guarded_free(zero);
    guarded_free(y);
    return worst;
}

static void test_gelu(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    for (int i = 0; i < count; i++) {
        const dmx_kernels *kernels = levels[i].kernels;
        double small = gelu_error(kernels, -1, 1, false), negative = gelu_error(kernels, -10, 0, false);
        double near = gelu_error(kernels, -1, 10, true), tail = gelu_error(kernels, -5.5f, -1, true);
        double all = gelu_error(kernels, 0, FLT_MAX, true);
        /* In the tail the logarithm of the result is up to -17, rounded to float; the result itself is down to 1e-7. */
        printf("  %-7s |x| < 1: %.2g, -10..0: %.2g; relative, -1..10: %.2g, tail: %.2g\n", levels[i].name, small,
               negative, near, tail);
        CHECK(small < 1e-7, "%s: error %g in [-1, 1]", levels[i].name, small);
        CHECK(negative < 1e-7, "%s: error %g in [-10, 0]", levels[i].name, negative);
        CHECK(near < 4e-7, "%s: relative error %g in [-1, 10]", levels[i].name, near);
        CHECK(tail < 6e-6, "%s: relative error %g in [-5.5, -1]", levels[i].name, tail);
        CHECK(all < 2e-7, "%s: relative error %g for large x", levels[i].name, all);
    }
}

static double sigmoid_error(const dmx_kernels *kernels, float low, float high)
{
    float *g = points(low, high), *y = guarded_alloc(POINTS);
    double worst = 0;
    enum { CHANNELS = 16 };
    for (int i = 0; i < POINTS; i += CHANNELS) {
        float x[2 * CHANNELS], scale[2 * CHANNELS], shift[2 * CHANNELS] = {0}, out[CHANNELS];
        int n = POINTS - i < CHANNELS ? POINTS - i : CHANNELS;
        for (int c = 0; c < 2 * n; c++) scale[c] = 1;
        for (int c = 0; c < n; c++) x[c] = 1, x[n + c] = g[i + c];
        kernels->affine_glu_f32(x, scale, shift, 1, (size_t)n, out);
        for (int c = 0; c < n; c++) y[i + c] = out[c];
    }
    for (int i = 0; i < POINTS; i++) {
        double exact = 1 / (1 + exp(-(double)g[i])), error = fabs(y[i] - exact) / (exact + FLT_MIN);
        if (!(error <= worst)) worst = isnan(error) ? INFINITY : error;
    }
    guarded_free(g);
    guarded_free(y);
    return worst;
}

static void test_sigmoid(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    for (int i = 0; i < count; i++) {
        double near = sigmoid_error(levels[i].kernels, -20, 20), far = sigmoid_error(levels[i].kernels, -87, 87);
        printf("  %-7s relative, -20..20: %.2g, -87..87: %.2g\n", levels[i].name, near, far);
        CHECK(near < 2.5e-7 && far < 2.5e-7, "%s: relative errors %g, %g", levels[i].name, near, far);
    }
}

static void test_exp(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    for (int i = 0; i < count; i++) {
        float *x = points(-87, 0), *y = points(-87, 0), max = 0, sum = 0, correction = -1;
        levels[i].kernels->softmax_f32(y, POINTS, 1, POINTS, 1, &max, &sum, &correction);
        double worst = 0, total = 0;
        for (int j = 0; j < POINTS; j++) {
            double exact = exp((double)x[j]), error = fabs(y[j] - exact) / exact;
            if (!(error <= worst)) worst = isnan(error) ? INFINITY : error;
            total += exact;
        }
        printf("  %-7s relative: %.2g, of the sum: %.2g\n", levels[i].name, worst, fabs(sum - total) / total);
        CHECK(worst < 1.3e-7, "%s: relative error %g", levels[i].name, worst);
        CHECK(fabs(sum - total) / total < 1e-6, "%s: sum %g instead of %g", levels[i].name, (double)sum, total);
        CHECK(max == 0 && correction == 1, "%s: max %g, correction %g", levels[i].name, (double)max,
              (double)correction);
        guarded_free(x);
        guarded_free(y);
    }
}

/* y[i] = tanh(x[i]): all that the state keeps is x, and all of it comes out. */
static void run_tanh(const dmx_kernels *kernels, const float *x, float *y)
{
    float gates[4 * DMX_PANEL], c[DMX_PANEL];
    for (int u = 0; u < DMX_PANEL; u++) {
        gates[u] = -200;                                       /* sigmoid 0 */
        gates[u + DMX_PANEL] = gates[u + 3 * DMX_PANEL] = 200; /* sigmoid 1 */
        gates[u + 2 * DMX_PANEL] = 0;
    }
    for (size_t i = 0, n; i < POINTS; i += n) {
        n = POINTS - i < DMX_PANEL ? POINTS - i : DMX_PANEL;
        memcpy(c, x + i, n * sizeof *c);
        kernels->lstm_gates_f32(gates, 0, 1, n, c, 0, y + i, 0);
    }
}

/* Near 0 too the error is relative to the result: LSTM states are often small. */
static void test_tanh(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    for (int i = 0; i < count; i++) {
        float *near = points(-1, 1), *far = points(-20, 20), *all = points(0, 0), *y = guarded_alloc(POINTS);
        double worst[3] = {0};
        const float *x[3] = {near, far, all};
        for (int k = 0; k < 3; k++) {
            run_tanh(levels[i].kernels, x[k], y);
            for (int j = 0; j < POINTS; j++) {
                double exact = tanh((double)x[k][j]), error = fabs((double)y[j] - exact) / (fabs(exact) + FLT_MIN);
                if (!(error <= worst[k])) worst[k] = isnan(error) ? INFINITY : error;
            }
        }
        printf("  %-7s relative, -1..1: %.2g, -20..20: %.2g, everywhere: %.2g\n", levels[i].name, worst[0], worst[1],
               worst[2]);
        CHECK(worst[0] < 2.5e-7 && worst[1] < 2.5e-7 && worst[2] < 2.5e-7, "%s: relative errors %g, %g, %g",
              levels[i].name, worst[0], worst[1], worst[2]);
        float nan[1] = {NAN}, gates[4 * DMX_PANEL] = {0}, h;
        levels[i].kernels->lstm_gates_f32(gates, 0, 1, 1, nan, 0, &h, 0);
        CHECK(isnan(h) && isnan(nan[0]), "%s: NaN becomes %g", levels[i].name, (double)h);
        guarded_free(near);
        guarded_free(far);
        guarded_free(all);
        guarded_free(y);
    }
}

/* Any finite input gives a finite result of the right size; NaN stays NaN. */
static void test_extremes(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    for (int i = 0; i < count; i++) {
        const dmx_kernels *kernels = levels[i].kernels;
        float *x = points(0, 0), *one = constants(1), *zero = constants(0), *y = guarded_alloc(POINTS);
        kernels->affine_f32(x, one, zero, POINTS, DMX_ACTIVATION_GELU, y);
        int wrong = 0;
        for (int j = 0; j < POINTS; j++) wrong += !(fabs(y[j] - gelu(x[j])) <= 4e-7 * fmax(fabs((double)x[j]), 1e-30));
        CHECK(wrong == 0, "%s: GELU is wrong at %d of all magnitudes", levels[i].name, wrong);
        wrong = 0;
        for (int j = 0; j < POINTS; j++) {
            float glu[2] = {3, x[j]}, two_ones[2] = {1, 1}, two_zeros[2] = {0, 0}, out;
            kernels->affine_glu_f32(glu, two_ones, two_zeros, 1, 1, &out);
            wrong += !(fabs(out - 3 / (1 + exp(-(double)x[j]))) <= 1e-6);
        }
        CHECK(wrong == 0, "%s: the sigmoid is wrong at %d of all magnitudes", levels[i].name, wrong);
        for (int a = DMX_ACTIVATION_NONE; a <= DMX_ACTIVATION_GELU; a++) {
            float nan[3] = {NAN, 1, NAN}, out[3];
            kernels->affine_f32(nan, one, zero, 3, (dmx_activation)a, out);
            CHECK(isnan(out[0]) && !isnan(out[1]) && isnan(out[2]), "%s: activation %d loses NaN", levels[i].name, a);
        }
        float glu[4] = {1, 1, NAN, 2}, ones[4] = {1, 1, 1, 1}, zeros[4] = {0}, out[2];
        kernels->affine_glu_f32(glu, ones, zeros, 1, 2, out);
        CHECK(isnan(out[0]) && !isnan(out[1]), "%s: GLU loses a NaN of the gate", levels[i].name);
        guarded_free(x);
        guarded_free(one);
        guarded_free(zero);
        guarded_free(y);
    }
}

TEST_MAIN(test_gelu, test_sigmoid, test_exp, test_tanh, test_extremes)
