/* test_wiener.c - phases and the Wiener filter at every level: the formulas in C's complex numbers, and the same bits
 * at all levels. */
#include "check.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t state_of(uint32_t seed) { return seed * 2654435761u | 1; }

/* Numbers of all sizes, subnormal ones and zeros of both signs among them. */
static void fill_mix(uint32_t *state, float *z, size_t n)
{
    for (size_t i = 0; i < 2 * n; i++) z[i] = ldexpf(random_float(state, -1, 1), random_int(state, -149, 60));
    for (size_t i = 0; i < n; i += 5) z[2 * i] = random_int(state, 0, 1) ? 0.0f : -0.0f;
    for (size_t i = 0; i < n; i += 10) z[2 * i + 1] = random_int(state, 0, 1) ? 0.0f : -0.0f;
}

static void check_phase(const level *l, const level *scalar, uint32_t seed, size_t n, double floor)
{
    uint32_t state = state_of(seed);
    float *z = guarded_alloc(2 * n), *unit = guarded_alloc(2 * n), *expected = guarded_alloc(2 * n);
    fill_mix(&state, z, n);
    scalar->kernels->phase_f32(z, n, floor, expected);
    l->kernels->phase_f32(z, n, floor, unit);
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        const double complex x = (double)z[2 * i] + (double)z[2 * i + 1] * I;
        const double size = cabs(x) + floor;
        const double complex exact = size > 0 ? x / size : 1;
        wrong += !(fabs((double)unit[2 * i] - creal(exact)) <= EPSILON && /* one rounding of at most 1 */
                   fabs((double)unit[2 * i + 1] - cimag(exact)) <= EPSILON);
    }
    CHECK(wrong == 0, "%s: %zu of %zu wrong, floor %g (seed %u)", l->name, wrong, n, floor, seed);
    CHECK(memcmp(unit, expected, 2 * n * sizeof *unit) == 0, "%s: other bits than scalar (seed %u)", l->name, seed);
    CHECK(guarded_intact(unit, 2 * n), "%s: written outside (seed %u)", l->name, seed);
    l->kernels->phase_f32(z, n, floor, z);
    CHECK(memcmp(z, unit, 2 * n * sizeof *z) == 0, "%s: other bits in place (seed %u)", l->name, seed);
    guarded_free(z);
    guarded_free(unit);
    guarded_free(expected);
}

static void test_phase(void)
{
    static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 100};
    level levels[8];
    const int count = levels_to_test(levels);
    uint32_t seed = first_seed();
    for (int i = 0; i < count; i++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++, seed++) {
            check_phase(&levels[i], &levels[0], seed, sizes[s], 0);
            check_phase(&levels[i], &levels[0], seed, sizes[s], 1e-8);
        }
}

enum { B = DMX_WIENER_BINS, MOST_ESTIMATES = 6 };

/* A column of two complex numbers out of the block. */
static void column(const float *rows, size_t bin, double complex x[2])
{
    for (int c = 0; c < 2; c++)
        x[c] = (double)rows[2 * c * B + (int)bin] + (double)rows[(2 * c + 1) * B + (int)bin] * I;
}

static double power(const double complex x[2], double per_channel)
{
    return per_channel * (creal(x[0] * conj(x[0])) + creal(x[1] * conj(x[1])));
}

static void add_outer(const double complex x[2], double factor, double complex m[2][2])
{
    for (int r = 0; r < 2; r++)
        for (int c = 0; c < 2; c++) m[r][c] += factor * x[r] * conj(x[c]);
}

/* The formula of kernels.h for one bin; result[steps][estimates][2]. */
static void filter(const dmx_wiener_block *w, size_t bin, double complex (*result)[2])
{
    double complex spread[MOST_ESTIMATES][2][2] = {0}, x[2], y[2];
    for (size_t j = 0; j < w->estimates; j++) {
        double weight = DMX_WIENER_EPSILON;
        for (size_t t = 0; t < w->steps; t++) {
            column(w->y + (t * w->estimates + j) * 4 * B, bin, y);
            add_outer(y, 1, spread[j]);
            weight += power(y, w->per_channel);
        }
        for (int i = 0; i < 4; i++) spread[j][i / 2][i % 2] /= weight;
    }
    for (size_t t = 0; t < w->steps; t++) {
        double v[MOST_ESTIMATES];
        double complex all[2][2] = {{DMX_WIENER_REGULAR, 0}, {0, DMX_WIENER_REGULAR}}, solved[2];
        for (size_t j = 0; j < w->estimates; j++) {
            column(w->y + (t * w->estimates + j) * 4 * B, bin, y);
            v[j] = power(y, w->per_channel);
            for (int i = 0; i < 4; i++) all[i / 2][i % 2] += v[j] * spread[j][i / 2][i % 2];
        }
        column(w->mix + t * 4 * B, bin, x);
        const double complex determinant = all[0][0] * all[1][1] - all[0][1] * all[1][0];
        solved[0] = (all[1][1] * x[0] - all[0][1] * x[1]) / determinant;
        solved[1] = (all[0][0] * x[1] - all[1][0] * x[0]) / determinant;
        for (size_t j = 0; j < w->estimates; j++)
            for (int c = 0; c < 2; c++)
                result[t * w->estimates + j][c] = v[j] * (spread[j][c][0] * solved[0] + spread[j][c][1] * solved[1]);
    }
}

/* A block where the second channel, or a whole bin, may be silent. */
static dmx_wiener_block make_block(uint32_t *state, size_t steps, size_t estimates, int channels)
{
    dmx_wiener_block w = {.steps = steps, .estimates = estimates, .per_channel = 1.0 / channels};
    float *mix = guarded_random(state, steps * 4 * B, -2, 2);
    w.y = guarded_random(state, steps * estimates * 4 * B, -1, 1);
    for (size_t row = 0; row < steps * 4; row++)
        for (size_t b = 0; b < B; b++)
            if ((channels == 1 && row % 4 >= 2) || b == 3) mix[row * B + b] = 0;
    for (size_t row = 0; row < steps * estimates * 4; row++)
        for (size_t b = 0; b < B; b++)
            if ((channels == 1 && row % 4 >= 2) || b == 3) w.y[row * B + b] = 0;
    w.mix = mix;
    w.spread = calloc(estimates * 5 * B, sizeof *w.spread);
    return w;
}

static void free_block(dmx_wiener_block *w)
{
    guarded_free((float *)w->mix);
    guarded_free(w->y);
    free(w->spread);
}

static void check_filter(const level *l, const level *scalar, uint32_t seed, size_t steps, size_t estimates,
                         int channels)
{
    uint32_t state = state_of(seed), same = state;
    dmx_wiener_block w = make_block(&state, steps, estimates, channels);
    dmx_wiener_block specified = make_block(&same, steps, estimates, channels);
    double complex(*exact)[2] = calloc(B * steps * estimates, sizeof *exact);
    for (size_t b = 0; b < B; b++) filter(&w, b, exact + b * steps * estimates);
    l->kernels->wiener_f32(&w);
    scalar->kernels->wiener_f32(&specified);
    size_t wrong = 0;
    for (size_t b = 0; b < B; b++)
        for (size_t i = 0; i < steps * estimates; i++)
            for (int c = 0; c < 2; c++) {
                double complex y[2];
                column(w.y + i * 4 * B, b, y);
                /* a rounding to float, and double's magnified by a condition of at most 1e5 */
                const double size = cabs(exact[b * steps * estimates + i][c]);
                wrong += !(cabs(y[c] - exact[b * steps * estimates + i][c]) <= 2 * EPSILON * size + 1e-9);
            }
    CHECK(wrong == 0, "%s: %zu wrong, %zu steps, %zu estimates (seed %u)", l->name, wrong, steps, estimates, seed);
    const size_t count = steps * estimates * 4 * B;
    CHECK(memcmp(w.y, specified.y, count * sizeof *w.y) == 0, "%s: other bits than scalar (seed %u)", l->name, seed);
    CHECK(guarded_intact(w.y, count), "%s: written outside y (seed %u)", l->name, seed);
    free(exact);
    free_block(&w);
    free_block(&specified);
}

static void test_filter(void)
{
    level levels[8];
    const int count = levels_to_test(levels);
    uint32_t seed = first_seed();
    for (int i = 0; i < count; i++)
        for (size_t steps = 0; steps <= 33; steps += 11)
            for (size_t estimates = 1; estimates <= MOST_ESTIMATES; estimates++)
                for (int channels = 1; channels <= 2; channels++, seed++)
                    check_filter(&levels[i], &levels[0], seed, steps + 1, estimates, channels);
}

TEST_MAIN(test_phase, test_filter)
