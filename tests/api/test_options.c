/* test_options.c - structs of options of callers that were compiled with an older header, or with a newer one: nothing
 * is written beyond what they have. */
#include "api.h"

#include "support/test.h"

#include <string.h>

static demucs_error error;

/* ---- what is written ---- */

typedef void (*fill_fn)(void *options, size_t struct_size);

static void fill_all(void *options, size_t size) { demucs_default_options(options, size); }
static void fill_engine(void *options, size_t size) { demucs_default_engine_options(options, size); }
static void fill_stream(void *options, size_t size) { demucs_default_stream_options(options, size); }
static void fill_load(void *options, size_t size) { demucs_default_load_options(options, size); }

/* A caller's struct of each size up to `size` and beyond, in front of a guard. */
static void check_guard(fill_fn fill, size_t size, const char *what)
{
    union {
        unsigned char bytes[1024];
        size_t struct_size;
        double alignment;
    } room, whole;
    memset(&whole, 0, sizeof whole);
    fill(&whole, size);
    for (size_t known = 0; known <= size + 64; known++) {
        memset(&room, 0xa5, sizeof room);
        fill(&room, known);
        for (size_t i = known; i < sizeof room; i++)
            CHECK(room.bytes[i] == 0xa5, "%s of %zu bytes: byte %zu was written", what, known, i);
        if (known <= sizeof(size_t)) continue;
        const size_t shared = known < size ? known : size;
        CHECK(room.struct_size == known, "%s: the size is %zu and not %zu", what, room.struct_size, known);
        CHECK(memcmp(room.bytes + sizeof(size_t), whole.bytes + sizeof(size_t), shared - sizeof(size_t)) == 0,
              "%s of %zu bytes: other defaults", what, known);
        for (size_t i = size; i < known; i++) CHECK(room.bytes[i] == 0, "%s: byte %zu is not 0", what, i);
    }
    fill(NULL, size);
}

static void test_nothing_beyond(void)
{
    check_guard(fill_all, sizeof(demucs_options), "options");
    check_guard(fill_engine, sizeof(demucs_engine_options), "options of engines");
    check_guard(fill_stream, sizeof(demucs_stream_options), "options of streams");
    check_guard(fill_load, sizeof(demucs_load_options), "options of loading");
}

/* ---- what is read ---- */

/* As an older header might have it: no jobs, no precision. */
typedef struct older_options {
    size_t struct_size;
    int threads, shifts;
    double overlap, transition_power, segment_seconds;
} older_options;

/* The whole way of an older caller: its struct, the defaults, a separator. */
static void test_older_caller(void)
{
    struct {
        older_options options;
        unsigned char guard[256];
    } caller;
    memset(&caller, 0xff, sizeof caller); /* read as options, the guard would be refused */
    demucs_model *model = api_load(API_MODEL);
    demucs_separator *separator = NULL;
    demucs_default_options((demucs_options *)&caller, sizeof caller.options);
    CHECK(caller.options.shifts == 1 && caller.options.overlap == 0.25, "defaults");
    caller.options.shifts = 0;
    CHECK(demucs_separator_create(&separator, model, (const demucs_options *)&caller, &error) == DEMUCS_OK, "%s",
          error.message);
    for (size_t i = 0; i < sizeof caller.guard; i++) CHECK(caller.guard[i] == 0xff, "byte %zu of the guard", i);
    demucs_separator_free(separator);
    demucs_model_free(model);
}

/* Sizes that none of our structs can have: nothing was filled in, that of a pointer, that of a newer library. */
static void test_wrong_sizes(void)
{
    demucs_model *model = api_load(API_MODEL);
    demucs_engine *engine = NULL;
    demucs_stream *stream = NULL;
    demucs_engine_options e;
    demucs_stream_options s;
    CHECK(demucs_engine_create(&engine, model, NULL, &error) == DEMUCS_OK, "%s", error.message);
    const size_t sizes[] = {0, 1, sizeof(void *), 4096};
    for (int i = 0; i < 4; i++) {
        demucs_engine *none = NULL;
        demucs_default_engine_options(&e, sizeof e);
        demucs_default_stream_options(&s, sizeof s);
        e.struct_size = s.struct_size = sizes[i];
        CHECK_FAILS(demucs_engine_create(&none, model, &e, &error), DEMUCS_ERROR_ARGUMENT,
                    "demucs_default_engine_options");
        CHECK_FAILS(demucs_stream_create(&stream, engine, &s, &error), DEMUCS_ERROR_ARGUMENT,
                    "demucs_default_stream_options");
        CHECK(none == NULL && stream == NULL, "something was made");
    }
    demucs_engine_free(engine);
    demucs_model_free(model);
}

TEST_MAIN(test_nothing_beyond, test_older_caller, test_wrong_sizes)
