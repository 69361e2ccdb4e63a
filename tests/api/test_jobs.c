/* test_jobs.c - several segments at once: the same bits for any number of jobs and threads, whatever a round of
 * segments is made of; that they do run at once; and what the callbacks are told then. */
#include "api.h"

#include "engine/engine.h"
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRAMES = 11234, SEGMENTS = 5, MAX_CALLS = 64 }; /* segments at 0, 2400, ... 9600 */

/* ---- the same bits ---- */

static void check_same_bits(const char *model_name, const demucs_options *options, size_t frames, const char *what)
{
    const int jobs[] = {1, 2, 3, 5}, threads[] = {1, 4, 6};
    demucs_model *model = api_load(model_name);
    if (model == NULL) return;
    demucs_options o = *options;
    o.jobs = o.threads = 1;
    float *mix = api_noise(API_CHANNELS, frames, 3), *expected = api_stems(model, &o, mix, frames);
    for (int i = 0; i < 12; i++) {
        o.jobs = jobs[i / 3];
        o.threads = threads[i % 3];
        float *stems = api_stems(model, &o, mix, frames);
        CHECK(expected != NULL && stems != NULL && memcmp(stems, expected, API_PLANES * frames * sizeof *stems) == 0,
              "%s: %d jobs on %d threads differ from 1 on 1", what, o.jobs, o.threads);
        free(stems);
    }
    free(mix);
    free(expected);
    demucs_model_free(model);
}

static void test_plain(void)
{
    const demucs_options o = api_options(1);
    check_same_bits(API_MODEL, &o, FRAMES, "plain");
    check_same_bits(API_MODEL, &o, 777, "shorter than a segment");
    check_same_bits(API_MODEL, &o, API_STRIDE + 1, "one frame in the second segment");
}

/* Many segments cover each frame, and those of a round do: the order in which they are added shows. */
static void test_overlap(void)
{
    demucs_options o = api_options(1);
    o.overlap = 0.9;
    check_same_bits(API_MODEL, &o, 6000, "overlap 0.9");
}

/* A round has several members and shifts, which begin at odd places. */
static void test_shifts_and_bag(void)
{
    demucs_options o = api_options(1);
    o.shifts = 2;
    check_same_bits(API_MODEL, &o, FRAMES, "two shifts");
    check_same_bits(API_BAG, &o, 5000, "two shifts of a bag");
    o.wanted = (const bool[API_SOURCES]){true, false, false, true};
    check_same_bits(API_BAG, &o, 5000, "two stems of four");
}

/* Whole tracks at once, of different lengths; small shifts, so that they are not too long for a transformer. */
static void test_unsplit(void)
{
    demucs_options o = api_options(1);
    o.split = false;
    o.shifts = 3;
    o.shift_offsets = (const int[]){4000, 3700, 3999};
    o.shift_offsets_count = 3;
    check_same_bits(API_MODEL, &o, 2345, "not split");
}

/* ---- they do run at once ---- */

static const dmx_family *real_family;
static atomic_int inside, most_inside;
static atomic_int awaited; /* a forward pass waits until so many were at work at the same time */

static atomic_int threads_used; /* of all forward passes */

static void note_entry(const dmx_exec *exec)
{
    atomic_fetch_add(&threads_used, dmx_thread_pool_size(exec->pool));
    const int now = atomic_fetch_add(&inside, 1) + 1;
    int most = atomic_load(&most_inside);
    while (most < now && !atomic_compare_exchange_weak(&most_inside, &most, now)) {
    }
    for (int ms = 0; ms < 3000 && atomic_load(&most_inside) < atomic_load(&awaited); ms++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    atomic_store(&awaited, 0); /* they came, or they will not */
}

static void watched_forward(const dmx_network *network, dmx_exec *exec, int64_t frames, const bool *wanted)
{
    if (!exec->planning) note_entry(exec);
    real_family->forward(network, exec, frames, wanted);
    if (!exec->planning) atomic_fetch_sub(&inside, 1);
}

static int most_at_once(const demucs_options *o, int expected)
{
    demucs_model *model = api_load(API_MODEL);
    if (model == NULL) return -1;
    real_family = model->members[0].network->family;
    dmx_family watched = *real_family;
    watched.forward = watched_forward;
    model->members[0].network->family = &watched;
    atomic_store(&awaited, expected);
    atomic_store(&most_inside, 0);
    atomic_store(&threads_used, 0);
    float *mix = api_noise(API_CHANNELS, FRAMES, 3);
    free(api_stems(model, o, mix, FRAMES));
    free(mix);
    model->members[0].network->family = real_family;
    demucs_model_free(model);
    return atomic_load(&most_inside);
}

static void test_at_once(void)
{
    for (int jobs = 1; jobs <= 4; jobs++) {
        demucs_options o = api_options(4);
        o.jobs = jobs;
        const int most = most_at_once(&o, jobs);
        CHECK(most == jobs, "%d jobs: %d ran at once", jobs, most);
    }
}

/* Five segments by two jobs of two threads: the last one is alone and has all four. */
static void test_left_over(void)
{
    demucs_options o = api_options(4);
    o.jobs = 2;
    const int most = most_at_once(&o, 2);
    CHECK(most == 2 && atomic_load(&threads_used) == 4 * 2 + 4, "%d at once, %d threads", most,
          atomic_load(&threads_used));
}

/* Left alone, a job comes for every 16 threads. */
static void test_chosen(void)
{
    const int threads[] = {1, 15, 31, 32, 48}, expected[] = {1, 1, 1, 2, 3};
    demucs_model *model = api_load(API_MODEL);
    for (int i = 0; model != NULL && i < 5; i++) {
        const demucs_options o = api_options(threads[i]);
        demucs_separator *s = api_create(model, &o);
        if (s == NULL) break;
        const demucs_engine *engine = demucs_separator_engine(s);
        const int jobs = demucs_engine_jobs(engine), each = dmx_thread_pool_size(engine->jobs.job[0].pool);
        CHECK(jobs == expected[i], "%d threads: %d jobs", threads[i], jobs);
        CHECK(each == threads[i] / expected[i], "%d threads: %d in each job", threads[i], each);
        demucs_separator_free(s);
    }
    demucs_model_free(model);
}

/* Threads are what was asked for, and so is their number: more jobs than those would only take memory. */
static void test_too_many(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_options o = api_options(3);
    o.jobs = 1000;
    demucs_separator *s = model != NULL ? api_create(model, &o) : NULL;
    if (s != NULL) CHECK(demucs_engine_jobs(demucs_separator_engine(s)) == 3, "1000 jobs on 3 threads");
    demucs_separator_free(s);
    demucs_model_free(model);
}

/* ---- memory ---- */

/* Of a separator with a track of 2,000 frames under way. */
static size_t bytes_of(const demucs_model *model, const demucs_options *o)
{
    demucs_separator *s = api_create(model, o);
    CHECK(demucs_separator_begin(s, 2000, &(const demucs_loudness){0}, NULL) == DEMUCS_OK, "begin");
    const size_t bytes = demucs_separator_memory_bytes(s);
    demucs_separator_free(s);
    return bytes;
}

/* One set of activations more for each job, and not for each thread of it. */
static void test_memory(void)
{
    demucs_model *model = api_load(API_MODEL);
    size_t bytes[5] = {0};
    if (model == NULL) return;
    for (int jobs = 1; jobs < 5; jobs++) {
        demucs_options o = api_options(jobs);
        o.jobs = jobs;
        bytes[jobs] = bytes_of(model, &o);
    }
    const size_t more = bytes[2] - bytes[1];
    CHECK(bytes[2] > bytes[1] && more > bytes[1] / 3, "%zu bytes for 1 job, %zu for 2", bytes[1], bytes[2]);
    for (int jobs = 3; jobs < 5; jobs++) {
        const size_t step = bytes[jobs] - bytes[jobs - 1];
        CHECK(step < more + 1024 && more < step + 1024, "job %d takes %zu bytes, job 2 %zu", jobs, step, more);
    }
    demucs_options o = api_options(4);
    o.split = false;
    o.jobs = 4;
    const size_t unsplit = bytes_of(model, &o);
    o.jobs = 1;
    CHECK(unsplit == bytes_of(model, &o), "4 jobs for one segment: %zu bytes", unsplit);
    demucs_model_free(model);
}

/* ---- callbacks ---- */

typedef struct log {
    demucs_progress calls[MAX_CALLS];
    int count;
    int cancel_at; /* the call that answers "stop"; -1: none */
    int stages;
    pthread_t caller;
    bool elsewhere; /* something was called in another thread */
} log;

static bool note(const demucs_progress *progress, void *user)
{
    log *l = user;
    l->elsewhere |= !pthread_equal(pthread_self(), l->caller);
    if (l->count < MAX_CALLS) l->calls[l->count] = *progress;
    return l->count++ == l->cancel_at;
}

static void note_stage(const char *stage, double flops, void *user)
{
    log *l = user;
    l->elsewhere |= !pthread_equal(pthread_self(), l->caller);
    l->stages += strcmp(stage, "overlap_add") == 0 && flops == 0;
}

/* Five segments by three jobs: the calls of a round come together, starts before ends, each in the order of the track.
 */
static void test_progress(void)
{
    static const struct {
        int segment, done;
        bool finished;
    } expected[2 * SEGMENTS] = {{0, 0, false}, {1, 0, false}, {2, 0, false}, {0, 1, true}, {1, 2, true},
                                {2, 3, true},  {3, 3, false}, {4, 3, false}, {3, 4, true}, {4, 5, true}};
    log l = {.cancel_at = -1, .caller = pthread_self()};
    demucs_options o = api_options(3);
    demucs_model *model = api_load(API_MODEL);
    if (model == NULL) return;
    o.jobs = 3;
    o.progress = note;
    o.progress_user = &l;
    float *mix = api_noise(API_CHANNELS, FRAMES, 3);
    free(api_stems(model, &o, mix, FRAMES));
    CHECK(l.count == 2 * SEGMENTS && !l.elsewhere, "%d calls", l.count);
    for (int i = 0; i < l.count && i < 2 * SEGMENTS; i++) {
        const demucs_progress *p = &l.calls[i];
        CHECK(p->segment_offset == (int64_t)expected[i].segment * API_STRIDE, "call %d: %lld", i,
              (long long)p->segment_offset);
        CHECK(p->finished == expected[i].finished && p->segments_done == (size_t)expected[i].done, "call %d: %zu", i,
              p->segments_done);
        CHECK(p->segments_total == SEGMENTS, "call %d: %zu in all", i, p->segments_total);
    }
    free(mix);
    demucs_model_free(model);
}

/* A track that was stopped, at any call, leaves nothing behind for the next. */
static void test_cancel(void)
{
    log l = {.cancel_at = -1, .caller = pthread_self()};
    demucs_error error = {DEMUCS_OK, ""};
    demucs_options o = api_options(3);
    demucs_model *model = api_load(API_MODEL);
    o.jobs = 3;
    o.progress = note;
    o.progress_user = &l;
    demucs_separator *s = model != NULL ? api_create(model, &o) : NULL;
    if (s == NULL) return;
    float *mix = api_noise(API_CHANNELS, FRAMES, 3), *whole = api_stems(model, &o, mix, FRAMES);
    float *stems = calloc(API_PLANES * FRAMES, sizeof *stems);
    for (int at = 0; at < 2 * SEGMENTS; at++) {
        l.count = 0;
        l.cancel_at = at;
        CHECK_FAILS(api_separate(s, mix, FRAMES, stems, &error), DEMUCS_ERROR_CANCELLED, "cancelled");
        CHECK(l.count == at + 1, "at %d: %d calls", at, l.count);
    }
    l.cancel_at = -1;
    CHECK(api_separate(s, mix, FRAMES, stems, NULL) == DEMUCS_OK, "separate");
    CHECK(whole != NULL && memcmp(stems, whole, API_PLANES * FRAMES * sizeof *stems) == 0, "the track after them");
    demucs_separator_free(s);
    demucs_model_free(model);
    free(mix);
    free(whole);
    free(stems);
}

/* Whoever measures stages gets them one segment after another, in the calling thread. */
static void test_stages(void)
{
    log l = {.caller = pthread_self()};
    demucs_options o = api_options(3);
    o.jobs = 3;
    o.stage = note_stage;
    o.stage_user = &l;
    const int most = most_at_once(&o, 1);
    CHECK(most == 1 && l.stages == SEGMENTS && !l.elsewhere, "%d at once, %d segments measured", most, l.stages);
}

/* ---- streams ---- */

/* Nothing comes before each job has a segment, and everything that is complete then; at the end what there is. */
static void test_delay(void)
{
    demucs_options o = api_options(3);
    o.jobs = 3;
    o.normalize = false;
    demucs_model *model = api_load(API_MODEL);
    demucs_separator *s = model != NULL ? api_create(model, &o) : NULL;
    if (s == NULL) return;
    enum { THIRD = 2 * API_STRIDE + API_SEGMENT }; /* where the third segment ends */
    float *mix = api_noise(API_CHANNELS, FRAMES, 3), *stems = calloc(API_PLANES * FRAMES, sizeof *stems);
    float *planes[API_PLANES];
    size_t accepted, got;
    api_planes(planes, stems, API_PLANES, FRAMES);
    const float *const begin[] = {mix, mix + FRAMES}, *const rest[] = {mix + THIRD - 1, mix + FRAMES + THIRD - 1};
    CHECK(demucs_separator_begin(s, 0, NULL, NULL) == DEMUCS_OK, "begin");
    CHECK(demucs_separator_push(s, begin, THIRD - 1, &accepted, NULL) == DEMUCS_OK && accepted == THIRD - 1, "%zu",
          accepted);
    CHECK(demucs_separator_pull(s, planes, FRAMES, &got, NULL) == DEMUCS_OK && got == 0, "%zu frames too early", got);
    CHECK(demucs_separator_push(s, rest, 1, &accepted, NULL) == DEMUCS_OK && accepted == 1, "%zu", accepted);
    CHECK(demucs_separator_pull(s, planes, FRAMES, &got, NULL) == DEMUCS_OK && got == 3 * (size_t)API_STRIDE,
          "%zu frames", got);
    CHECK(demucs_separator_finish(s, NULL) == DEMUCS_OK, "finish");
    CHECK(demucs_separator_pull(s, planes, FRAMES, &got, NULL) == DEMUCS_OK && got == THIRD - 3 * (size_t)API_STRIDE,
          "%zu frames at the end", got);
    CHECK(demucs_separator_pull(s, planes, FRAMES, &got, NULL) == DEMUCS_OK && got == 0, "%zu frames too many", got);
    demucs_separator_free(s);
    demucs_model_free(model);
    free(mix);
    free(stems);
}

TEST_MAIN(test_plain, test_overlap, test_shifts_and_bag, test_unsplit, test_at_once, test_left_over, test_chosen,
          test_too_many, test_memory, test_progress, test_cancel, test_stages, test_delay)
