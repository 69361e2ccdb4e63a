/* test_fit.c - a plan that shrinks: in which order, how far, that it is told, that an engine keeps to it, and that the
 * results stay the same where they may. */
#include "plans.h"

#include "../api/api.h"
#include "base/alloc.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static demucs_error error;

enum { SLACK = 2000000 }; /* bytes that a process has more or less from one call to the next */

/* With room for all, all is as asked, and nothing is said. */
static void test_roomy(void)
{
    demucs_model *model = api_load(API_BAG);
    demucs_stream_options separation = plans_streams();
    demucs_fit_options how = plans_options(ROOMY, 3);
    demucs_fit_plan plan = plans_for(model, &how, 4, &separation);
    CHECK(plan.tracks_at_once == 3 && plan.jobs == 4 && plan.members_kept == 4 && plan.members == 4 &&
              plan.segment_seconds == 0 && plan.text[0] == '\0' && !plan.changes_result,
          "%d tracks, %d jobs, %d members: %s", plan.tracks_at_once, plan.jobs, plan.members_kept, plan.text);
    CHECK(plan.need_bytes < plan.limit_bytes && plan.limit_bytes == ROOMY, "%llu of %llu",
          (unsigned long long)plan.need_bytes, (unsigned long long)plan.limit_bytes);
    how.tracks = 2;
    plan = plans_for(model, &how, 4, &separation);
    CHECK(plan.tracks_at_once == 2 && plan.text[0] == '\0', "%d tracks: %s", plan.tracks_at_once, plan.text);
    how = plans_options(0, 0); /* what the machine has */
    plan = plans_for(model, &how, 1, &separation);
    CHECK(plan.limit_bytes > plan.need_bytes && plan.tracks_at_once >= 1, "%llu", (unsigned long long)plan.limit_bytes);
    demucs_model_free(model);
}

/* Each time a byte less than the plan before takes: the next thing in the order becomes less, until nothing can. */
static void test_order(void)
{
    if (!plans_are_exact()) return;
    demucs_model *model = plans_load("bag.yaml");
    REQUIRE(model != NULL, "no bag");
    demucs_stream_options separation = plans_streams();
    demucs_fit_plan before = {.tracks_at_once = 3, .jobs = 4, .members_kept = 4, .need_bytes = ROOMY};
    int steps = 0, refused = 0;
    for (; refused == 0; steps++) {
        demucs_fit_options how = plans_options(before.need_bytes - 1, 3);
        demucs_fit_plan plan = {.struct_size = sizeof plan};
        demucs_engine_options options;
        demucs_engine *engine = NULL;
        demucs_default_engine_options(&options, sizeof options);
        options.threads = options.jobs = 4;
        if (demucs_fit_engine(&engine, model, &options, &separation, &how, &plan, &error) != DEMUCS_OK) {
            refused++;
            CHECK(api_is(error.status, &error, DEMUCS_ERROR_MEMORY, "--max-memory allows"), "%s", error.message);
            CHECK(engine == NULL, "an engine that was refused");
            break;
        }
        demucs_engine_free(engine);
        CHECK(plan.need_bytes <= how.max_memory_bytes, "%llu of %llu", (unsigned long long)plan.need_bytes,
              (unsigned long long)how.max_memory_bytes);
        CHECK(plan.jobs == 4 || plan.tracks_at_once == 1, "%d tracks with %d jobs", plan.tracks_at_once, plan.jobs);
        CHECK(plan.members_kept == 4 || plan.jobs == 1, "%d members with %d jobs", plan.members_kept, plan.jobs);
        CHECK(steps == 0 || plan.text[0] != '\0', "step %d is not told", steps);
        CHECK((strstr(plan.text, "track at once instead of 3") != NULL) == (plan.tracks_at_once == 1), "%s", plan.text);
        CHECK((strstr(plan.text, "1 segment at once instead of 4") != NULL) == (plan.jobs == 1), "%s", plan.text);
        before = plan;
    }
    CHECK(steps >= 6 && before.tracks_at_once == 1 && before.jobs == 1, "%d steps, %d tracks, %d jobs", steps,
          before.tracks_at_once, before.jobs);
    CHECK(before.members_kept < 4, "%d members are kept at the end", before.members_kept);
    demucs_model_free(model);
}

/* What was not asked for is not told: many threads would have several tracks. */
static void test_silent(void)
{
    if (!plans_are_exact()) return;
    demucs_model *model = api_load(API_MODEL);
    demucs_stream_options separation = plans_streams();
    demucs_fit_options how = plans_options(ROOMY, 0);
    demucs_fit_plan plan = {.struct_size = sizeof plan};
    demucs_engine_options options;
    demucs_engine *engine = NULL;
    demucs_default_engine_options(&options, sizeof options);
    options.threads = 64;
    options.jobs = 1;
    CHECK(demucs_fit_engine(&engine, model, &options, &separation, &how, &plan, &error) == DEMUCS_OK, "%s",
          error.message);
    demucs_engine_free(engine);
    CHECK(plan.tracks_at_once == demucs_fit_tracks_at_once(64) && plan.tracks_at_once > 1 && plan.text[0] == '\0',
          "%d tracks: %s", plan.tracks_at_once, plan.text);
    how.max_memory_bytes = plan.need_bytes - 5000000;
    CHECK(demucs_fit_engine(&engine, model, &options, &separation, &how, &plan, &error) == DEMUCS_OK, "%s",
          error.message);
    demucs_engine_free(engine);
    CHECK(plan.tracks_at_once == demucs_fit_tracks_at_once(64) - 1 && plan.text[0] == '\0', "%d tracks: %s",
          plan.tracks_at_once, plan.text);
    separation.split = false;
    how.max_memory_bytes = ROOMY;
    CHECK(demucs_fit_engine(&engine, model, &options, &separation, &how, &plan, &error) == DEMUCS_OK, "%s",
          error.message);
    demucs_engine_free(engine);
    CHECK(plan.tracks_at_once == 1, "%d tracks that are not split", plan.tracks_at_once);
    demucs_model_free(model);
}

/* Shorter segments come last, are told as what they are, not shorter than needed or than 8 seconds, and never where
 * the caller has chosen. */
static void test_segments(void)
{
    if (!plans_are_exact()) return;
    demucs_model *model = plans_load("long.safetensors");
    REQUIRE(model != NULL, "no model");
    demucs_stream_options separation = plans_streams();
    demucs_fit_options how = plans_options(ROOMY, 1);
    const demucs_fit_plan whole = plans_for(model, &how, 2, &separation);
    separation.segment_seconds = 20;
    const demucs_fit_plan shorter = plans_for(model, &how, 1, &separation);
    separation.segment_seconds = 8;
    const demucs_fit_plan least = plans_for(model, &how, 1, &separation);
    CHECK(whole.segment_seconds == 0 && shorter.need_bytes < whole.need_bytes && least.need_bytes < shorter.need_bytes,
          "%llu, %llu, %llu", (unsigned long long)whole.need_bytes, (unsigned long long)shorter.need_bytes,
          (unsigned long long)least.need_bytes);
    separation.segment_seconds = 0;
    how = plans_options(shorter.need_bytes + 1500000, 1);
    demucs_fit_plan plan = plans_for(model, &how, 2, &separation);
    CHECK(plan.jobs == 1 && plan.changes_result && plan.segment_seconds >= 19 && plan.segment_seconds <= 22 &&
              separation.segment_seconds == plan.segment_seconds,
          "%d jobs, segments of %g s", plan.jobs, plan.segment_seconds);
    CHECK(strstr(plan.text, "s instead of 60 s, which changes the result") != NULL, "%s", plan.text);
    separation.segment_seconds = 0;
    how = plans_options(least.need_bytes - 2000000, 1);
    demucs_engine *engine = NULL;
    CHECK_FAILS(demucs_fit_engine(&engine, model, NULL, &separation, &how, NULL, &error), DEMUCS_ERROR_MEMORY,
                "at least");
    CHECK(separation.segment_seconds == 0, "a refusal changed the segment to %g", separation.segment_seconds);
    separation.segment_seconds = 40;
    how = plans_options(ROOMY, 1);
    plan = plans_for(model, &how, 1, &separation);
    separation.segment_seconds = 0;
    how = plans_options(plan.need_bytes - 5000000, 1);
    plan = plans_for(model, &how, 1, &separation);
    CHECK(plan.segment_seconds > 8 && plan.segment_seconds < 40, "segments of %g s", plan.segment_seconds);
    separation.segment_seconds = 40;
    CHECK_FAILS(demucs_fit_engine(&engine, model, NULL, &separation, &how, NULL, &error), DEMUCS_ERROR_MEMORY,
                "at least");
    CHECK(engine == NULL && separation.segment_seconds == 40, "the caller's segment became %g",
          separation.segment_seconds);
    demucs_model_free(model);
}

/* Without segments: jobs become fewer for the longest track; one that is too long for the least fails by itself. */
static void test_unsplit(void)
{
    if (!plans_are_exact()) return;
    demucs_model *model = api_load(API_BAG);
    demucs_stream_options separation = plans_streams();
    separation.split = false;
    separation.shifts = 0;
    demucs_fit_options how = plans_options(ROOMY, 1);
    how.longest_seconds = 0.4;
    demucs_fit_plan plan = plans_for(model, &how, 4, &separation);
    CHECK(plan.jobs == 4 && plan.text[0] == '\0', "%d jobs: %s", plan.jobs, plan.text);
    how.max_memory_bytes = plan.need_bytes - 1;
    plan = plans_for(model, &how, 4, &separation);
    CHECK(plan.jobs == 3 && strstr(plan.text, "3 segments at once instead of 4") != NULL, "%d jobs: %s", plan.jobs,
          plan.text);
    how = plans_options(ROOMY, 1);
    how.longest_seconds = 1000; /* more than this network takes: the track's own failure */
    plan = plans_for(model, &how, 4, &separation);
    CHECK(plan.jobs == 4 && plan.text[0] == '\0', "%d jobs: %s", plan.jobs, plan.text);
    demucs_engine *engine = NULL;
    demucs_stream *stream = NULL;
    const demucs_loudness silence = {.frames = API_SEGMENT, .mean = 0, .m2 = 0};
    how = plans_options(ROOMY, 1);
    plan = plans_for(model, &how, 1, &separation);
    how = plans_options(plan.need_bytes + 200000, 1);
    how.longest_seconds = 0.4;
    CHECK(demucs_fit_engine(&engine, model, NULL, &separation, &how, NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_stream_create(&stream, engine, &separation, &error) == DEMUCS_OK, "%s", error.message);
    CHECK_FAILS(demucs_stream_begin(stream, API_SEGMENT, &silence, &error), DEMUCS_ERROR_MEMORY, "are there for it");
    demucs_stream_free(stream);
    demucs_engine_free(engine);
    demucs_model_free(model);
}

/* However early memory runs out while the engine is made, there is an engine or a sentence; and where a smaller one
 * can be had, an engine. */
static void test_failing_allocations(void)
{
    demucs_model *model = api_load(API_MODEL);
    int made = 0, refused = 0;
    for (int countdown = 0; countdown < 400 && made < 3; countdown++) {
        demucs_stream_options separation = plans_streams();
        demucs_engine *engine = NULL;
        const demucs_fit_options how = plans_options(ROOMY, 2);
        dmx_alloc_fail_after(countdown);
        const demucs_status status = demucs_fit_engine(&engine, model, NULL, &separation, &how, NULL, &error);
        dmx_alloc_fail_after(-1);
        CHECK((status == DEMUCS_OK) == (engine != NULL), "after %d: %s", countdown, error.message);
        CHECK(status == DEMUCS_OK || status == DEMUCS_ERROR_MEMORY, "after %d: %s", countdown, error.message);
        made += status == DEMUCS_OK;
        refused += status != DEMUCS_OK;
        demucs_engine_free(engine);
    }
    CHECK(refused > 5 && made == 3, "%d refused, %d made", refused, made);
    demucs_model_free(model);
}

/* Memory that the plan counts on and the system refuses: fewer segments at once, as if there had been less. */
static void test_refused_by_the_system(void)
{
    if (!plans_are_exact()) return; /* sanitizers map more than any limit allows, too */
    demucs_model *model = plans_load("long.safetensors");
    REQUIRE(model != NULL, "no model");
    demucs_stream_options separation = plans_streams();
    demucs_fit_options how = plans_options(4 * (uint64_t)ROOMY, 1);
    separation.segment_seconds = 240;
    const demucs_fit_plan one = plans_for(model, &how, 1, &separation), four = plans_for(model, &how, 4, &separation);
    const uint64_t job_bytes = (four.need_bytes - one.need_bytes) / 3;
    struct rlimit before, limit;
    long mapped = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    const bool known = file != NULL && fscanf(file, "%ld", &mapped) == 1 && getrlimit(RLIMIT_AS, &before) == 0;
    if (file != NULL) fclose(file);
    if (known) {
        limit = before;
        limit.rlim_cur = (rlim_t)mapped * (rlim_t)sysconf(_SC_PAGESIZE) + 150000000 + 5 * job_bytes / 2;
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0, "no limit");
        const demucs_fit_plan plan = plans_for(model, &how, 4, &separation);
        CHECK(setrlimit(RLIMIT_AS, &before) == 0, "the limit stays");
        CHECK(strstr(plan.text, ", and the system does not give so much") != NULL, "%s", plan.text);
        CHECK(plan.jobs < 4 && plan.jobs >= 1 && strstr(plan.text, "at once instead of 4") != NULL, "%d jobs: %s",
              plan.jobs, plan.text);
    }
    demucs_model_free(model);
}

/* The engine gives no more than the plan. */
static void test_engine_keeps_to_it(void)
{
    if (!plans_are_exact()) return;
    demucs_model *model = plans_load("long.safetensors"); /* streams of megabytes, which the process changes by, too */
    REQUIRE(model != NULL, "no model");
    demucs_stream_options separation = plans_streams();
    demucs_fit_options how = plans_options(ROOMY, 2);
    const demucs_fit_plan two = plans_for(model, &how, 1, &separation);
    demucs_engine *engine = NULL;
    demucs_stream *streams[8] = {NULL};
    how = plans_options(two.need_bytes + SLACK, 2);
    demucs_engine_options options;
    demucs_default_engine_options(&options, sizeof options);
    options.threads = 4;
    options.jobs = 1;
    CHECK(demucs_fit_engine(&engine, model, &options, &separation, &how, NULL, &error) == DEMUCS_OK, "%s",
          error.message);
    int created = 0;
    while (created < 8 && demucs_stream_create(&streams[created], engine, &separation, &error) == DEMUCS_OK) created++;
    CHECK(created >= 2 && created < 8 && error.status == DEMUCS_ERROR_MEMORY, "%d streams: %s", created, error.message);
    for (int i = 0; i < created; i++) demucs_stream_free(streams[i]);
    demucs_engine_free(engine);
    demucs_model_free(model);
}

/* A bag is loaded with half of the memory at most; the same stems come from any plan. */
static void test_same_bits(void)
{
    if (!plans_are_exact()) return;
    enum { FRAMES = 5 * API_SEGMENT };
    demucs_options usual = api_options(2);
    float *mix = api_noise(API_CHANNELS, FRAMES, 7), *stems = calloc((size_t)API_PLANES * FRAMES, sizeof *stems);
    demucs_model *model = api_load(API_BAG);
    float *expected = api_stems(model, &usual, mix, FRAMES);
    const size_t all = demucs_model_memory_bytes(model);
    demucs_model_free(model);
    demucs_fit_options how = plans_options(all, 1);
    CHECK(demucs_fit_load(&model, api_path(API_BAG), &how, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_model_memory_bytes(model) <= all / 2, "%zu of %zu", demucs_model_memory_bytes(model), all);
    how = plans_options(ROOMY, 1);
    demucs_stream_options separation = plans_streams();
    separation.shifts = 0;
    demucs_fit_plan plan = plans_for(model, &how, 1, &separation);
    CHECK(strcmp(plan.text,
                 "2 instead of 4 networks of the bag kept in memory, since these may take half of the memory, and "
                 "--max-memory allows 2.0 GB") == 0,
          "%s", plan.text);
    how = plans_options(plan.need_bytes + SLACK, 3);
    demucs_engine_options options;
    demucs_default_engine_options(&options, sizeof options);
    options.threads = options.jobs = 4;
    demucs_engine *engine = NULL;
    demucs_stream *stream = NULL;
    CHECK(demucs_fit_engine(&engine, model, &options, &separation, &how, &plan, &error) == DEMUCS_OK, "%s",
          error.message);
    CHECK(demucs_stream_create(&stream, engine, &separation, &error) == DEMUCS_OK, "%s", error.message);
    const float *planes[API_CHANNELS] = {mix, mix + FRAMES};
    float *out[API_PLANES];
    api_planes(out, stems, API_PLANES, FRAMES);
    CHECK(demucs_stream_separate(stream, planes, FRAMES, out, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(expected != NULL && memcmp(stems, expected, sizeof(float) * API_PLANES * FRAMES) == 0,
          "other stems with %d jobs and %d members", plan.jobs, plan.members_kept);
    demucs_stream_free(stream);
    demucs_engine_free(engine);
    demucs_model_free(model);
    free(mix);
    free(stems);
    free(expected);
}

static void test_misuse(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_stream_options separation = plans_streams(), wrong = plans_streams();
    demucs_fit_plan none = {.struct_size = 0};
    demucs_fit_options how = plans_options(0, 65);
    demucs_engine *engine = NULL;
    wrong.shifts = -1;
    CHECK_FAILS(demucs_fit_engine(NULL, model, NULL, &separation, NULL, NULL, &error), DEMUCS_ERROR_ARGUMENT, "engine");
    CHECK_FAILS(demucs_fit_engine(&engine, NULL, NULL, &separation, NULL, NULL, &error), DEMUCS_ERROR_ARGUMENT,
                "model");
    CHECK_FAILS(demucs_fit_engine(&engine, model, NULL, NULL, NULL, NULL, &error), DEMUCS_ERROR_ARGUMENT, "separation");
    CHECK_FAILS(demucs_fit_engine(&engine, model, NULL, &wrong, NULL, NULL, &error), DEMUCS_ERROR_ARGUMENT, "shifts");
    CHECK_FAILS(demucs_fit_engine(&engine, model, NULL, &separation, &how, NULL, &error), DEMUCS_ERROR_ARGUMENT,
                "tracks_at_once");
    CHECK_FAILS(demucs_fit_engine(&engine, model, NULL, &separation, NULL, &none, &error), DEMUCS_ERROR_ARGUMENT,
                "struct_size");
    demucs_model_free(model);
    CHECK_FAILS(demucs_fit_load(&model, "nowhere.safetensors", &how, &error), DEMUCS_ERROR_ARGUMENT, "tracks_at_once");
    CHECK(model == NULL, "a model after a failure");
    CHECK_FAILS(demucs_fit_load(&model, "nowhere.safetensors", NULL, &error), DEMUCS_ERROR_IO, "nowhere");
    CHECK(demucs_fit_tracks_at_once(1) == 1 && demucs_fit_tracks_at_once(2) == 1, "small machines");
    CHECK(demucs_fit_tracks_at_once(64) > 1, "large ones");
}

TEST_MAIN(test_roomy, test_order, test_silent, test_segments, test_unsplit, test_failing_allocations,
          test_refused_by_the_system, test_engine_keeps_to_it, test_same_bits, test_misuse)
