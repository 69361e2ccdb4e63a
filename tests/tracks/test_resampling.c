/* test_resampling.c - samples whose rate changes on the way: no click where it does, and no shift after it. */
#include "tracks/planes.h"
#include "tracks/resampling.h"

#include "support/test.h"

#include <math.h>
#include <stdlib.h>

enum { TO_HZ = 44100, PART_FRAMES = 32000, MOST = 400000 };

static float *got;
static size_t got_frames;

static bool take(void *user, const float *const *planes, size_t frames, demucs_error *error)
{
    (void)user, (void)error;
    CHECK(got_frames + frames <= MOST, "%zu frames", got_frames + frames);
    if (got_frames + frames > MOST) return false;
    for (size_t i = 0; i < frames; i++) got[got_frames++] = planes[0][i];
    return true;
}

static double tone(double seconds) { return 0.5 * sin(2 * acos(-1.0) * 997 * seconds + 1); }

/* A tone that goes on through parts of these rates, in pieces of `piece` frames. Returns how long it was, in frames of
 * the output. */
static double resample(const int *rates, int parts, size_t frames, size_t piece)
{
    demucs_error error;
    double seconds = 0;
    float *samples = malloc(frames * sizeof *samples);
    dmx_resampling *resampling = dmx_resampling_create(1, TO_HZ, "x", take, NULL, &error);
    got_frames = 0;
    bool done = resampling != NULL;
    for (int part = 0; done && part < parts; part++) {
        done = dmx_resampling_set_rate(resampling, rates[part], &error);
        for (size_t i = 0; i < frames; i++) samples[i] = (float)tone(seconds + (double)i / rates[part]);
        for (size_t first = 0; done && first < frames; first += piece) {
            const float *plane = samples + first;
            const size_t count = frames - first < piece ? frames - first : piece;
            done = dmx_resampling_push(resampling, &plane, count, &error);
        }
        seconds += (double)frames / rates[part];
    }
    CHECK(done && dmx_resampling_finish(resampling, &error), "%s", error.message);
    dmx_resampling_free(resampling);
    free(samples);
    return seconds * TO_HZ;
}

/* The greatest distance from the tone, but for the ends. */
static double worst(void)
{
    double off = 0;
    for (size_t k = 200; k + 200 < got_frames; k++) off = fmax(off, fabs(got[k] - tone((double)k / TO_HZ)));
    return off;
}

/* Joints on the output's grid; and beside it, where what follows may be half a frame off, for a rate that cannot be
 * shifted by less. */
static void test_changes(void)
{
    static const int rates[][4] = {{22050, 44100, 22050, 48000},
                                   {48000, 44100, 32000, 44100},
                                   {8000, 192000, 11025, 96000},
                                   {44101, 44099, 44100, 37800}};
    const double half_a_frame = 0.5 * 0.5 * 2 * acos(-1.0) * 997 / TO_HZ;
    got = malloc(MOST * sizeof *got);
    for (int i = 0; i < 4; i++)
        for (size_t piece = 77; piece <= DMX_TRACK_BLOCK; piece += DMX_TRACK_BLOCK - 77) {
            const double length = resample(rates[i], 4, PART_FRAMES, piece);
            CHECK(fabs((double)got_frames - length) <= 1, "%zu frames, not %g", got_frames, length);
            CHECK(worst() < (i == 3 ? half_a_frame + 0.001 : 0.003), "from %d Hz on: off by %g", rates[i][0], worst());
        }
    free(got);
}

/* Parts that are shorter than what a joint looks at. */
static void test_short_parts(void)
{
    static const int rates[] = {8000, 44100, 22050, 48000, 96000, 8000, 44100};
    got = malloc(MOST * sizeof *got);
    for (size_t frames = 1; frames < 60; frames += 7) {
        const double length = resample(rates, 7, frames, 16);
        CHECK(fabs((double)got_frames - length) <= 1.5, "parts of %zu: %zu frames, not %g", frames, got_frames, length);
        for (size_t k = 0; k < got_frames; k++) CHECK(fabsf(got[k]) < 1, "%g", got[k]);
    }
    free(got);
}

/* The same rate again is no change. */
static void test_one_rate(void)
{
    static const int once[] = {48000}, thrice[] = {48000, 48000, 48000};
    got = malloc(MOST * sizeof *got);
    float *first = malloc(MOST * sizeof *first);
    resample(once, 1, 9000, 500);
    const size_t frames = got_frames;
    for (size_t i = 0; i < frames; i++) first[i] = got[i];
    resample(thrice, 3, 3000, 700);
    CHECK(got_frames == frames, "%zu and %zu frames", got_frames, frames);
    for (size_t i = 0; i < frames; i++)
        CHECK(fabsf(got[i] - first[i]) < 1e-6F, "frame %zu: %g, not %g", i, got[i], first[i]);
    free(first);
    free(got);
}

TEST_MAIN(test_changes, test_short_parts, test_one_rate)
