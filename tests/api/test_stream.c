/* test_stream.c - a track pushed and pulled in odd pieces gives the bits that demucs_separate gives, with every option
 * that changes where segments lie; and the memory for it does not grow with the track. */
#include "api.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES = 11234 };

/* Sizes of pieces, drawn so that one frame, a few and many all come by. */
static size_t piece_size(unsigned *state)
{
    *state = *state * 1103515245u + 12345u;
    const unsigned r = *state >> 8;
    return (r & 3) == 0 ? 1 : (r & 3) == 1 ? r % 97 + 1 : r % 7919 + 1;
}

/* Stream a track; the pieces follow from the seed. False with a failed check. */
static bool stream(demucs_separator *s, const float *mix, size_t frames, bool announced, float *stems, unsigned seed)
{
    demucs_error error = {DEMUCS_OK, ""};
    demucs_loudness loudness = {0};
    size_t pushed = 0, pulled = 0, got = 0;
    bool finished = false;
    for (size_t at = 0, piece; at < frames; at += piece) {
        piece = piece_size(&seed);
        if (piece > frames - at) piece = frames - at;
        demucs_loudness_add(&loudness, (const float *const[]){mix + at, mix + frames + at}, API_CHANNELS, piece);
    }
    demucs_status status = demucs_separator_begin(s, announced ? frames : 0, &loudness, &error);
    while (status == DEMUCS_OK && (!finished || got > 0)) {
        float *planes[API_PLANES];
        size_t accepted = 0, piece = piece_size(&seed);
        if (piece > frames - pushed) piece = frames - pushed;
        if (!finished)
            status = demucs_separator_push(s, (const float *const[]){mix + pushed, mix + frames + pushed}, piece,
                                           &accepted, &error);
        pushed += accepted;
        if (status == DEMUCS_OK && !finished && pushed == frames) {
            status = demucs_separator_finish(s, &error);
            finished = true;
        }
        api_planes(planes, stems + pulled, API_PLANES, frames);
        piece = piece_size(&seed);
        if (piece > frames - pulled && frames > pulled) piece = frames - pulled; /* at the end: ask for one more */
        got = 0;
        if (status == DEMUCS_OK) status = demucs_separator_pull(s, planes, pulled < frames ? piece : 1, &got, &error);
        pulled += got;
        if (pulled > frames) break;
    }
    CHECK(status == DEMUCS_OK && pulled == frames, "%zu of %zu frames: %s", pulled, frames, error.message);
    return status == DEMUCS_OK && pulled == frames;
}

static void check_stream(const char *model_name, const demucs_options *options, size_t frames, const char *what)
{
    demucs_model *model = api_load(model_name);
    if (model == NULL) return;
    float *mix = api_noise(API_CHANNELS, frames, 1), *streamed = calloc(API_PLANES * frames, sizeof *streamed);
    float *whole = api_stems(model, options, mix, frames);
    demucs_separator *s = api_create(model, options);
    for (unsigned seed = 1; whole != NULL && s != NULL && seed <= 3; seed++) {
        memset(streamed, 0, API_PLANES * frames * sizeof *streamed);
        const bool announced = seed > 1 || !options->split;
        if (stream(s, mix, frames, announced, streamed, seed))
            CHECK(memcmp(whole, streamed, API_PLANES * frames * sizeof *whole) == 0, "%s, pieces of seed %u", what,
                  seed);
    }
    demucs_separator_free(s);
    demucs_model_free(model);
    free(mix);
    free(streamed);
    free(whole);
}

static void test_plain(void)
{
    const demucs_options o = api_options(2);
    check_stream(API_MODEL, &o, FRAMES, "plain");
    check_stream(API_MODEL, &o, 777, "shorter than a segment");
    check_stream(API_MODEL, &o, API_SEGMENT, "one segment");
    check_stream(API_MODEL, &o, API_STRIDE + 1, "one frame in the second segment");
}

static void test_overlaps(void)
{
    demucs_options o = api_options(1);
    o.overlap = 0;
    check_stream(API_MODEL, &o, FRAMES, "no overlap");
    o.overlap = 0.8;
    o.transition_power = 3;
    check_stream(API_MODEL, &o, 5000, "overlap 0.8");
}

static void test_shifts_and_bag(void)
{
    demucs_options o = api_options(2);
    o.shifts = 2;
    o.segment_seconds = 0.3;
    check_stream(API_BAG, &o, 3711, "two shifts of a bag");
}

static void test_unsplit(void)
{
    demucs_options o = api_options(1);
    o.split = false;
    check_stream(API_MODEL, &o, 2345, "not split");
}

/* Several segments at once: pushes make some of them ready, pulls take stems while others wait. */
static void test_jobs(void)
{
    demucs_options o = api_options(5);
    for (o.jobs = 2; o.jobs <= 5; o.jobs += 3) {
        check_stream(API_MODEL, &o, 3 * FRAMES, "several jobs");
        check_stream(API_MODEL, &o, 777, "several jobs, shorter than a segment");
    }
    o.shifts = 2;
    o.overlap = 0.6;
    check_stream(API_BAG, &o, 5711, "several jobs, two shifts of a bag");
}

/* The same seed gives the same shifts, another one others; 0 shifts has none. */
static void test_seed(void)
{
    enum { LENGTH = 3000 };
    demucs_model *model = api_load(API_MODEL);
    if (model == NULL) return;
    float *mix = api_noise(API_CHANNELS, LENGTH, 2), *stems[3];
    demucs_options o = api_options(1);
    o.shifts = 1;
    for (int k = 0; k < 3; k++) {
        o.seed = k == 2 ? 1 : 0;
        stems[k] = api_stems(model, &o, mix, LENGTH);
    }
    if (stems[0] != NULL && stems[1] != NULL && stems[2] != NULL) {
        CHECK(memcmp(stems[0], stems[1], API_PLANES * LENGTH * sizeof(float)) == 0, "the same seed");
        CHECK(memcmp(stems[0], stems[2], API_PLANES * LENGTH * sizeof(float)) != 0, "another seed");
    }
    for (int k = 0; k < 3; k++) free(stems[k]);
    free(mix);
    demucs_model_free(model);
}

/* A separator is as good for the third track as for the first, whatever came before. */
static void test_tracks_after_each_other(void)
{
    demucs_model *model = api_load(API_MODEL);
    const demucs_options o = api_options(1);
    demucs_error error = {DEMUCS_OK, ""};
    demucs_separator *s = model != NULL ? api_create(model, &o) : NULL;
    if (s == NULL) return;
    float *mix = api_noise(API_CHANNELS, FRAMES, 3), *fresh = api_stems(model, &o, mix, FRAMES);
    float *stems = calloc(API_PLANES * FRAMES, sizeof *stems);
    CHECK(api_separate(s, mix, 1000, stems, &error) == DEMUCS_OK, "%s", error.message);
    size_t accepted;
    const demucs_loudness loudness = {0};
    CHECK(demucs_separator_begin(s, 0, &loudness, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_separator_push(s, (const float *const[]){mix, mix}, 4000, &accepted, &error) == DEMUCS_OK, "%s",
          error.message);
    demucs_separator_reset(s);
    CHECK(api_separate(s, mix, FRAMES, stems, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(fresh != NULL && memcmp(stems, fresh, API_PLANES * FRAMES * sizeof *stems) == 0, "the third track");
    demucs_separator_free(s);
    demucs_model_free(model);
    free(mix);
    free(fresh);
    free(stems);
}

/* Of a stream of any length no more is kept: what is pushed without pulling stops being accepted. */
static void check_memory(int jobs)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_options o = api_options(jobs);
    o.jobs = jobs;
    demucs_error error = {DEMUCS_OK, ""};
    demucs_separator *s = model != NULL ? api_create(model, &o) : NULL;
    if (s == NULL) return;
    const size_t before = demucs_separator_memory_bytes(s);
    CHECK(before > 10000, "%zu bytes", before);
    float *mix = api_noise(API_CHANNELS, 100000, 4), *stems = calloc(API_PLANES * 100000, sizeof *stems);
    CHECK(api_separate(s, mix, 100000, stems, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_separator_memory_bytes(s) == before, "%zu bytes, %zu before", demucs_separator_memory_bytes(s),
          before);
    const demucs_loudness loudness = {0};
    CHECK(demucs_separator_begin(s, 0, &loudness, &error) == DEMUCS_OK, "%s", error.message);
    size_t total = 0, accepted = 1;
    while (accepted > 0 && total < 10000000) {
        const demucs_status status =
            demucs_separator_push(s, (const float *const[]){mix, mix}, 100000, &accepted, &error);
        CHECK(status == DEMUCS_OK, "%s", error.message);
        total += accepted;
    }
    CHECK(accepted == 0 && total < 100000, "%zu frames were taken", total);
    CHECK(demucs_separator_memory_bytes(s) == before, "%zu bytes, %zu before", demucs_separator_memory_bytes(s),
          before);
    demucs_separator_free(s);
    demucs_model_free(model);
    free(mix);
    free(stems);
}

static void test_memory_does_not_grow(void)
{
    check_memory(1);
    check_memory(3);
}

TEST_MAIN(test_plain, test_overlaps, test_shifts_and_bag, test_unsplit, test_jobs, test_seed,
          test_tracks_after_each_other, test_memory_does_not_grow)
