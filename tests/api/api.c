/* api.c - see api.h */
#include "api.h"

#include "support/test.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const char *api_path(const char *name) { return test_path(name); }

demucs_model *api_load(const char *name)
{
    demucs_model *model = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    CHECK(demucs_model_load(&model, api_path(name), &error) == DEMUCS_OK, "%s", error.message);
    return model;
}

demucs_separator *api_create(const demucs_model *model, const demucs_options *options)
{
    demucs_separator *separator = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    CHECK(demucs_separator_create(&separator, model, options, &error) == DEMUCS_OK, "%s", error.message);
    return separator;
}

demucs_options api_options(int threads)
{
    demucs_options options;
    demucs_default_options(&options, sizeof options);
    options.shifts = 0;
    options.threads = threads;
    return options;
}

float *api_noise(int channels, size_t frames, unsigned seed)
{
    const size_t count = (size_t)channels * frames;
    float *noise = malloc((count + 1) * sizeof *noise);
    uint32_t state = seed * 2654435761u + 12345;
    for (size_t i = 0; noise != NULL && i < count; i++) {
        state = state * 1664525u + 1013904223u;
        noise[i] = (float)(state >> 8) / (float)(1 << 24) - 0.5f;
    }
    return noise;
}

void api_planes(float **planes, float *data, int count, size_t frames)
{
    for (int p = 0; p < count; p++) planes[p] = data + (size_t)p * frames;
}

demucs_status api_separate(demucs_separator *separator, const float *mix, size_t frames, float *stems,
                           demucs_error *error)
{
    float *planes[API_PLANES];
    api_planes(planes, stems, API_PLANES, frames);
    return demucs_separate(separator, (const float *const[]){mix, mix + frames}, frames, planes, error);
}

float *api_stems(const demucs_model *model, const demucs_options *options, const float *mix, size_t frames)
{
    demucs_error error = {DEMUCS_OK, ""};
    float *stems = calloc(API_PLANES * frames + 1, sizeof *stems);
    demucs_separator *separator = api_create(model, options);
    const bool right =
        separator != NULL && stems != NULL && api_separate(separator, mix, frames, stems, &error) == DEMUCS_OK;
    CHECK(right, "%s", error.message);
    demucs_separator_free(separator);
    if (right) return stems;
    free(stems);
    return NULL;
}

bool api_is(demucs_status status, const demucs_error *error, demucs_status expected, const char *text)
{
    const size_t length = strlen(error->message);
    return status == expected && error->status == expected && length > 10 && strchr(error->message, '\n') == NULL &&
           strstr(error->message, text) != NULL;
}
