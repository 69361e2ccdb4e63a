/* test_misuse.c - wrong arguments and wrong order: each gives its status and a sentence, and harms nothing. */
#include "api.h"

#include "support/test.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static demucs_error error;

/* ---- names, errors ---- */

static void test_version_and_names(void)
{
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", DEMUCS_VERSION_MAJOR, DEMUCS_VERSION_MINOR, DEMUCS_VERSION_PATCH);
    CHECK(strcmp(demucs_version(), version) == 0, "%s", demucs_version());
    CHECK(strcmp(demucs_status_name(DEMUCS_ERROR_STATE), "DEMUCS_ERROR_STATE") == 0, "%s",
          demucs_status_name(DEMUCS_ERROR_STATE));
    CHECK(demucs_status_name((demucs_status)1000) != NULL && demucs_status_name((demucs_status)-1) != NULL,
          "out of range");
}

/* An error is written on failure only, and may be missing. */
static void test_error_argument(void)
{
    demucs_model *model = NULL;
    error = (demucs_error){DEMUCS_ERROR_IO, "an earlier failure"};
    CHECK(demucs_model_load(&model, "/nowhere/m.safetensors", NULL) == DEMUCS_ERROR_IO, "without an error");
    CHECK_FAILS(demucs_model_load(&model, "/nowhere/m.safetensors", &error), DEMUCS_ERROR_IO, "/nowhere/m.safetensors");
    /* A stale failure does not hide a new one. */
    const demucs_status status = demucs_model_load(&model, NULL, &error);
    CHECK(status == DEMUCS_ERROR_ARGUMENT && error.status == DEMUCS_ERROR_ARGUMENT, "%s", error.message);
}

/* ---- model ---- */

static void test_model_arguments(void)
{
    demucs_model *model = (demucs_model *)1;
    CHECK_FAILS(demucs_model_load(NULL, "x", &error), DEMUCS_ERROR_ARGUMENT, "model");
    CHECK_FAILS(demucs_model_load(&model, NULL, &error), DEMUCS_ERROR_ARGUMENT, "path");
    CHECK(model == NULL, "a failed load leaves NULL");
    CHECK_FAILS(demucs_model_load(&model, "", &error), DEMUCS_ERROR_IO, "");
    demucs_model_free(NULL);
}

static void test_model_facts(void)
{
    demucs_model *model = api_load(API_BAG);
    if (model == NULL) return;
    CHECK(demucs_model_sources(model) == 4 && demucs_model_channels(model) == 2, "sizes");
    CHECK(demucs_model_sample_rate_hz(model) == API_RATE_HZ, "%d", demucs_model_sample_rate_hz(model));
    CHECK(demucs_model_max_segment_seconds(model) == 0.4, "%g", demucs_model_max_segment_seconds(model));
    CHECK(strcmp(demucs_model_source_name(model, 3), "vocals") == 0, "%s", demucs_model_source_name(model, 3));
    CHECK(demucs_model_source_name(model, -1) == NULL && demucs_model_source_name(model, 4) == NULL, "out of range");
    CHECK(demucs_model_find_source(model, "bass") == 1 && demucs_model_find_source(model, "Bass") == -1 &&
              demucs_model_find_source(model, NULL) == -1,
          "find");
    CHECK(demucs_model_warnings(model) == 0 && demucs_model_warning(model, 0) == NULL &&
              demucs_model_warning(model, -1) == NULL,
          "warnings");
    CHECK(demucs_model_members(model) == 4, "%d", demucs_model_members(model));
    demucs_model_free(model);
}

static void test_member_info(void)
{
    demucs_model *model = api_load(API_BAG);
    demucs_member_info info = {.struct_size = sizeof info};
    if (model == NULL) return;
    CHECK(demucs_model_member_info(model, 2, &info, NULL) == DEMUCS_OK, "member 2");
    CHECK(strcmp(info.class_name, "HTDemucs") == 0 && strstr(info.path, "a0000002.safetensors") != NULL, "%s",
          info.path);
    CHECK(info.weights[2] == 1 && info.weights[0] == 0 && info.segment_seconds == 0.4 && info.parameters > 1000,
          "facts");
    CHECK_FAILS(demucs_model_member_info(model, 4, &info, &error), DEMUCS_ERROR_ARGUMENT, "member 4");
    CHECK_FAILS(demucs_model_member_info(model, -1, &info, &error), DEMUCS_ERROR_ARGUMENT, "member -1");
    CHECK_FAILS(demucs_model_member_info(model, 0, NULL, &error), DEMUCS_ERROR_ARGUMENT, "info");
    CHECK_FAILS(demucs_model_member_info(NULL, 0, &info, &error), DEMUCS_ERROR_ARGUMENT, "model");
    info.struct_size = 0;
    CHECK_FAILS(demucs_model_member_info(model, 0, &info, &error), DEMUCS_ERROR_ARGUMENT, "struct_size");
    info.struct_size = sizeof info + 8;
    CHECK_FAILS(demucs_model_member_info(model, 0, &info, &error), DEMUCS_ERROR_ARGUMENT, "struct_size");
    /* A caller of an older version knows fewer fields: the others stay as they were. */
    info = (demucs_member_info){.struct_size = offsetof(demucs_member_info, parameters), .parameters = 7};
    CHECK(demucs_model_member_info(model, 0, &info, NULL) == DEMUCS_OK && info.parameters == 7 && info.path != NULL,
          "short");
    demucs_model_free(model);
}

static void test_null_objects(void)
{
    CHECK(demucs_model_sources(NULL) == 0 && demucs_model_channels(NULL) == 0 && demucs_model_members(NULL) == 0,
          "model");
    CHECK(demucs_model_sample_rate_hz(NULL) == 0 && demucs_model_warnings(NULL) == 0, "model");
    CHECK(demucs_model_max_segment_seconds(NULL) == 0, "model");
    CHECK(demucs_model_source_name(NULL, 0) == NULL && demucs_model_warning(NULL, 0) == NULL, "model");
    CHECK(demucs_model_find_source(NULL, "drums") == -1, "model");
    CHECK(demucs_separator_memory_bytes(NULL) == 0 && demucs_separator_cpu(NULL) == NULL &&
              demucs_separator_precision(NULL) == DEMUCS_PRECISION_EXACT,
          "separator");
    demucs_separator_reset(NULL);
    demucs_separator_free(NULL);
    demucs_default_options(NULL, sizeof(demucs_options));
    demucs_engine_free(NULL);
    demucs_stream_free(NULL);
    demucs_stream_reset(NULL);
    CHECK(demucs_engine_memory_bytes(NULL) == 0 && demucs_engine_threads(NULL) == 0 && demucs_engine_jobs(NULL) == 0 &&
              demucs_engine_cpu(NULL) == NULL && demucs_engine_precision(NULL) == DEMUCS_PRECISION_EXACT,
          "engine");
    CHECK(demucs_stream_memory_bytes(NULL) == 0 && demucs_separator_engine(NULL) == NULL &&
              demucs_separator_stream(NULL) == NULL,
          "stream");
}

/* A loudness that is not there, or a mix that is not whole, changes nothing. */
static void test_null_loudness(void)
{
    float frames[2] = {1, -1};
    const float *whole[] = {frames, frames}, *half[] = {frames, NULL};
    demucs_loudness loudness = {0};
    demucs_loudness_add(NULL, whole, 2, 2);
    demucs_loudness_add(&loudness, NULL, 2, 2);
    demucs_loudness_add(&loudness, half, 2, 2);
    demucs_loudness_add(&loudness, whole, 0, 2);
    demucs_loudness_add(&loudness, whole, -1, 2);
    CHECK(loudness.frames == 0 && loudness.mean == 0 && loudness.m2 == 0, "it changed");
    demucs_loudness_add(&loudness, whole, 2, 2);
    CHECK(loudness.frames == 2 && loudness.m2 == 2, "%g", loudness.m2);
}

static void test_engine_and_stream_arguments(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_engine *engine = (demucs_engine *)1;
    demucs_stream *stream = (demucs_stream *)1;
    float frame[API_PLANES] = {0}, *stems[API_PLANES];
    const float *mix[API_CHANNELS] = {frame, frame};
    size_t count;
    api_planes(stems, frame, API_PLANES, 1);
    CHECK_FAILS(demucs_engine_create(NULL, model, NULL, &error), DEMUCS_ERROR_ARGUMENT, "engine");
    CHECK_FAILS(demucs_engine_create(&engine, NULL, NULL, &error), DEMUCS_ERROR_ARGUMENT, "model");
    CHECK(engine == NULL, "a failed creation leaves NULL");
    CHECK_FAILS(demucs_stream_create(&stream, NULL, NULL, &error), DEMUCS_ERROR_ARGUMENT, "engine");
    CHECK(stream == NULL, "a failed creation leaves NULL");
    CHECK_FAILS(demucs_stream_begin(NULL, 0, NULL, &error), DEMUCS_ERROR_ARGUMENT, "stream");
    CHECK_FAILS(demucs_stream_push(NULL, mix, 1, &count, &error), DEMUCS_ERROR_ARGUMENT, "stream");
    CHECK_FAILS(demucs_stream_finish(NULL, &error), DEMUCS_ERROR_ARGUMENT, "stream");
    CHECK_FAILS(demucs_stream_pull(NULL, stems, 1, &count, NULL, &error), DEMUCS_ERROR_ARGUMENT, "stream");
    CHECK_FAILS(demucs_stream_separate(NULL, mix, 1, stems, &error), DEMUCS_ERROR_ARGUMENT, "stream");
    demucs_engine_options o = {.struct_size = sizeof o, .threads = 1025};
    CHECK_FAILS(demucs_engine_create(&engine, model, &o, &error), DEMUCS_ERROR_ARGUMENT, "threads");
    if (demucs_engine_create(&engine, model, NULL, &error) == DEMUCS_OK)
        CHECK_FAILS(demucs_stream_create(NULL, engine, NULL, &error), DEMUCS_ERROR_ARGUMENT, "stream");
    demucs_engine_free(engine);
    demucs_model_free(model);
}

/* ---- options ---- */

static demucs_model *options_model;

static demucs_status create(const demucs_options *options)
{
    demucs_separator *separator = (demucs_separator *)1;
    demucs_status status = demucs_separator_create(&separator, options_model, options, &error);
    CHECK(status == DEMUCS_OK ? separator != NULL : separator == NULL, "%s", error.message);
    if (status == DEMUCS_OK) demucs_separator_free(separator);
    return status;
}

#define CHECK_OPTION(field, value, text)                                                                               \
    do {                                                                                                               \
        demucs_options o = api_options(1);                                                                             \
        o.field = (value);                                                                                             \
        CHECK_FAILS(create(&o), DEMUCS_ERROR_ARGUMENT, text);                                                          \
    } while (0)

static void test_option_ranges(void)
{
    options_model = api_load(API_BAG);
    if (options_model == NULL) return;
    CHECK_OPTION(threads, -1, "threads");
    CHECK_OPTION(threads, 1025, "threads");
    CHECK_OPTION(jobs, -1, "jobs");
    CHECK_OPTION(jobs, 1025, "jobs");
    CHECK_OPTION(shifts, -1, "shifts");
    CHECK_OPTION(shifts, 100001, "shifts");
    CHECK_OPTION(precision, (demucs_precision)2, "precision");
    CHECK_OPTION(overlap, -0.01, "overlap");
    CHECK_OPTION(overlap, 0.995, "overlap");
    CHECK_OPTION(overlap, NAN, "overlap");
    CHECK_OPTION(transition_power, 0.5, "transition_power");
    CHECK_OPTION(transition_power, 101, "transition_power");
    CHECK_OPTION(transition_power, INFINITY, "transition_power");
    CHECK_OPTION(segment_seconds, -1, "segment_seconds");
    CHECK_OPTION(segment_seconds, NAN, "segment_seconds");
    CHECK_OPTION(segment_seconds, INFINITY, "segment");
    CHECK_OPTION(segment_seconds, 0.41, "Maximum segment is: 0.4");
    CHECK_OPTION(segment_seconds, 1e-9, "segment_seconds");
    CHECK_OPTION(wanted, ((const bool[4]){false, false, false, false}), "wanted");
    CHECK_OPTION(cpu, "fast", "fast");
    CHECK_OPTION(struct_size, 0, "demucs_default_options");
    CHECK_OPTION(struct_size, sizeof(demucs_options) + 8, "demucs_default_options");
    demucs_model_free(options_model);
}

static void test_shift_offsets(void)
{
    options_model = api_load(API_BAG);
    if (options_model == NULL) return;
    const int offsets[8] = {0, 1, 2, 3, 4000, 5, 6, 7}, high[8] = {0, 1, 2, 4001}, low[8] = {0, -1};
    demucs_options o = api_options(1);
    o.shifts = 2;
    o.shift_offsets = offsets;
    o.shift_offsets_count = 8;
    CHECK(create(&o) == DEMUCS_OK, "%s", error.message);
    o.shift_offsets_count = 7;
    CHECK_FAILS(create(&o), DEMUCS_ERROR_ARGUMENT, "shift_offsets");
    o.shift_offsets_count = 8;
    o.shift_offsets = high;
    CHECK_FAILS(create(&o), DEMUCS_ERROR_ARGUMENT, "shift_offsets");
    o.shift_offsets = low;
    CHECK_FAILS(create(&o), DEMUCS_ERROR_ARGUMENT, "shift_offsets");
    demucs_model_free(options_model);
}

/* The limits themselves are fine. */
static void test_option_limits(void)
{
    options_model = api_load(API_MODEL);
    if (options_model == NULL) return;
    demucs_options o = api_options(3);
    o.overlap = 0.99;
    o.transition_power = 100;
    o.segment_seconds = 0.4;
    o.cpu = "scalar";
    CHECK(create(&o) == DEMUCS_OK, "%s", error.message);
    o.overlap = 0;
    o.struct_size = offsetof(demucs_options, overlap); /* an older caller: overlap keeps its default */
    CHECK(create(&o) == DEMUCS_OK, "%s", error.message);
    CHECK(create(NULL) == DEMUCS_OK, "%s", error.message);
    demucs_model_free(options_model);
}

/* A CPU level of another machine is no reason to be slow: it changes nothing. */
static void test_foreign_cpu_level(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_options o = api_options(1);
    demucs_separator *usual = model != NULL ? api_create(model, &o) : NULL;
#ifdef __aarch64__
    o.cpu = "avx2";
#else
    o.cpu = "neon";
#endif
    demucs_separator *foreign = model != NULL ? api_create(model, &o) : NULL;
    if (usual != NULL && foreign != NULL)
        CHECK(strcmp(demucs_separator_cpu(foreign), demucs_separator_cpu(usual)) == 0, "%s makes it %s", o.cpu,
              demucs_separator_cpu(foreign));
    demucs_separator_free(foreign);
    demucs_separator_free(usual);
    demucs_model_free(model);
}

/* ---- separator: arguments ---- */

static void test_separator_arguments(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_options options = api_options(1);
    demucs_separator *s = (demucs_separator *)1;
    float frame[API_PLANES] = {0}, *stems[API_PLANES];
    const float *mix[API_CHANNELS] = {frame, frame}, *half[API_CHANNELS] = {frame, NULL};
    size_t count = 99;
    const demucs_loudness loudness = {0};
    api_planes(stems, frame, API_PLANES, 1);
    CHECK_FAILS(demucs_separator_create(NULL, model, NULL, &error), DEMUCS_ERROR_ARGUMENT, "separator");
    CHECK_FAILS(demucs_separator_create(&s, NULL, NULL, &error), DEMUCS_ERROR_ARGUMENT, "model");
    CHECK(s == NULL, "a failed creation leaves NULL");
    s = model != NULL ? api_create(model, &options) : NULL;
    if (s == NULL) return;
    CHECK_FAILS(demucs_separate(NULL, mix, 1, stems, &error), DEMUCS_ERROR_ARGUMENT, "separator");
    CHECK_FAILS(demucs_separate(s, NULL, 1, stems, &error), DEMUCS_ERROR_ARGUMENT, "mix");
    CHECK_FAILS(demucs_separate(s, half, 1, stems, &error), DEMUCS_ERROR_ARGUMENT, "mix[");
    CHECK_FAILS(demucs_separate(s, mix, 1, NULL, &error), DEMUCS_ERROR_ARGUMENT, "stems");
    CHECK_FAILS(demucs_separate(s, mix, SIZE_MAX, stems, &error), DEMUCS_ERROR_ARGUMENT, "too long");
    CHECK(demucs_separate(s, NULL, 0, stems, &error) == DEMUCS_OK, "nothing to do");
    CHECK_FAILS(demucs_separator_begin(NULL, 1, &loudness, &error), DEMUCS_ERROR_ARGUMENT, "separator");
    CHECK_FAILS(demucs_separator_begin(s, 1, NULL, &error), DEMUCS_ERROR_ARGUMENT, "loudness");
    CHECK_FAILS(demucs_separator_begin(s, 1, &(demucs_loudness){2, NAN, 1}, &error), DEMUCS_ERROR_ARGUMENT, "loudness");
    CHECK_FAILS(demucs_separator_begin(s, 1, &(demucs_loudness){2, 0, -1}, &error), DEMUCS_ERROR_ARGUMENT, "loudness");
    CHECK_FAILS(demucs_separator_push(NULL, mix, 1, &count, &error), DEMUCS_ERROR_ARGUMENT, "separator");
    CHECK(count == 0, "%zu frames accepted", count);
    CHECK_FAILS(demucs_separator_push(s, mix, 1, NULL, &error), DEMUCS_ERROR_ARGUMENT, "accepted");
    CHECK_FAILS(demucs_separator_finish(NULL, &error), DEMUCS_ERROR_ARGUMENT, "separator");
    CHECK_FAILS(demucs_separator_pull(NULL, stems, 1, &count, &error), DEMUCS_ERROR_ARGUMENT, "separator");
    CHECK_FAILS(demucs_separator_pull(s, NULL, 1, &count, &error), DEMUCS_ERROR_ARGUMENT, "stems");
    CHECK_FAILS(demucs_separator_pull(s, stems, 1, NULL, &error), DEMUCS_ERROR_ARGUMENT, "frames");
    demucs_separator_free(s);
    demucs_model_free(model);
}

/* ---- separator: order ---- */

static void test_separator_order(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_options options = api_options(1);
    options.normalize = false;
    demucs_separator *s = model != NULL ? api_create(model, &options) : NULL;
    float frame[API_PLANES] = {0}, *stems[API_PLANES];
    const float *mix[API_CHANNELS] = {frame, frame};
    size_t count = 0;
    if (s == NULL) return;
    api_planes(stems, frame, API_PLANES, 1);
    CHECK_FAILS(demucs_separator_push(s, mix, 1, &count, &error), DEMUCS_ERROR_STATE, "demucs_separator_begin");
    CHECK_FAILS(demucs_separator_pull(s, stems, 1, &count, &error), DEMUCS_ERROR_STATE, "demucs_separator_begin");
    CHECK_FAILS(demucs_separator_finish(s, &error), DEMUCS_ERROR_STATE, "demucs_separator_begin");
    REQUIRE(demucs_separator_begin(s, 2, NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK_FAILS(demucs_separator_begin(s, 2, NULL, &error), DEMUCS_ERROR_STATE, "under way");
    CHECK_FAILS(demucs_separate(s, mix, 1, stems, &error), DEMUCS_ERROR_STATE, "under way");
    CHECK(demucs_separator_pull(s, stems, 1, &count, &error) == DEMUCS_OK && count == 0, "nothing pushed yet");
    CHECK_FAILS(demucs_separator_finish(s, &error), DEMUCS_ERROR_ARGUMENT, "announced"); /* too few */
    CHECK(demucs_separator_push(s, mix, 1, &count, &error) == DEMUCS_OK && count == 1, "%s", error.message);
    CHECK_FAILS(demucs_separator_push(s, (const float *const[]){frame, NULL}, 1, &count, &error), DEMUCS_ERROR_ARGUMENT,
                "mix[");
    CHECK(demucs_separator_push(s, NULL, 0, &count, &error) == DEMUCS_OK && count == 0, "nothing to push");
    CHECK(demucs_separator_push(s, mix, 1, &count, &error) == DEMUCS_OK && count == 1, "%s", error.message);
    CHECK_FAILS(demucs_separator_push(s, mix, 1, &count, &error), DEMUCS_ERROR_ARGUMENT, "announced"); /* too many */
    CHECK(demucs_separator_finish(s, &error) == DEMUCS_OK, "%s", error.message);
    CHECK_FAILS(demucs_separator_finish(s, &error), DEMUCS_ERROR_STATE, "finish");
    CHECK_FAILS(demucs_separator_push(s, mix, 1, &count, &error), DEMUCS_ERROR_STATE, "push");
    for (int k = 0; k < 2; k++)
        CHECK(demucs_separator_pull(s, stems, 1, &count, NULL) == DEMUCS_OK && count == 1, "frame %d", k);
    CHECK(demucs_separator_pull(s, stems, 1, &count, &error) == DEMUCS_OK && count == 0, "the track is done");
    CHECK_FAILS(demucs_separator_pull(s, stems, 1, &count, &error), DEMUCS_ERROR_STATE, "demucs_separator_begin");
    CHECK(demucs_separator_begin(s, 0, NULL, &error) == DEMUCS_OK, "ready for another: %s", error.message);
    demucs_separator_reset(s);
    CHECK(demucs_separate(s, mix, 1, stems, &error) == DEMUCS_OK, "after a reset: %s", error.message);
    demucs_separator_free(s);
    demucs_model_free(model);
}

/* A track that is not split must be announced, and fit. */
static void test_unsplit_length(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_options options = api_options(1);
    options.normalize = options.split = false;
    demucs_separator *s = model != NULL ? api_create(model, &options) : NULL;
    if (s == NULL) return;
    CHECK_FAILS(demucs_separator_begin(s, 0, NULL, &error), DEMUCS_ERROR_ARGUMENT, "length");
    CHECK_FAILS(demucs_separator_begin(s, API_SEGMENT + 1, NULL, &error), DEMUCS_ERROR_ARGUMENT, "3201");
    CHECK_FAILS(demucs_separator_begin(s, SIZE_MAX, NULL, &error), DEMUCS_ERROR_ARGUMENT, "");
    CHECK_FAILS(demucs_separator_begin(s, SIZE_MAX / 2 + 2, NULL, &error), DEMUCS_ERROR_ARGUMENT, "");
    CHECK(demucs_separator_begin(s, API_SEGMENT, NULL, &error) == DEMUCS_OK, "%s", error.message);
    demucs_separator_free(s);
    demucs_model_free(model);
}

/* ---- convert ---- */

static void test_convert(void)
{
    demucs_model *model = NULL;
    remove("api_converted.safetensors");
    CHECK_FAILS(demucs_convert(NULL, "x", &error), DEMUCS_ERROR_ARGUMENT, "source_path");
    CHECK_FAILS(demucs_convert(api_path(API_MODEL), NULL, &error), DEMUCS_ERROR_ARGUMENT, "target_path");
    CHECK_FAILS(demucs_convert("/nowhere/m.th", "x", &error), DEMUCS_ERROR_IO, "/nowhere/m.th");
    CHECK_FAILS(demucs_convert(api_path(API_MODEL), "/nowhere/m.safetensors", &error), DEMUCS_ERROR_IO,
                "/nowhere/m.safetensors");
    CHECK_FAILS(demucs_convert(api_path(API_BAG), "api_converted.safetensors", &error), DEMUCS_ERROR_FORMAT,
                "bag.yaml");
    CHECK(fopen("api_converted.safetensors", "rb") == NULL, "a failed conversion left a file");
    CHECK(demucs_convert(api_path("hub/f0cb5d54-c3336554.th"), "api_converted.safetensors", &error) == DEMUCS_OK, "%s",
          error.message);
    CHECK(demucs_model_load(&model, "api_converted.safetensors", &error) == DEMUCS_OK, "%s", error.message);
    demucs_model_free(model);
    remove("api_converted.safetensors");
}

TEST_MAIN(test_version_and_names, test_error_argument, test_model_arguments, test_model_facts, test_member_info,
          test_null_objects, test_null_loudness, test_engine_and_stream_arguments, test_option_ranges,
          test_shift_offsets, test_option_limits, test_foreign_cpu_level, test_separator_arguments,
          test_separator_order, test_unsplit_length, test_convert)
