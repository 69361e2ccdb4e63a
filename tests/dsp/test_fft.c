/* The FFT against a DFT in double, for every length up to 400 and some long ones.
 *
 * Bound: rounding in float grows with the number of passes; measured 1.3e-7 (relative, rms) at 4096 and 1.4e-7 at 3125.
 * 3e-7 is asked for. */
#include "base/alloc.h"
#include "dsp/fft.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BOUND 3e-7
#define TAU   6.28318530717958647693

static float noise(size_t i) { return (float)((i * 2654435761u + 12345u) % 65536u) / 65536 - 0.5f; }

static double relative(double error, double size) { return size > 0 ? sqrt(error / size) : error; }

static double forward_error(size_t n, const float *x, const float *re, const float *im)
{
    double error = 0, size = 0;
    for (size_t k = 0; k <= n / 2; k++) {
        double sum_re = 0, sum_im = 0;
        for (size_t i = 0; i < n; i++) {
            double angle = TAU * (double)(k * i % n) / (double)n;
            sum_re += (double)x[i] * cos(angle);
            sum_im -= (double)x[i] * sin(angle);
        }
        error += (sum_re - re[k]) * (sum_re - re[k]) + (sum_im - im[k]) * (sum_im - im[k]);
        size += sum_re * sum_re + sum_im * sum_im;
    }
    return relative(error, size);
}

static double inverse_error(size_t n, const float *re, const float *im, const float *x)
{
    double error = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        double sum = re[0];
        for (size_t k = 1; k <= n / 2; k++) {
            double angle = TAU * (double)(k * i % n) / (double)n;
            bool nyquist = 2 * k == n;
            sum += nyquist ? (double)re[k] * cos(angle) : 2 * ((double)re[k] * cos(angle) - (double)im[k] * sin(angle));
        }
        error += (sum - x[i]) * (sum - x[i]);
        size += sum * sum;
    }
    return relative(error, size);
}

static void check_length_at(dmx_cpu_level level, size_t n)
{
    dmx_fft *fft = dmx_fft_create(n);
    REQUIRE(fft, "no plan of length %zu", n);
    size_t bins = n / 2 + 1;
    float *x = malloc(n * sizeof *x), *re = malloc(bins * sizeof *re), *im = malloc(bins * sizeof *im);
    float *scratch = malloc(dmx_fft_scratch(fft) * sizeof *scratch);
    for (size_t i = 0; i < n; i++) x[i] = noise(i);
    dmx_fft_forward(fft, dmx_kernels_get(level), x, re, im, scratch);
    double error = forward_error(n, x, re, im);
    CHECK(error < BOUND, "forward, length %zu, %s: %.2g", n, dmx_cpu_level_name(level), error);

    /* any spectrum, with imaginary parts where a real signal has none: they must not count */
    for (size_t k = 0; k < bins; k++) re[k] = noise(3 * k + 1), im[k] = noise(5 * k + 2);
    dmx_fft_inverse(fft, dmx_kernels_get(level), re, im, x, scratch);
    error = inverse_error(n, re, im, x);
    CHECK(error < BOUND, "inverse, length %zu, %s: %.2g", n, dmx_cpu_level_name(level), error);
    free(x), free(re), free(im), free(scratch);
    dmx_fft_free(fft);
}

static void check_length(size_t n)
{
    for (int level = 0; level < DMX_CPU_LEVELS; level++)
        if (dmx_cpu_has((dmx_cpu_level)level)) check_length_at((dmx_cpu_level)level, n);
}

static void test_short_lengths(void)
{
    int checked = 0;
    for (size_t n = 1; n <= 400; n++)
        if (dmx_fft_length_ok(n)) check_length(n), checked++;
    CHECK(checked == 400, "%d lengths", checked);
}

static void test_long_lengths(void)
{
    static const size_t lengths[] = {448, 512, 896, 997, 1000, 1024, 1536, 2002, 2048, 3125, 4096, 4608};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) check_length(lengths[i]);
}

static void test_refused_lengths(void)
{
    static const size_t lengths[] = {0, 1009, 2018, 8209, (size_t)1 << 28, SIZE_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        CHECK(!dmx_fft_length_ok(lengths[i]), "%zu is ok", lengths[i]);
        CHECK(!dmx_fft_create(lengths[i]), "%zu has a plan", lengths[i]);
    }
}

static void test_no_memory(void)
{
    for (int64_t countdown = 0; countdown < 3; countdown++) {
        dmx_alloc_fail_after(countdown);
        dmx_fft *fft = dmx_fft_create(countdown < 2 ? 4096 : 448); /* which has roots too */
        dmx_alloc_fail_after(-1);
        CHECK(!fft, "allocation %d failed, and there is a plan", (int)countdown);
    }
}

TEST_MAIN(test_short_lengths, test_long_lengths, test_refused_lengths, test_no_memory)
