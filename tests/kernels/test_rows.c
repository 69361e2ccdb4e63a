/* test_rows.c - the kernels that work row by row (softmax, scaling of rows, layer norm) at every level, against the
 * formula in double precision. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int widths[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 257};
enum { WIDTHS = sizeof widths / sizeof *widths };

/* Canaries between the rows must still be there. */
static bool gaps_intact(const float *x, size_t rows, size_t columns, size_t stride)
{
    for (size_t r = 0; r + 1 < rows; r++)
        for (size_t j = columns; j < stride; j++)
            if (!is_canary(x[r * stride + j])) return false;
    return true;
}

static float *draw_rows(uint32_t *state, size_t rows, size_t columns, size_t stride, float low, float high)
{
    float *x = guarded_alloc(rows * stride);
    for (size_t r = 0; r < rows; r++) random_fill(state, x + r * stride, columns, low, high);
    return x;
}

/* Scores come in blocks, as attention hands them over; at the end exp(score - max) / sum must be the softmax. */
static void check_softmax(const level *l, uint32_t seed, size_t rows, size_t columns, float scale)
{
    enum { BLOCKS = 3, MAX_ROWS = 8 };
    uint32_t state = seed * 2654435761u | 1;
    size_t stride = columns + (size_t)random_int(&state, 0, 9);
    float max[MAX_ROWS], sum[MAX_ROWS], correction[MAX_ROWS], *original[BLOCKS], *s[BLOCKS];
    double worst = 0, weight[MAX_ROWS][BLOCKS];
    for (size_t r = 0; r < rows; r++) max[r] = -INFINITY, sum[r] = 0;
    for (int b = 0; b < BLOCKS; b++) {
        original[b] = draw_rows(&state, rows, columns, stride, -20, 20);
        s[b] = guarded_alloc(rows * stride);
        memcpy(s[b], original[b], rows * stride * sizeof *s[b]);
        l->kernels->softmax_f32(s[b], (ptrdiff_t)stride, rows, columns, scale, max, sum, correction);
        CHECK(guarded_intact(s[b], rows * stride) && gaps_intact(s[b], rows, columns, stride),
              "%s: written outside the scores (seed %u)", l->name, seed);
        for (size_t r = 0; r < rows; r++) {
            CHECK(b > 0 || correction[r] == 0, "%s: first correction is %g", l->name, (double)correction[r]);
            for (int earlier = 0; earlier < b; earlier++) weight[r][earlier] *= (double)correction[r];
            weight[r][b] = 1;
        }
    }
    for (size_t r = 0; r < rows; r++) {
        double top = -INFINITY, total = 0;
        for (int b = 0; b < BLOCKS; b++)
            for (size_t j = 0; j < columns; j++) { /* no fmax: gcc 12 for ARM breaks on it in a loop */
                double score = (double)scale * (double)original[b][r * stride + j];
                if (score > top) top = score;
            }
        for (int b = 0; b < BLOCKS; b++)
            for (size_t j = 0; j < columns; j++)
                total += exp((double)scale * (double)original[b][r * stride + j] - top);
        for (int b = 0; b < BLOCKS; b++) {
            for (size_t j = 0; j < columns; j++) {
                double exact = exp((double)scale * (double)original[b][r * stride + j] - top) / total;
                double got = (double)s[b][r * stride + j] * weight[r][b] / (double)sum[r];
                double error = fabs(got - exact) / (exact + 1e-30);
                if (!(error <= worst)) worst = isnan(error) ? INFINITY : error;
            }
        }
    }
    /* An argument of exp of up to |scale| * 40 is rounded a few times, the sum and the corrections a few times more. */
    double bound = EPSILON * (4 * 40 * fabs((double)scale) + 30);
    CHECK(worst < bound, "%s: relative error %g above %g (seed %u: %zu x %zu, scale %g)", l->name, worst, bound, seed,
          rows, columns, (double)scale);
    for (int b = 0; b < BLOCKS; b++) {
        guarded_free(original[b]);
        guarded_free(s[b]);
    }
}

static void test_softmax(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    static const float scales[] = {0.125f, 1, -0.5f};
    uint32_t seed = first_seed();
    for (int i = 0; i < count; i++) {
        for (int w = 0; w < WIDTHS; w++)
            check_softmax(&levels[i], seed++, 1 + (size_t)w % 5, (size_t)widths[w], scales[w % 3]);
        float s[2] = {1, 2}, max[1] = {-INFINITY}, sum[1] = {0}, correction[1] = {7};
        levels[i].kernels->softmax_f32(s, 2, 0, 2, 1, max, sum, correction);
        levels[i].kernels->softmax_f32(s, 2, 1, 0, 1, max, sum, correction);
        CHECK(s[0] == 1 && s[1] == 2 && isinf(max[0]) && sum[0] == 0 && correction[0] == 7,
              "%s: 0 rows or columns did something", levels[i].name);
    }
}

static void test_scale_rows(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    for (int w = 0; w < WIDTHS; w++) {
        uint32_t seed = first_seed() + (uint32_t)w, state = seed * 2654435761u | 1;
        size_t rows = (size_t)w % 5, columns = (size_t)widths[w], stride = columns + (size_t)w % 3;
        float *x = draw_rows(&state, rows, columns, stride, -2, 2), *factor = guarded_random(&state, rows, -2, 2);
        for (int i = 0; i < count; i++) {
            float *y = guarded_alloc(rows * stride);
            memcpy(y, x, rows * stride * sizeof *y);
            levels[i].kernels->scale_rows_f32(y, (ptrdiff_t)stride, rows, columns, factor);
            size_t wrong = 0;
            for (size_t r = 0; r < rows; r++) /* one product, one rounding: exactly this */
                for (size_t j = 0; j < columns; j++) wrong += !(y[r * stride + j] == x[r * stride + j] * factor[r]);
            CHECK(wrong == 0, "%s: %zu of %zu x %zu wrong (seed %u)", levels[i].name, wrong, rows, columns, seed);
            CHECK(guarded_intact(y, rows * stride) && gaps_intact(y, rows, columns, stride),
                  "%s: written outside the rows (seed %u)", levels[i].name, seed);
            guarded_free(y);
        }
        guarded_free(x);
        guarded_free(factor);
    }
}

/* How far layer norm may be off in one row: the mean is off by gamma_n times the mean magnitude, and so is each
 * difference; dividing by the deviation enlarges that; the deviation itself has a relative error of about gamma_n. */
static double layer_norm_bound(const float *x, size_t n, double deviation, double largest_gamma)
{
    double magnitude = 0;
    for (size_t c = 0; c < n; c++) magnitude += fabs((double)x[c]) / (double)n;
    double gamma = gamma_n((double)n + 4);
    return largest_gamma * (4 * gamma * magnitude / deviation + gamma * sqrt((double)n)) + 4 * EPSILON;
}

static void check_layer_norm(const level *l, uint32_t seed, size_t rows, size_t channels, float offset)
{
    const float eps = 1e-5f;
    uint32_t state = seed * 2654435761u | 1;
    float *x = guarded_random(&state, rows * channels, offset - 1, offset + 1), *y = guarded_alloc(rows * channels);
    float *gamma = guarded_random(&state, channels, -2, 2), *beta = guarded_random(&state, channels, -1, 1);
    l->kernels->layer_norm_f32(x, gamma, beta, rows, channels, eps, y);
    double worst = 0;
    for (size_t r = 0; r < rows; r++) {
        const float *row = x + r * channels;
        double mean = 0, variance = 0;
        for (size_t c = 0; c < channels; c++) mean += (double)row[c] / (double)channels;
        for (size_t c = 0; c < channels; c++) variance += pow((double)row[c] - mean, 2) / (double)channels;
        double deviation = sqrt(variance + (double)eps), bound = layer_norm_bound(row, channels, deviation, 2);
        for (size_t c = 0; c < channels; c++) {
            double exact = ((double)row[c] - mean) / deviation * (double)gamma[c] + (double)beta[c];
            double ratio = fabs((double)y[r * channels + c] - exact) / bound;
            if (!(ratio <= worst)) worst = isnan(ratio) ? INFINITY : ratio;
        }
    }
    CHECK(worst <= 1, "%s: error is %g times the bound (seed %u: %zu x %zu)", l->name, worst, seed, rows, channels);
    CHECK(guarded_intact(y, rows * channels), "%s: written outside y (seed %u)", l->name, seed);

    float *in_place = guarded_alloc(rows * channels);
    memcpy(in_place, x, rows * channels * sizeof *x);
    l->kernels->layer_norm_f32(in_place, gamma, beta, rows, channels, eps, in_place);
    CHECK(memcmp(in_place, y, rows * channels * sizeof *y) == 0, "%s: other bits in place (seed %u)", l->name, seed);
    guarded_free(x);
    guarded_free(y);
    guarded_free(gamma);
    guarded_free(beta);
    guarded_free(in_place);
}

static void test_layer_norm(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    uint32_t seed = first_seed();
    for (int i = 0; i < count; i++)
        for (int w = 0; w < WIDTHS; w++)
            for (size_t rows = 0; rows < 4; rows++, seed++)
                check_layer_norm(&levels[i], seed, rows, (size_t)widths[w], seed % 2 ? 0 : 3);
}

TEST_MAIN(test_softmax, test_scale_rows, test_layer_norm)
