/* demucs_loudness_add against sums in two passes, in pieces, with samples that are not numbers. */
#include "demucs.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

#define FRAMES 30000

static float *planes[2];

static void make_signal(void)
{
    for (int c = 0; c < 2; c++) {
        planes[c] = malloc(FRAMES * sizeof(float));
        for (size_t n = 0; n < FRAMES; n++) planes[c][n] = 0.25f + (float)((n * n + 77 * n * (size_t)c) % 4099) / 4099;
    }
    planes[0][100] = NAN;
    planes[1][200] = INFINITY;
    planes[0][300] = -INFINITY;
}

static double mono(size_t n)
{
    double left = isfinite(planes[0][n]) ? planes[0][n] : 0, right = isfinite(planes[1][n]) ? planes[1][n] : 0;
    return (left + right) / 2;
}

static void test_loudness(void)
{
    make_signal();
    double mean = 0, m2 = 0;
    for (size_t n = 0; n < FRAMES; n++) mean += mono(n) / FRAMES;
    for (size_t n = 0; n < FRAMES; n++) m2 += (mono(n) - mean) * (mono(n) - mean);

    demucs_loudness whole = {0}, pieces = {0};
    demucs_loudness_add(&whole, (const float *const *)planes, 2, FRAMES);
    for (size_t first = 0, i = 0; first < FRAMES; i++) {
        const float *at[2] = {planes[0] + first, planes[1] + first};
        size_t count = i * 37 % 500 < FRAMES - first ? i * 37 % 500 : FRAMES - first;
        demucs_loudness_add(&pieces, at, 2, count);
        first += count;
    }
    CHECK(whole.frames == FRAMES, "%d frames", (int)whole.frames);
    CHECK(fabs(whole.mean - mean) < 1e-12, "mean %.15g, expected %.15g", whole.mean, mean);
    CHECK(fabs(whole.m2 / m2 - 1) < 1e-11, "m2 %.15g, expected %.15g", whole.m2, m2);
    CHECK(whole.mean == pieces.mean && whole.m2 == pieces.m2 && whole.frames == pieces.frames, "pieces differ");
    free(planes[0]), free(planes[1]);
}

static void test_nothing(void)
{
    demucs_loudness loudness = {0};
    demucs_loudness_add(&loudness, NULL, 2, 0);
    CHECK(loudness.frames == 0 && loudness.mean == 0 && loudness.m2 == 0, "no frames changed it");
}

TEST_MAIN(test_loudness, test_nothing)
