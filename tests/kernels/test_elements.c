/* test_elements.c - the element-wise kernels (moments, gram matrix, affine, GLU after a norm, add, LSTM gates, half
 * precision) at every level.
 */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int sizes[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 100, 257};
enum { SIZES = sizeof sizes / sizeof *sizes };

static uint32_t state_of(uint32_t seed) { return seed * 2654435761u | 1; }

static void test_moments(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    enum { ROWS = 5, MOST = 257 };
    for (int s = 0; s < SIZES; s++) {
        size_t n = (size_t)sizes[s];
        uint32_t seed = first_seed() + (uint32_t)s, state = state_of(seed);
        float *x = guarded_random(&state, ROWS * n, -3, 3);
        for (int i = 0; i < count; i++) {
            double sum[MOST + 2] = {0}, square_sum[MOST + 2] = {0};
            sum[n + 1] = square_sum[n + 1] = sum[0] = square_sum[0] = -1;
            for (size_t r = 0; r < ROWS; r++) levels[i].kernels->moments_f32(x + r * n, n, sum + 1, square_sum + 1);
            size_t wrong = 0;
            for (size_t c = 0; c < n; c++) {
                double a = 0, b = 0;
                for (size_t r = 0; r < ROWS; r++) { /* the square of a float is exact in double: so are the bits */
                    a += (double)x[r * n + c];
                    b += (double)x[r * n + c] * (double)x[r * n + c];
                }
                wrong += !(sum[c + 1] == a && square_sum[c + 1] == b);
            }
            CHECK(wrong == 0, "%s: %zu of %zu wrong (seed %u)", levels[i].name, wrong, n, seed);
            CHECK(sum[0] + square_sum[0] + sum[n + 1] + square_sum[n + 1] == -4, "%s: written outside (%zu)",
                  levels[i].name, n);
        }
        guarded_free(x);
    }
}

/* Any rows of the matrix, with gaps between the rows of x; what was not asked for stays. The bound is that of a sum in
 * double: products of floats are exact there. */
static void check_gram(const level *l, uint32_t seed, size_t n)
{
    uint32_t state = state_of(seed);
    const size_t rows = (size_t)random_int(&state, 0, 40), stride = n + (size_t)random_int(&state, 0, 5);
    const size_t begin = (size_t)random_int(&state, 0, (int)n), end = (size_t)random_int(&state, (int)begin, (int)n);
    float *x = guarded_random(&state, rows * stride, -3, 3);
    double *gram = malloc((n * n + n + 1) * sizeof *gram), *sum = gram + n * n;
    if (gram == NULL) abort();
    for (size_t i = 0; i < n * n + n; i++) gram[i] = 1e9;
    l->kernels->gram_f32(x, (ptrdiff_t)stride, rows, n, begin, end, gram, sum);
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        const bool inside = i >= begin && i < end;
        double total = 0;
        for (size_t r = 0; r < rows; r++) total += (double)x[r * stride + i];
        wrong += !(inside ? fabs(sum[i] - total) <= 1e-13 * 3 * (double)rows : sum[i] == 1e9);
        for (size_t j = 0; j < n; j++) {
            double product = 0;
            for (size_t r = 0; r < rows; r++) product += (double)x[r * stride + i] * (double)x[r * stride + j];
            const double found = gram[i * n + j];
            wrong += !(inside ? fabs(found - product) <= 1e-13 * 9 * (double)rows : found == 1e9);
        }
    }
    CHECK(wrong == 0, "%s: %zu numbers wrong, rows %zu to %zu of %zu from %zu (seed %u)", l->name, wrong, begin, end, n,
          rows, seed);
    guarded_free(x);
    free(gram);
}

static void test_gram(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    uint32_t seed = first_seed();
    for (int i = 0; i < count; i++)
        for (int s = 0; s < SIZES && sizes[s] <= 100; s++)
            for (int round = 0; round < 4; round++, seed++) check_gram(&levels[i], seed, (size_t)sizes[s]);
}

static double activate(double x, dmx_activation activation)
{
    if (activation == DMX_ACTIVATION_RELU) return x > 0 ? x : 0;
    return activation == DMX_ACTIVATION_GELU ? 0.5 * x * erfc(-x * sqrt(0.5)) : x;
}

static void check_affine(const level *l, uint32_t seed, size_t n, dmx_activation activation)
{
    uint32_t state = state_of(seed);
    float *x = guarded_random(&state, n, -3, 3), *scale = guarded_random(&state, n, -2, 2);
    float *shift = guarded_random(&state, n, -2, 2), *y = guarded_alloc(n);
    l->kernels->affine_f32(x, scale, shift, n, activation, y);
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        double product = (double)x[i] * (double)scale[i], z = product + (double)shift[i];
        double bound = 1.13 * 2 * EPSILON * (fabs(product) + fabs((double)shift[i])) + 2e-7 * fmax(1, fabs(z));
        wrong += !(fabs((double)y[i] - activate(z, activation)) <= bound);
    }
    CHECK(wrong == 0, "%s: %zu of %zu wrong, activation %d (seed %u)", l->name, wrong, n, (int)activation, seed);
    CHECK(guarded_intact(y, n), "%s: written outside y (seed %u)", l->name, seed);
    l->kernels->affine_f32(x, scale, shift, n, activation, x);
    CHECK(memcmp(x, y, n * sizeof *y) == 0, "%s: other bits in place (seed %u)", l->name, seed);
    guarded_free(x);
    guarded_free(scale);
    guarded_free(shift);
    guarded_free(y);
}

static void test_affine(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    uint32_t seed = first_seed();
    for (int i = 0; i < count; i++)
        for (int s = 0; s < SIZES; s++)
            for (int a = DMX_ACTIVATION_NONE; a <= DMX_ACTIVATION_GELU; a++, seed++)
                check_affine(&levels[i], seed, (size_t)sizes[s], (dmx_activation)a);
}

static void check_affine_glu(const level *l, uint32_t seed, size_t rows, size_t channels)
{
    uint32_t state = state_of(seed);
    size_t n = rows * channels;
    float *x = guarded_random(&state, 2 * n, -3, 3), *scale = guarded_random(&state, 2 * n, -2, 2);
    float *shift = guarded_random(&state, 2 * n, -2, 2), *y = guarded_alloc(n);
    l->kernels->affine_glu_f32(x, scale, shift, rows, channels, y);
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        size_t value = i / channels * 2 * channels + i % channels, gate = value + channels;
        double v = (double)x[value] * (double)scale[value] + (double)shift[value];
        double g = (double)x[gate] * (double)scale[gate] + (double)shift[gate];
        wrong += !(fabs((double)y[i] - v / (1 + exp(-g))) <= 2e-7 * 8 * 2); /* |v| < 8, and two roundings */
    }
    CHECK(wrong == 0, "%s: %zu of %zu x %zu wrong (seed %u)", l->name, wrong, rows, channels, seed);
    CHECK(guarded_intact(y, n), "%s: written outside y (seed %u)", l->name, seed);
    guarded_free(x);
    guarded_free(scale);
    guarded_free(shift);
    guarded_free(y);
}

static void test_affine_glu(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    uint32_t seed = first_seed();
    for (int i = 0; i < count; i++)
        for (int s = 1; s < SIZES; s++)
            for (size_t rows = 0; rows < 4; rows++, seed++) check_affine_glu(&levels[i], seed, rows, (size_t)sizes[s]);
}

static void test_add(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    for (int s = 0; s < SIZES; s++) {
        size_t n = (size_t)sizes[s];
        uint32_t seed = first_seed() + (uint32_t)s, state = state_of(seed);
        float *a = guarded_random(&state, n, -1, 1), *b = guarded_random(&state, n, -1, 1);
        for (int i = 0; i < count; i++) {
            float *y[3] = {guarded_alloc(n), guarded_alloc(n), guarded_alloc(n)};
            memcpy(y[1], a, n * sizeof *a);
            memcpy(y[2], b, n * sizeof *b);
            levels[i].kernels->add_f32(a, b, n, y[0]);
            levels[i].kernels->add_f32(y[1], b, n, y[1]);
            levels[i].kernels->add_f32(a, y[2], n, y[2]);
            for (int way = 0; way < 3; way++) {
                size_t wrong = 0;
                for (size_t j = 0; j < n; j++) wrong += !(y[way][j] == a[j] + b[j]);
                CHECK(wrong == 0 && guarded_intact(y[way], n), "%s: %zu of %zu wrong, y is %s (seed %u)",
                      levels[i].name, wrong, n,
                      way == 0   ? "apart"
                      : way == 1 ? "a"
                                 : "b",
                      seed);
                guarded_free(y[way]);
            }
        }
        guarded_free(a);
        guarded_free(b);
    }
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* Rows with gaps, some units of a block missing: nothing but c and h may be written, and the gates of the missing units
 * not be used. */
static void check_lstm_gates(const level *l, uint32_t seed, size_t rows, size_t units)
{
    uint32_t state = state_of(seed);
    const size_t columns = (units + DMX_PANEL - 1) / DMX_PANEL * 4 * DMX_PANEL;
    const size_t gates_stride = columns + seed % 3, c_stride = units + seed % 5, h_stride = 2 * units + 1;
    float *gates = guarded_random(&state, rows * gates_stride, -6, 6),
          *c = guarded_random(&state, rows * c_stride, -2, 2);
    float *before = guarded_alloc(rows * c_stride), *h = guarded_alloc(rows * h_stride);
    memcpy(before, c, rows * c_stride * sizeof *c);
    l->kernels->lstm_gates_f32(gates, (ptrdiff_t)gates_stride, rows, units, c, (ptrdiff_t)c_stride, h,
                               (ptrdiff_t)h_stride);
    size_t wrong = 0;
    for (size_t r = 0; r < rows; r++) {
        for (size_t u = 0; u < units; u++) {
            const float *g = gates + r * gates_stride + u / DMX_PANEL * 4 * DMX_PANEL + u % DMX_PANEL;
            const double old = (double)before[r * c_stride + u], in = (double)g[0], forget = (double)g[DMX_PANEL];
            const double cell = (double)g[2 * DMX_PANEL], out = (double)g[3 * DMX_PANEL];
            const double exact = sigmoid(forget) * old + sigmoid(in) * tanh(cell);
            /* |c| <= 3 and each of the few functions and products is good to 2.5e-7 of its result */
            wrong += !(fabs((double)c[r * c_stride + u] - exact) <= 2 * 3 * 2.5e-7);
            wrong += !(fabs((double)h[r * h_stride + u] - sigmoid(out) * tanh(exact)) <= 4 * 2.5e-7 + 2 * 3 * 2.5e-7);
        }
        for (size_t u = units; u < c_stride; u++) wrong += !(c[r * c_stride + u] == before[r * c_stride + u]);
        for (size_t u = units; u < h_stride; u++) wrong += !is_canary(h[r * h_stride + u]);
    }
    CHECK(wrong == 0, "%s: %zu of %zu x %zu wrong (seed %u)", l->name, wrong, rows, units, seed);
    CHECK(guarded_intact(c, rows * c_stride) && guarded_intact(h, rows * h_stride), "%s: written outside (seed %u)",
          l->name, seed);
    guarded_free(gates);
    guarded_free(c);
    guarded_free(before);
    guarded_free(h);
}

static void test_lstm_gates(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    uint32_t seed = first_seed();
    for (int i = 0; i < count; i++)
        for (int s = 0; s < SIZES; s++)
            for (size_t rows = 0; rows < 4; rows++, seed++) check_lstm_gates(&levels[i], seed, rows, (size_t)sizes[s]);
}

/* The value of a half, from its definition and not from bits of a float. */
static double half_value(unsigned half)
{
    double magnitude =
        (half & 0x7c00) == 0 ? (half & 1023) * 0x1p-24 : (1024 + (half & 1023)) * pow(2, (int)(half >> 10 & 31) - 25);
    if ((half & 0x7c00) == 0x7c00) magnitude = (half & 1023) != 0 ? NAN : INFINITY;
    return half >> 15 ? -magnitude : magnitude;
}

/* All 65,536 halves, from an odd address; and every short count. */
static void test_f16(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    enum { ALL = 65536 };
    unsigned char *bytes = malloc(2 * ALL + 1);
    REQUIRE(bytes != NULL, "no memory");
    for (unsigned h = 0; h < ALL; h++) bytes[1 + 2 * h] = (unsigned char)h, bytes[2 + 2 * h] = (unsigned char)(h >> 8);
    for (int i = 0; i < count; i++) {
        float *y = guarded_alloc(ALL);
        levels[i].kernels->f16_to_f32(bytes + 1, ALL, y);
        size_t wrong = 0;
        for (unsigned h = 0; h < ALL; h++) {
            double exact = half_value(h);
            wrong += isnan(exact) ? !isnan(y[h]) : !((double)y[h] == exact && !signbit(y[h]) == !signbit(exact));
        }
        CHECK(wrong == 0 && guarded_intact(y, ALL), "%s: %zu halves wrong", levels[i].name, wrong);
        guarded_free(y);
        for (size_t n = 0; n < 40; n++) {
            y = guarded_alloc(n);
            levels[i].kernels->f16_to_f32(bytes + 1 + 2 * (ALL - 1024 - n), n, y);
            CHECK(guarded_intact(y, n), "%s: written outside, n = %zu", levels[i].name, n);
            wrong = 0;
            for (size_t j = 0; j < n; j++) wrong += !((double)y[j] == half_value((unsigned)(ALL - 1024 - n + j)));
            CHECK(wrong == 0, "%s: %zu of %zu wrong", levels[i].name, wrong, n);
            guarded_free(y);
        }
    }
    free(bytes);
}

/* A level that is asked for and not there gives the next lower one, and never NULL; what has vectors gets no scalar
 * one. */
static void test_table(void)
{
    const dmx_cpu_level best = dmx_cpu_best();
    CHECK(best == DMX_CPU_SCALAR || dmx_kernels_get(best)->level != DMX_CPU_SCALAR,
          "%s: nothing but scalar is built in", dmx_cpu_level_name(best));
    for (int i = 0; i < DMX_CPU_LEVELS; i++) {
        const dmx_kernels *kernels = dmx_kernels_get((dmx_cpu_level)i);
        REQUIRE(kernels != NULL, "level %d", i);
        CHECK((int)kernels->level <= i && kernels->gemm_rows >= 1, "level %d gave %d", i, (int)kernels->level);
        CHECK(kernels->gemm_f32 && kernels->gemm_scratch && kernels->pack_f32 && kernels->softmax_f32 &&
                  kernels->scale_rows_f32 && kernels->moments_f32 && kernels->affine_f32 && kernels->affine_glu_f32 &&
                  kernels->add_f32 && kernels->layer_norm_f32 && kernels->lstm_gates_f32 && kernels->f16_to_f32 &&
                  kernels->gram_f32 && kernels->winograd_input_f32 && kernels->winograd_output_glu_f32,
              "level %d has an empty entry", i);
    }
}

TEST_MAIN(test_moments, test_gram, test_affine, test_affine_glu, test_add, test_lstm_gates, test_f16, test_table)
