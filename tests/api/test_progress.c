/* test_progress.c - what the progress callback is told, cancelling from it, and work that nobody asked for: the
 * callback comes before and after each run of a network, so it counts them. */
#include "api.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES = 7300, MAX_CALLS = 256 };

typedef struct log {
    demucs_progress calls[MAX_CALLS];
    int count;
    int cancel_at; /* the call that answers "stop"; -1: none */
} log;

static bool note(const demucs_progress *progress, void *user)
{
    log *l = user;
    if (l->count < MAX_CALLS) l->calls[l->count] = *progress;
    return l->count++ == l->cancel_at;
}

static demucs_status run(const char *model_name, demucs_options *o, size_t frames, log *l, float **out)
{
    demucs_error error = {DEMUCS_OK, ""};
    demucs_model *model = api_load(model_name);
    o->progress = note;
    o->progress_user = l;
    demucs_separator *s = model != NULL ? api_create(model, o) : NULL;
    float *mix = api_noise(API_CHANNELS, frames, 5), *stems = calloc(API_PLANES * frames, sizeof *stems);
    demucs_status status = s != NULL ? api_separate(s, mix, frames, stems, &error) : DEMUCS_ERROR_STATE;
    CHECK(status == error.status, "%s", error.message);
    demucs_separator_free(s);
    demucs_model_free(model);
    free(mix);
    if (out != NULL)
        *out = stems;
    else
        free(stems);
    return status;
}

/* 7,300 frames: segments at 0, 2,400, 4,800 and 7,200. */
static void test_contents(void)
{
    log l = {.cancel_at = -1};
    demucs_options o = api_options(1);
    CHECK(run(API_MODEL, &o, FRAMES, &l, NULL) == DEMUCS_OK, "run");
    REQUIRE(l.count == 8, "%d calls", l.count);
    for (int i = 0; i < l.count; i++) {
        const demucs_progress *p = &l.calls[i];
        CHECK(p->member == 0 && p->members == 1 && p->shift == 0 && p->shifts == 1, "call %d", i);
        CHECK(p->segment_offset == (int64_t)(i / 2) * API_STRIDE, "call %d: %lld", i, (long long)p->segment_offset);
        CHECK(p->finished == (i % 2 == 1) && p->segments_done == (size_t)(i + 1) / 2, "call %d: %zu", i,
              p->segments_done);
        CHECK(p->segments_total == 4 && p->audio_frames == FRAMES, "call %d: %zu", i, p->segments_total);
    }
}

/* Each member and shift comes with every segment; done counts up to total. */
static void test_members_and_shifts(void)
{
    log l = {.cancel_at = -1};
    demucs_options o = api_options(1);
    bool seen[4][2] = {{false}};
    o.shifts = 2;
    CHECK(run(API_BAG, &o, FRAMES, &l, NULL) == DEMUCS_OK, "run");
    REQUIRE(l.count > 0 && l.count <= MAX_CALLS, "%d calls", l.count);
    for (int i = 0; i < l.count; i++) {
        const demucs_progress *p = &l.calls[i];
        REQUIRE(p->member >= 0 && p->member < 4 && p->shift >= 0 && p->shift < 2, "call %d", i);
        CHECK(p->members == 4 && p->shifts == 2 && p->segments_total == (size_t)l.count / 2, "call %d", i);
        CHECK(p->segments_done == (size_t)(i + 1) / 2, "call %d: %zu", i, p->segments_done);
        seen[p->member][p->shift] = true;
    }
    for (int m = 0; m < 4; m++) CHECK(seen[m][0] && seen[m][1], "member %d", m);
}

/* In a stream of unknown length the totals are 0. */
static void test_unknown_length(void)
{
    log l = {.cancel_at = -1};
    demucs_options o = api_options(1);
    o.progress = note;
    o.progress_user = &l;
    o.normalize = false;
    demucs_model *model = api_load(API_MODEL);
    demucs_separator *s = model != NULL ? api_create(model, &o) : NULL;
    if (s == NULL) return;
    float *mix = api_noise(API_CHANNELS, 6000, 6), *stems = malloc(API_PLANES * 6000 * sizeof *stems),
          *planes[API_PLANES];
    size_t accepted = 0, got = 0;
    api_planes(planes, stems, API_PLANES, 6000);
    CHECK(demucs_separator_begin(s, 0, NULL, NULL) == DEMUCS_OK, "begin");
    CHECK(demucs_separator_push(s, (const float *const[]){mix, mix + 6000}, 6000, &accepted, NULL) == DEMUCS_OK,
          "push");
    CHECK(demucs_separator_pull(s, planes, 6000, &got, NULL) == DEMUCS_OK && got > 0, "pull");
    REQUIRE(l.count >= 2, "%d calls", l.count);
    CHECK(l.calls[0].segments_total == 0 && l.calls[0].audio_frames == 0, "%zu", l.calls[0].segments_total);
    demucs_separator_free(s);
    demucs_model_free(model);
    free(mix);
    free(stems);
}

static void test_cancel(void)
{
    demucs_error error = {DEMUCS_OK, ""};
    demucs_model *model = api_load(API_MODEL);
    log l = {.cancel_at = -1};
    demucs_options o = api_options(2);
    o.progress = note;
    o.progress_user = &l;
    demucs_separator *s = model != NULL ? api_create(model, &o) : NULL;
    if (s == NULL) return;
    float *mix = api_noise(API_CHANNELS, FRAMES, 7), *stems = calloc(API_PLANES * FRAMES, sizeof *stems);
    float *whole = calloc(API_PLANES * FRAMES, sizeof *whole);
    CHECK(api_separate(s, mix, FRAMES, whole, &error) == DEMUCS_OK, "%s", error.message);
    for (int at = 0; at < 8; at++) { /* before and after each segment */
        l = (log){.cancel_at = at};
        error = (demucs_error){DEMUCS_OK, ""};
        const demucs_status status = api_separate(s, mix, FRAMES, stems, &error);
        CHECK(api_is(status, &error, DEMUCS_ERROR_CANCELLED, "cancelled"), "at %d: %s", at, error.message);
        CHECK(l.count == at + 1, "at %d: %d calls", at, l.count);
    }
    l = (log){.cancel_at = -1};
    CHECK(api_separate(s, mix, FRAMES, stems, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(memcmp(stems, whole, API_PLANES * FRAMES * sizeof *stems) == 0, "a track after a cancelled one");
    demucs_separator_free(s);
    demucs_model_free(model);
    free(mix);
    free(stems);
    free(whole);
}

/* ---- only what is wanted ---- */

/* Stems that were asked for have the bits that they have among all; the others are left alone. */
static void check_wanted(const char *model_name, const bool wanted[API_SOURCES], int runs_per_segment)
{
    log all_log = {.cancel_at = -1}, some_log = {.cancel_at = -1};
    demucs_options o = api_options(1);
    float *all = NULL, *some = NULL;
    o.shifts = 1;
    CHECK(run(model_name, &o, FRAMES, &all_log, &all) == DEMUCS_OK, "all");
    o.wanted = wanted;
    CHECK(run(model_name, &o, FRAMES, &some_log, &some) == DEMUCS_OK, "some");
    CHECK(some_log.calls[0].members == runs_per_segment, "%d members run", some_log.calls[0].members);
    for (int i = 0; i < some_log.count; i++)
        CHECK(some_log.calls[i].member < runs_per_segment, "call %d is for member %d", i, some_log.calls[i].member);
    CHECK(some_log.count == (int)some_log.calls[0].segments_total * 2, "%d calls", some_log.count);
    if (runs_per_segment == 1) CHECK(some_log.count <= 2 * 5, "%d calls", some_log.count);
    for (int p = 0; p < API_PLANES; p++) {
        const float *right = all + (size_t)p * FRAMES, *got = some + (size_t)p * FRAMES;
        if (wanted[p / API_CHANNELS])
            CHECK(memcmp(right, got, FRAMES * sizeof *got) == 0, "plane %d differs", p);
        else
            for (size_t i = 0; i < FRAMES; i += 97) CHECK(got[i] == 0, "plane %d was written", p);
    }
    free(all);
    free(some);
}

static void test_wanted(void)
{
    check_wanted(API_MODEL, (const bool[4]){false, true, false, false}, 1);
    check_wanted(API_MODEL, (const bool[4]){true, false, false, true}, 1);
    check_wanted(API_BAG, (const bool[4]){false, false, false, true}, 1); /* three members are skipped */
    check_wanted(API_BAG, (const bool[4]){true, false, true, false}, 2);
}

/* Stems whose planes are NULL are dropped. */
static void test_dropped_stems(void)
{
    demucs_model *model = api_load(API_MODEL);
    const demucs_options o = api_options(1);
    demucs_separator *s = model != NULL ? api_create(model, &o) : NULL;
    if (s == NULL) return;
    float *mix = api_noise(API_CHANNELS, 5000, 8), *whole = api_stems(model, &o, mix, 5000);
    float *stems = calloc(API_PLANES * 5000, sizeof *stems), *planes[API_PLANES];
    api_planes(planes, stems, API_PLANES, 5000);
    planes[0] = planes[1] = planes[4] = planes[5] = NULL;
    CHECK(demucs_separate(s, (const float *const[]){mix, mix + 5000}, 5000, planes, NULL) == DEMUCS_OK, "separate");
    for (int p = 0; whole != NULL && p < API_PLANES; p++)
        if (planes[p] != NULL)
            CHECK(memcmp(planes[p], whole + (size_t)p * 5000, 5000 * sizeof(float)) == 0, "plane %d", p);
    demucs_separator_free(s);
    demucs_model_free(model);
    free(mix);
    free(whole);
    free(stems);
}

TEST_MAIN(test_contents, test_members_and_shifts, test_unknown_length, test_cancel, test_wanted, test_dropped_stems)
