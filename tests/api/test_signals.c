/* test_signals.c - unusual audio: NaN, infinity, silence, one sample, none, very loud; and loudness gathered in pieces.
 */
#include "api.h"

#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

/* Non-finite samples count as zero: in the loudness as in the mix. */
static void test_nan_is_zero(void)
{
    enum { FRAMES = 4000 };
    demucs_model *model = api_load(API_MODEL);
    const demucs_options o = api_options(1);
    if (model == NULL) return;
    float *with_nan = api_noise(API_CHANNELS, FRAMES, 1), *with_zero = api_noise(API_CHANNELS, FRAMES, 1);
    const size_t places[] = {0, 3, 999, 2399, 3199, 3200, 7999};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        with_nan[places[i]] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -INFINITY;
        with_zero[places[i]] = 0;
    }
    float *a = api_stems(model, &o, with_nan, FRAMES), *b = api_stems(model, &o, with_zero, FRAMES);
    if (a != NULL && b != NULL) {
        CHECK(all_finite(a, API_PLANES * FRAMES), "NaN came through");
        CHECK(memcmp(a, b, API_PLANES * FRAMES * sizeof *a) == 0, "NaN is not as zero");
    }
    free(a);
    free(b);
    free(with_nan);
    free(with_zero);
    demucs_model_free(model);
}

/* The network has biases, so silence is not silent before it is scaled by the deviation of the track, which is 1e-8. */
static void test_silence(void)
{
    enum { FRAMES = 6000 };
    demucs_model *model = api_load(API_BAG);
    const demucs_options o = api_options(1);
    if (model == NULL) return;
    float *mix = calloc(API_CHANNELS * FRAMES, sizeof *mix), *stems = api_stems(model, &o, mix, FRAMES);
    for (size_t i = 0; stems != NULL && i < API_PLANES * FRAMES; i++)
        if (fabsf(stems[i]) > 1e-6f) {
            CHECK(false, "silence became %g", (double)stems[i]);
            break;
        }
    free(stems);
    free(mix);
    demucs_model_free(model);
}

static void test_short_tracks(void)
{
    demucs_model *model = api_load(API_MODEL);
    if (model == NULL) return;
    for (int split = 0; split < 2; split++)
        for (size_t frames = 1; frames < 5; frames++) {
            demucs_options o = api_options(2);
            o.split = split == 1;
            o.shifts = o.split ? (int)frames - 1 : 0; /* a shifted track is longer than the segment */
            float *mix = api_noise(API_CHANNELS, frames, 9), *stems = api_stems(model, &o, mix, frames);
            CHECK(stems != NULL && all_finite(stems, API_PLANES * frames), "%zu frames", frames);
            free(stems);
            free(mix);
        }
    demucs_model_free(model);
}

/* No frames: nothing is written, and an empty stream ends at once. */
static void test_empty_track(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_options o = api_options(1);
    o.normalize = false;
    demucs_separator *s = model != NULL ? api_create(model, &o) : NULL;
    if (s == NULL) return;
    demucs_error error = {DEMUCS_OK, ""};
    float frame[API_PLANES] = {1, 1, 1, 1, 1, 1, 1, 1}, *planes[API_PLANES];
    size_t got = 9;
    api_planes(planes, frame, API_PLANES, 1);
    CHECK(demucs_separate(s, (const float *const[]){frame, frame}, 0, planes, &error) == DEMUCS_OK, "%s",
          error.message);
    CHECK(demucs_separator_begin(s, 0, NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_separator_finish(s, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_separator_pull(s, planes, 1, &got, &error) == DEMUCS_OK && got == 0, "%zu: %s", got, error.message);
    for (int p = 0; p < API_PLANES; p++) CHECK(frame[p] == 1, "plane %d was written", p);
    CHECK(demucs_separator_begin(s, 0, NULL, &error) == DEMUCS_OK, "ready for another: %s", error.message);
    demucs_separator_free(s);
    demucs_model_free(model);
}

/* Samples far beyond 1, and of the smallest kind, stay finite; what is louder comes out louder by as much. */
static void test_loud_and_quiet(void)
{
    enum { FRAMES = 3600 };
    demucs_model *model = api_load(API_MODEL);
    const demucs_options o = api_options(1);
    if (model == NULL) return;
    float *mix = api_noise(API_CHANNELS, FRAMES, 10), *plain = api_stems(model, &o, mix, FRAMES);
    const float gains[] = {1024, 1e30f, 1e-40f};
    for (int k = 0; plain != NULL && k < 3; k++) {
        float *other = api_noise(API_CHANNELS, FRAMES, 10);
        for (size_t i = 0; i < API_CHANNELS * FRAMES; i++) other[i] *= gains[k];
        float *stems = api_stems(model, &o, other, FRAMES);
        CHECK(stems != NULL && all_finite(stems, API_PLANES * FRAMES), "gain %g", (double)gains[k]);
        double worst = 0; /* a power of two changes nothing but the 1e-8 that is added to the deviation */
        for (size_t i = 0; k == 0 && stems != NULL && i < API_PLANES * FRAMES; i++) {
            double off = fabs((double)stems[i] / 1024 - (double)plain[i]);
            if (off > worst) worst = off; /* no fmax: gcc 12 for ARM breaks on it in a loop */
        }
        CHECK(worst < 1e-4, "gain 1024: %g", worst);
        free(stems);
        free(other);
    }
    free(plain);
    free(mix);
    demucs_model_free(model);
}

/* Mean and unbiased deviation of the mono mix; pieces and their sizes do not matter, down to the bit. */
static void test_loudness(void)
{
    enum { FRAMES = 10000 };
    float *mix = api_noise(API_CHANNELS, FRAMES, 11);
    demucs_loudness whole = {0}, pieces = {0};
    demucs_loudness_add(&whole, (const float *const[]){mix, mix + FRAMES}, API_CHANNELS, FRAMES);
    for (size_t at = 0, piece = 1; at < FRAMES; at += piece, piece = piece * 2 + 1) {
        if (piece > FRAMES - at) piece = FRAMES - at;
        demucs_loudness_add(&pieces, (const float *const[]){mix + at, mix + FRAMES + at}, API_CHANNELS, piece);
    }
    double mean = 0, m2 = 0;
    for (size_t i = 0; i < FRAMES; i++) mean += ((double)mix[i] + (double)mix[FRAMES + i]) / 2 / FRAMES;
    for (size_t i = 0; i < FRAMES; i++) m2 += pow(((double)mix[i] + (double)mix[FRAMES + i]) / 2 - mean, 2);
    CHECK(whole.frames == FRAMES && fabs(whole.mean - mean) < 1e-12 && fabs(whole.m2 - m2) < 1e-9 * m2, "%g",
          whole.m2 - m2);
    CHECK(pieces.mean == whole.mean && pieces.m2 == whole.m2 && pieces.frames == whole.frames, "pieces differ");
    demucs_loudness_add(&whole, NULL, API_CHANNELS, 0);
    CHECK(whole.frames == FRAMES, "no frames");
    free(mix);
}

TEST_MAIN(test_nan_is_zero, test_silence, test_short_tracks, test_empty_track, test_loud_and_quiet, test_loudness)
