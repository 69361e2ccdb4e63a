/* test_extremes.c - what nobody should do and somebody will: the loudest samples there are, and the sharpest
 * cross-fades. The stems are numbers. */
#include "api.h"

#include "support/test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 30000, MAX_PLANES = 16 };

static int not_finite(const float *stems, size_t count)
{
    int wrong = 0;
    for (size_t i = 0; i < count; i++) wrong += !isfinite(stems[i]);
    return wrong;
}

static void check_loud(const char *name, double amplitude, bool normalize)
{
    demucs_model *model = api_load(name);
    demucs_options o = api_options(2);
    demucs_error error = {DEMUCS_OK, ""};
    o.normalize = normalize;
    demucs_separator *s = model != NULL ? api_create(model, &o) : NULL;
    if (s == NULL) return;
    const int channels = demucs_model_channels(model), count = demucs_model_sources(model) * channels;
    float *mix = api_noise(channels, FRAMES, 1), *stems = calloc((size_t)count * FRAMES, sizeof *stems);
    float *planes[MAX_PLANES], *inputs[MAX_PLANES];
    for (int i = 0; i < channels * FRAMES; i++) mix[i] = (float)(2 * mix[i] * amplitude);
    api_planes(inputs, mix, channels, FRAMES);
    api_planes(planes, stems, count, FRAMES);
    CHECK(demucs_separate(s, (const float *const *)inputs, FRAMES, planes, &error) == DEMUCS_OK, "%s", error.message);
    const int wrong = not_finite(stems, (size_t)count * FRAMES);
    CHECK(wrong == 0, "%s, samples of %g, normalize %d: %d samples are no numbers", name, amplitude, normalize, wrong);
    free(mix);
    free(stems);
    demucs_separator_free(s);
    demucs_model_free(model);
}

static void test_loud(void)
{
    /* Wiener filters square the spectrogram; the last one does not bring its input to a level of its own. */
    static const char *const models[] = {API_MODEL,
                                         "checkpoint/good/409eef75.safetensors",
                                         "generated/hd_plain.safetensors",
                                         "generated/hd_wiener.safetensors",
                                         "generated/dm_relu.safetensors",
                                         "generated/demucs_old.safetensors"};
    const double amplitudes[] = {1e6, 1e12, 1e20, 1e30, 1e38, FLT_MAX};
    for (int m = 0; m < 6; m++)
        for (int a = 0; a < 6; a++)
            for (int normalize = 0; normalize < 2; normalize++) check_loud(models[m], amplitudes[a], normalize == 1);
}

static void test_sharp(void)
{
    demucs_model *model = api_load(API_MODEL);
    if (model == NULL) return;
    float *mix = api_noise(API_CHANNELS, FRAMES, 2);
    for (int power = 1; power <= 100; power += 33) {
        demucs_options o = api_options(2);
        o.transition_power = power;
        float *stems = api_stems(model, &o, mix, FRAMES);
        const int wrong = stems != NULL ? not_finite(stems, API_PLANES * FRAMES) : -1;
        CHECK(wrong == 0, "power %d: %d samples are no numbers", power, wrong);
        free(stems);
    }
    free(mix);
    demucs_model_free(model);
}

TEST_MAIN(test_loud, test_sharp)
