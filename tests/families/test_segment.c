/* test_segment.c - how many frames a model's segment has: Python's int(segment * samplerate), which is exact for a
 * Fraction. The expected numbers are Python's. And what is said of one that is too long. */
#include "demucs.h"
#include "models/loading/arguments.h"
#include "support/made_checkpoint.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"segment", NULL};

/* The frames of a segment, or -1 when it is refused. */
static int64_t frames_of(dmx_value *segment, int rate)
{
    char path[] = "x";
    demucs_error error = {.status = DEMUCS_OK};
    dmx_warnings warnings = {0};
    dmx_arguments arguments;
    dmx_checkpoint checkpoint = {.path = path, .args = {.kind = DMX_VALUE_LIST}, .kwargs = {.kind = DMX_VALUE_DICT}};
    dmx_network network = {.sample_rate_hz = rate};
    CHECK(dmx_value_insert(&checkpoint.kwargs, "segment", segment, &error) == DEMUCS_OK, "%s", error.message);
    dmx_arguments_begin(&arguments, &checkpoint, names, &warnings, &error);
    dmx_arguments_segment(&arguments, 40, &network);
    dmx_value_clear(&checkpoint.kwargs);
    return arguments.failed ? -1 : dmx_segment_frames(network.segment, rate);
}

static void check_fraction(int64_t numerator, int64_t denominator, int rate, int64_t expected)
{
    dmx_value value = {.kind = DMX_VALUE_NONE};
    REQUIRE(dmx_value_set_fraction(&value, numerator, denominator), "%lld", (long long)denominator);
    const int64_t frames = frames_of(&value, rate);
    CHECK(frames == expected, "%lld / %lld at %d Hz: %lld frames instead of %lld", (long long)numerator,
          (long long)denominator, rate, (long long)frames, (long long)expected);
}

static void test_fractions(void)
{
    check_fraction(39, 5, 44100, 343980);
    check_fraction(29, 100, 44100, 12789);
    check_fraction(5224175567749775, 18014398509481984, 44100, 12788);      /* Fraction(0.29), a little below 29/100 */
    check_fraction(1306043891937445, 4503599627370497, 44100, 12789);       /* a little above it */
    check_fraction(8782019273372467, 1125899906842624, 44100, 343979);      /* Fraction(7.8) */
    check_fraction(1152921504606847, 1152921504606846976, 768000, 768);     /* Fraction(0.001) */
    check_fraction(9223372036854775806, 9223372036854775807, 44100, 44099); /* as large as they get */
    check_fraction(3600, 1, 768000, 2764800000);
    check_fraction(1, 4611686018427387904, 768000, -1); /* less than a sample */
}

static void test_floats(void)
{
    dmx_value value = {.kind = DMX_VALUE_FLOAT, .number = 0.29};
    const int64_t frames = frames_of(&value, 44100);
    CHECK(frames == 12789, "%lld", (long long)frames); /* Python rounds the product */
}

/* Longer than any network runs on: the reason is the segment, and not how some track ends. */
static void test_too_long(void)
{
    char path[] = "segment_too_long.safetensors";
    dmx_checkpoint checkpoint;
    demucs_model *model = NULL;
    demucs_separator *separator = NULL;
    demucs_options options;
    demucs_error error = {.status = DEMUCS_OK};
    demucs_status status = made_begin(&checkpoint, path, "demucs.demucs.Demucs",
                                      "{\"sources\":[\"a\"],\"channels\":4,\"depth\":1,\"samplerate\":96000}", &error);
    if (status == DEMUCS_OK) status = made_add_tensors(&checkpoint, NULL, NULL, &error);
    if (status == DEMUCS_OK) status = dmx_checkpoint_write_safetensors(&checkpoint, path, &error);
    made_clear(&checkpoint);
    if (status == DEMUCS_OK) status = demucs_model_load(&model, path, &error);
    unlink(path);
    REQUIRE(status == DEMUCS_OK, "%s", error.message);
    demucs_default_options(&options, sizeof options);
    options.segment_seconds = 3600;
    status = demucs_separator_create(&separator, model, &options, &error);
    CHECK(status == DEMUCS_ERROR_ARGUMENT && strstr(error.message, " on segments of 345600000 frames") != NULL, "%s",
          error.message);
    demucs_separator_free(separator);
    demucs_model_free(model);
}

TEST_MAIN(test_fractions, test_floats, test_too_long)
