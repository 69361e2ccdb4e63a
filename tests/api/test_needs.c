/* test_needs.c - what an engine with its streams would take is what it then takes; it takes no more than it may; and a
 * bag of which less is kept gives the same bits. */
#include "api.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES = 5 * API_SEGMENT };

static demucs_error error;

static demucs_needs measure(const demucs_model *model, const demucs_engine_options *engine, size_t frames)
{
    demucs_needs needs = {.struct_size = sizeof needs};
    CHECK(demucs_engine_measure(model, engine, frames, &needs, &error) == DEMUCS_OK, "%s", error.message);
    return needs;
}

static demucs_engine_options engine_options(int jobs, const demucs_stream_options *streams)
{
    demucs_engine_options options;
    demucs_default_engine_options(&options, sizeof options);
    options.threads = 3;
    options.jobs = jobs;
    options.streams = streams;
    return options;
}

/* Measured, then made. */
static void check_taken(const demucs_model *model, const demucs_engine_options *options, const char *what)
{
    const demucs_needs needs = measure(model, options, 0);
    demucs_engine *engine = NULL;
    demucs_stream *stream = NULL;
    CHECK(demucs_engine_create(&engine, model, options, &error) == DEMUCS_OK, "%s: %s", what, error.message);
    CHECK(demucs_stream_create(&stream, engine, options->streams, &error) == DEMUCS_OK, "%s: %s", what, error.message);
    CHECK(needs.engine_bytes == demucs_engine_memory_bytes(engine), "%s: the engine takes %zu and not %zu", what,
          demucs_engine_memory_bytes(engine), needs.engine_bytes);
    CHECK(needs.stream_bytes == demucs_stream_memory_bytes(stream), "%s: the stream takes %zu and not %zu", what,
          demucs_stream_memory_bytes(stream), needs.stream_bytes);
    /* the narrowest layers, all of some tiny models, have no weights in bfloat16 */
    const size_t weights = demucs_model_memory_bytes(model);
    const bool fast = demucs_engine_precision(engine) == DEMUCS_PRECISION_FAST;
    CHECK(fast ? needs.model_bytes >= weights && needs.model_bytes <= weights / 2 * 3 : needs.model_bytes == weights,
          "%s: the model takes %zu and not %zu", what, weights, needs.model_bytes);
    CHECK(needs.jobs == demucs_engine_jobs(engine), "%s: %d jobs", what, needs.jobs);
    demucs_stream_free(stream);
    demucs_engine_free(engine);
}

static void test_measured(void)
{
    const char *const names[] = {API_MODEL, API_BAG};
    for (int i = 0; i < 2; i++) {
        demucs_model *model = api_load(names[i]);
        demucs_stream_options streams;
        demucs_default_stream_options(&streams, sizeof streams);
        demucs_engine_options options = engine_options(1, NULL);
        check_taken(model, &options, "defaults");
        options = engine_options(3, &streams);
        check_taken(model, &options, "three jobs");
        streams.segment_seconds = 0.25;
        streams.overlap = 0.5;
        check_taken(model, &options, "shorter segments");
        demucs_model_keep(model, 1);
        check_taken(model, &options, "members that are loaded for their turn");
        options.precision = DEMUCS_PRECISION_FAST;
        check_taken(model, &options, "in bfloat16, where there is that");
        demucs_model_free(model);
    }
    demucs_model *model = api_load(API_BAG);
    demucs_engine_options options = engine_options(2, NULL);
    options.precision = DEMUCS_PRECISION_FAST;
    check_taken(model, &options, "weights in bfloat16 besides");
    demucs_model_free(model);
}

/* No more jobs than segments, and as large as the track. */
static void test_unsplit(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_stream_options streams;
    demucs_default_stream_options(&streams, sizeof streams);
    streams.split = false;
    streams.shifts = 0;
    demucs_engine_options options = engine_options(3, &streams);
    check_taken(model, &options, "before a track");
    const size_t shorter = API_SEGMENT / 2;
    const demucs_needs needs = measure(model, &options, shorter);
    CHECK(needs.jobs == 1, "%d jobs for one segment", needs.jobs);
    options.memory_bytes = needs.engine_bytes + needs.stream_bytes;
    demucs_engine *engine = NULL;
    demucs_stream *stream = NULL;
    const demucs_loudness silence = {.frames = FRAMES, .mean = 0, .m2 = 0};
    CHECK(demucs_engine_create(&engine, model, &options, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_stream_create(&stream, engine, &streams, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_stream_begin(stream, shorter, &silence, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(needs.engine_bytes == demucs_engine_memory_bytes(engine), "the engine takes %zu and not %zu",
          demucs_engine_memory_bytes(engine), needs.engine_bytes);
    CHECK(needs.stream_bytes == demucs_stream_memory_bytes(stream), "the stream takes %zu and not %zu",
          demucs_stream_memory_bytes(stream), needs.stream_bytes);
    demucs_stream_reset(stream);
    CHECK_FAILS(demucs_stream_begin(stream, API_SEGMENT, &silence, &error), DEMUCS_ERROR_MEMORY, "are there");
    CHECK(demucs_stream_begin(stream, shorter, &silence, &error) == DEMUCS_OK, "%s", error.message);
    demucs_stream_free(stream);
    demucs_engine_free(engine);
    demucs_model_free(model);
}

/* Up to the last byte and not one more: the engine itself, and streams until there is no room. */
static void test_limit(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_engine_options options = engine_options(2, NULL);
    const demucs_needs needs = measure(model, &options, 0);
    demucs_engine *engine = NULL;
    demucs_stream *streams[3] = {NULL};
    options.memory_bytes = needs.engine_bytes + 1;
    CHECK_FAILS(demucs_engine_create(&engine, model, &options, &error), DEMUCS_ERROR_MEMORY, "are there");
    options.memory_bytes = needs.engine_bytes + 2 * needs.stream_bytes;
    CHECK(demucs_engine_create(&engine, model, &options, &error) == DEMUCS_OK, "%s", error.message);
    for (int i = 0; i < 2; i++)
        CHECK(demucs_stream_create(&streams[i], engine, NULL, &error) == DEMUCS_OK, "%d: %s", i, error.message);
    for (int again = 0; again < 2; again++)
        CHECK_FAILS(demucs_stream_create(&streams[2], engine, NULL, &error), DEMUCS_ERROR_MEMORY, "are there");
    demucs_stream_free(streams[0]);
    CHECK(demucs_stream_create(&streams[2], engine, NULL, &error) == DEMUCS_OK, "%s", error.message);
    demucs_stream_free(streams[1]);
    demucs_stream_free(streams[2]);
    demucs_engine_free(engine);
    demucs_model_free(model);
}

static int residents(const demucs_model *model)
{
    int count = 0;
    for (int m = 0; m < demucs_model_members(model); m++) {
        demucs_member_info info = {.struct_size = sizeof info};
        CHECK(demucs_model_member_info(model, m, &info, &error) == DEMUCS_OK, "%s", error.message);
        count += info.resident;
    }
    return count;
}

static void test_keep(void)
{
    demucs_options options = api_options(2);
    float *mix = api_noise(API_CHANNELS, FRAMES, 7);
    demucs_model *model = api_load(API_BAG);
    const int members = demucs_model_members(model);
    const size_t all = demucs_model_memory_bytes(model), each = all / (size_t)members;
    float *expected = api_stems(model, &options, mix, FRAMES);
    CHECK(demucs_model_keep(model, all) == members, "all of it fits");
    for (int kept = members - 1; kept >= 0; kept--) {
        CHECK(demucs_model_keep(model, each * (size_t)kept + each / 2) == kept, "not %d", kept);
        CHECK(residents(model) == kept, "%d of %d are resident", residents(model), kept);
        CHECK(demucs_model_memory_bytes(model) <= each * (size_t)kept + each / 2, "%zu bytes",
              demucs_model_memory_bytes(model));
        float *stems = api_stems(model, &options, mix, FRAMES);
        CHECK(expected != NULL && stems != NULL && memcmp(stems, expected, sizeof(float) * API_PLANES * FRAMES) == 0,
              "with %d kept the stems differ", kept);
        free(stems);
    }
    demucs_model_free(model);
    model = api_load(API_MODEL);
    CHECK(demucs_model_keep(model, 1) == 1 && residents(model) == 1, "a single checkpoint stays");
    demucs_model_free(model);
    free(mix);
    free(expected);
}

static void test_misuse(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_needs needs = {.struct_size = sizeof needs}, none = {0};
    demucs_engine_options options = engine_options(-1, NULL);
    CHECK_FAILS(demucs_engine_measure(NULL, NULL, 0, &needs, &error), DEMUCS_ERROR_ARGUMENT, "model");
    CHECK_FAILS(demucs_engine_measure(model, NULL, 0, NULL, &error), DEMUCS_ERROR_ARGUMENT, "needs");
    CHECK_FAILS(demucs_engine_measure(model, NULL, 0, &none, &error), DEMUCS_ERROR_ARGUMENT, "struct_size");
    CHECK_FAILS(demucs_engine_measure(model, NULL, SIZE_MAX, &needs, &error), DEMUCS_ERROR_ARGUMENT, "too long");
    CHECK_FAILS(demucs_engine_measure(model, &options, 0, &needs, &error), DEMUCS_ERROR_ARGUMENT, "jobs");
    CHECK(needs.engine_bytes == 0 && needs.jobs == 0, "a failed call wrote something");
    CHECK(demucs_model_keep(NULL, 0) == 0, "no model");
    CHECK(demucs_engine_measure(model, NULL, 0, &needs, &error) == DEMUCS_OK, "%s", error.message);
    demucs_model_free(model);
}

TEST_MAIN(test_measured, test_unsplit, test_limit, test_keep, test_misuse)
