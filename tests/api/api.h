/* api.h - what the tests of the public functions share: tiny models and noise to separate.
 *
 * The models are four-stem HTDemucs ones with random weights, at 8,000 Hz, with segments of 0.4 s. */
#ifndef DEMUCS_TESTS_API_H
#define DEMUCS_TESTS_API_H

#include "demucs.h"

#define API_MODEL "api/a0000000.safetensors"
#define API_BAG   "api/bag.yaml" /* four members, one for each stem */

enum { API_SOURCES = 4, API_CHANNELS = 2, API_PLANES = API_SOURCES * API_CHANNELS };
enum { API_SEGMENT = 3200, API_STRIDE = 2400, API_RATE_HZ = 8000 };

/* A file below tests/data, in a buffer that the next call but three overwrites. */
const char *api_path(const char *name);

/* A loaded model, or NULL with a failed check. */
demucs_model *api_load(const char *name);

/* A separator with these options, or NULL with a failed check. */
demucs_separator *api_create(const demucs_model *model, const demucs_options *options);

/* The defaults with shifts 0 and `threads` threads. */
demucs_options api_options(int threads);

/* Noise in [-0.5, 0.5]: planes[channels][frames]. Free with free. */
float *api_noise(int channels, size_t frames, unsigned seed);

/* planes[p] = data + p * frames */
void api_planes(float **planes, float *data, int count, size_t frames);

/* stems[API_PLANES][frames] = the separation of mix[API_CHANNELS][frames]. */
demucs_status api_separate(demucs_separator *separator, const float *mix, size_t frames, float *stems,
                           demucs_error *error);

/* The same with a separator of its own; NULL with a failed check. Free with free. */
float *api_stems(const demucs_model *model, const demucs_options *options, const float *mix, size_t frames);

/* Is it this failure, with one sentence that has `text` in it? */
bool api_is(demucs_status status, const demucs_error *error, demucs_status expected, const char *text);

/* Check that a call that is given `&error`, a variable of the file, fails like this. Needs support/test.h. */
#define CHECK_FAILS(call, expected, text)                                                                              \
    do {                                                                                                               \
        error = (demucs_error){DEMUCS_OK, ""};                                                                         \
        demucs_status got = (call);                                                                                    \
        CHECK(api_is(got, &error, expected, text), "%s: %s", demucs_status_name(got), error.message);                  \
    } while (0)

#endif
