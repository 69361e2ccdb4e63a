/* test_failures.c - memory that is not there. The N-th allocation fails and all after it, for every N (later ones in
 * steps): each time the call fails with MEMORY and leaves nothing behind, which the address sanitizer checks. */
#include "api.h"

#include "base/alloc.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* The JSON and YAML parsers have memory of their own, so that allocations of ours count only. */
static int64_t next(int64_t n) { return n + 1 + n / 40; }

static void check_failure(demucs_status status, const demucs_error *error, int64_t n, const char *what)
{
    CHECK(api_is(status, error, DEMUCS_ERROR_MEMORY, "memory"), "%s, allocation %lld: %s %s", what, (long long)n,
          demucs_status_name(status), error->message);
}

static void check_load(const char *name)
{
    demucs_model *model = NULL;
    int failures = 0;
    for (int64_t n = 0; model == NULL && n < 100000; n = next(n)) {
        demucs_error error = {DEMUCS_OK, ""};
        dmx_alloc_fail_after(n);
        demucs_status status = demucs_model_load(&model, api_path(name), &error);
        dmx_alloc_fail_after(-1);
        if (status == DEMUCS_OK) break;
        CHECK(model == NULL, "allocation %lld: a half-built model", (long long)n);
        check_failure(status, &error, n, name);
        failures++;
    }
    CHECK(model != NULL && failures > 20, "%s: %d failures", name, failures);
    demucs_model_free(model);
}

static void test_load(void)
{
    check_load(API_MODEL);
    check_load(API_BAG);
    check_load("hub/f0cb5d54-c3336554.th");
    check_load("checkpoint/good/a0b1e544.safetensors");
    check_load("generated/variant_multi.safetensors");
}

static void test_create(void)
{
    demucs_model *model = api_load(API_BAG);
    demucs_separator *s = NULL;
    int failures = 0;
    if (model == NULL) return;
    demucs_options o = api_options(3);
    o.shifts = 2;
    o.jobs = 2;
    for (int64_t n = 0; s == NULL && n < 1000; n++) {
        demucs_error error = {DEMUCS_OK, ""};
        dmx_alloc_fail_after(n);
        demucs_status status = demucs_separator_create(&s, model, &o, &error);
        dmx_alloc_fail_after(-1);
        if (status == DEMUCS_OK) break;
        CHECK(s == NULL, "allocation %lld: a half-built separator", (long long)n);
        check_failure(status, &error, n, "create");
        failures++;
    }
    CHECK(s != NULL && failures >= 5, "%d failures", failures);
    demucs_separator_free(s);
    demucs_model_free(model);
}

/* A split track needs no memory at all; one that is not split fails, and the separator is good for the next. */
static void test_separate(void)
{
    enum { FRAMES = 3000 };
    demucs_model *model = api_load(API_MODEL);
    if (model == NULL) return;
    float *mix = api_noise(API_CHANNELS, FRAMES, 1), *stems = calloc(API_PLANES * FRAMES, sizeof *stems);
    for (int split = 0; split < 2; split++) {
        int failures = 0;
        demucs_options o = api_options(2);
        o.split = split == 1;
        o.jobs = 2;
        float *right = api_stems(model, &o, mix, FRAMES);
        for (int64_t n = 0; n < 100; n++) {
            demucs_error error = {DEMUCS_OK, ""};
            demucs_separator *s = api_create(model, &o);
            dmx_alloc_fail_after(n);
            demucs_status status = api_separate(s, mix, FRAMES, stems, &error);
            dmx_alloc_fail_after(-1);
            if (status != DEMUCS_OK) check_failure(status, &error, n, "separate");
            failures += status != DEMUCS_OK;
            CHECK(api_separate(s, mix, FRAMES, stems, &error) == DEMUCS_OK, "after allocation %lld: %s", (long long)n,
                  error.message);
            CHECK(right != NULL && memcmp(right, stems, API_PLANES * FRAMES * sizeof *stems) == 0, "allocation %lld",
                  (long long)n);
            demucs_separator_free(s);
            if (status == DEMUCS_OK) break;
        }
        CHECK(split == 1 ? failures == 0 : failures >= 2, "split %d: %d failures", split, failures);
        free(right);
    }
    free(mix);
    free(stems);
    demucs_model_free(model);
}

/* ---- an engine that cannot grow for one stream serves another one, which is in the middle of a track, as before ----
 */

enum { LONG = 60000 }; /* several segments */

typedef struct intruder {
    demucs_stream *whole; /* begins a track that is not split */
    const float *const *mix;
    float *stems;
    int64_t allocations; /* that it has until there is no memory; -1: it keeps away */
    demucs_status status;
    demucs_error error;
} intruder;

static bool intrude(const demucs_progress *progress, void *user)
{
    intruder *i = user;
    float *planes[API_PLANES];
    if (i->allocations < 0 || progress->finished || progress->segments_done != 0) return false;
    api_planes(planes, i->stems, API_PLANES, LONG);
    i->error = (demucs_error){DEMUCS_OK, ""};
    dmx_alloc_fail_after(i->allocations);
    i->status = demucs_stream_separate(i->whole, i->mix, LONG, planes, &i->error);
    dmx_alloc_fail_after(-1);
    i->allocations = -1;
    return false;
}

static void test_growing(void)
{
    demucs_model *model = api_load("checkpoint/good/409eef75.safetensors");
    demucs_engine *engine = NULL;
    demucs_stream *split = NULL;
    demucs_stream_options o;
    demucs_error error = {DEMUCS_OK, ""};
    const demucs_engine_options e = {.struct_size = sizeof e, .threads = 2, .jobs = 2};
    float *mix = api_noise(API_CHANNELS, LONG, 1), *right = calloc(API_PLANES * LONG, sizeof *right);
    float *stems = calloc(API_PLANES * LONG, sizeof *stems), *planes[API_PLANES];
    const float *const inputs[] = {mix, mix + LONG};
    intruder other = {.mix = inputs, .allocations = -1};
    other.stems = calloc(API_PLANES * LONG, sizeof *other.stems);
    demucs_default_stream_options(&o, sizeof o);
    o.shifts = 0;
    REQUIRE(demucs_engine_create(&engine, model, &e, &error) == DEMUCS_OK, "%s", error.message);
    o.split = false;
    CHECK(demucs_stream_create(&other.whole, engine, &o, NULL) == DEMUCS_OK, "a stream of whole tracks");
    o.split = true;
    o.progress = intrude;
    o.progress_user = &other;
    CHECK(demucs_stream_create(&split, engine, &o, NULL) == DEMUCS_OK, "a stream");
    api_planes(planes, right, API_PLANES, LONG);
    CHECK(demucs_stream_separate(split, inputs, LONG, planes, NULL) == DEMUCS_OK, "alone");
    const size_t before = demucs_engine_memory_bytes(engine);
    int failures = 0;
    api_planes(planes, stems, API_PLANES, LONG);
    for (int64_t n = 0; n < 100; n++) {
        other.allocations = n;
        CHECK(demucs_stream_separate(split, inputs, LONG, planes, &error) == DEMUCS_OK, "%s", error.message);
        CHECK(memcmp(stems, right, API_PLANES * LONG * sizeof *stems) == 0, "allocation %lld", (long long)n);
        if (other.status == DEMUCS_OK) break;
        check_failure(other.status, &other.error, n, "growing");
        failures++;
    }
    CHECK(failures >= 2 && demucs_engine_memory_bytes(engine) > before,
          "%d failures, the engine has %zu bytes and had %zu", failures, demucs_engine_memory_bytes(engine), before);
    demucs_stream_free(split);
    demucs_stream_free(other.whole);
    demucs_engine_free(engine);
    demucs_model_free(model);
    free(mix);
    free(right);
    free(stems);
    free(other.stems);
}

static void test_convert(void)
{
    const char *target = "api_failures.safetensors";
    int failures = 0;
    remove(target);
    for (int64_t n = 0; n < 100000; n = next(n)) {
        demucs_error error = {DEMUCS_OK, ""};
        dmx_alloc_fail_after(n);
        demucs_status status = demucs_convert(api_path(API_MODEL), target, &error);
        dmx_alloc_fail_after(-1);
        if (status == DEMUCS_OK) break;
        check_failure(status, &error, n, "convert");
        FILE *left = fopen(target, "rb");
        CHECK(left == NULL, "allocation %lld: the target is there", (long long)n);
        if (left != NULL) fclose(left);
        failures++;
    }
    CHECK(failures > 20, "%d failures", failures);
    CHECK(remove(target) == 0, "the target is not there");
}

static void test_resampler(void)
{
    demucs_resampler *resampler = NULL;
    int failures = 0;
    for (int64_t n = 0; resampler == NULL && n < 100; n++) {
        demucs_error error = {DEMUCS_OK, ""};
        dmx_alloc_fail_after(n);
        demucs_status status = demucs_resampler_create(&resampler, 48000, 44100, 2, &error);
        dmx_alloc_fail_after(-1);
        if (status == DEMUCS_OK) break;
        check_failure(status, &error, n, "resampler");
        failures++;
    }
    CHECK(resampler != NULL && failures >= 2, "%d failures", failures);
    demucs_resampler_free(resampler);
}

TEST_MAIN(test_load, test_create, test_separate, test_growing, test_convert, test_resampler)
