/* test_winograd.c - the transforms around the products of a Winograd convolution at every level, against their matrices
 * in double precision. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double spread[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}}; /* B^T */
static const double gather[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}};                              /* A^T */

static void check_input(const level *l, uint32_t seed, size_t n)
{
    uint32_t state = seed * 2654435761u | 1;
    const size_t stride = n + (size_t)random_int(&state, 0, 20), floats = 15 * stride + n;
    float *d[16], *v = guarded_alloc(floats);
    for (int p = 0; p < 16; p++) d[p] = guarded_random(&state, n, -2, 2);
    l->kernels->winograd_input_f32((const float *const *)d, n, v, stride);
    size_t wrong = 0;
    for (size_t p = 0; p < 16; p++)
        for (size_t i = 0; i < stride && p * stride + i < floats; i++) {
            double exact = 0;
            for (size_t q = 0; q < 16 && i < n; q++)
                exact += spread[p / 4][q / 4] * spread[p % 4][q % 4] * (double)d[q][i];
            const float found = v[p * stride + i];
            wrong += i < n ? !(fabs((double)found - exact) <= gamma_n(3) * 4 * 2) : !is_canary(found);
        }
    CHECK(wrong == 0 && guarded_intact(v, floats), "%s: %zu of 16 x %zu wrong (seed %u)", l->name, wrong, n, seed);
    for (int p = 0; p < 16; p++) guarded_free(d[p]);
    guarded_free(v);
}

static double exact_sum(const float *m, size_t stride, int output)
{
    double sum = 0;
    for (size_t p = 0; p < 16; p++)
        sum += gather[output / 2][p / 4] * gather[output % 2][p % 4] * (double)m[p * stride];
    return sum;
}

/* `beyond`: outputs of panels that follow. Columns that fill no panel, an odd number of panels, and tiles of which an
 * output is not wanted. */
static void check_output(const level *l, uint32_t seed, size_t outputs, size_t beyond)
{
    uint32_t state = seed * 2654435761u | 1;
    const size_t panels = (outputs + 7) / 8, stride = panels * 16 + (size_t)random_int(&state, 0, 20);
    float *m = guarded_random(&state, 15 * stride + panels * 16, -1, 1),
          *bias = guarded_random(&state, panels * 16, -1, 1);
    float *c[4];
    const int unwanted = random_int(&state, 0, 4);
    for (int o = 0; o < 4; o++) c[o] = o == unwanted ? NULL : guarded_alloc(outputs);
    l->kernels->winograd_output_glu_f32(m, stride, panels, bias, outputs + beyond, c);
    size_t wrong = 0;
    for (int o = 0; o < 4; o++)
        for (size_t j = 0; j < outputs && c[o] != NULL; j++) {
            const size_t value = j / 8 * 16 + j % 8, gate = value + 8;
            const double v = exact_sum(m + value, stride, o) + (double)bias[value];
            const double g = exact_sum(m + gate, stride, o) + (double)bias[gate];
            /* Sums of 10 numbers below 1; the slope of sigmoid is at most 1/4. */
            const double bound = gamma_n(10) * 10 * (1 + 0.25 * fabs(v)) + 3e-7 * fabs(v);
            wrong += !(fabs((double)c[o][j] - v / (1 + exp(-g))) <= bound);
        }
    CHECK(wrong == 0, "%s: %zu of 4 x %zu wrong (seed %u)", l->name, wrong, outputs, seed);
    for (int o = 0; o < 4; o++) {
        CHECK(c[o] == NULL || guarded_intact(c[o], outputs), "%s: written outside (seed %u)", l->name, seed);
        guarded_free(c[o]);
    }
    guarded_free(m);
    guarded_free(bias);
}

static void test_transforms(void)
{
    static const size_t sizes[] = {1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 100};
    level levels[8];
    int count = levels_to_test(levels);
    uint32_t seed = first_seed();
    for (int i = 0; i < count; i++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int round = 0; round < 4; round++, seed++) {
                check_input(&levels[i], seed, sizes[s]);
                check_output(&levels[i], seed, sizes[s], sizes[s] % 8 == 0 ? 5 : 0);
            }
}

TEST_MAIN(test_transforms)
