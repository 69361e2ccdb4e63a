/* test_weights.c - the weights of a bag: the official average divides by their sum, and takes negative ones as they
 * come. */
#include "api.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

enum { FRAMES = 2 * API_SEGMENT };

static const double weights[2][API_SOURCES] = {{2, 1.5, 0.6666666666666666, 1}, {-1, -0.5, 0.3333333333333333, 0}};

static float *stems_of(const char *name, const float *mix)
{
    demucs_options options = api_options(1);
    demucs_model *model = api_load(name);
    float *stems = model != NULL ? api_stems(model, &options, mix, FRAMES) : NULL;
    demucs_model_free(model);
    return stems;
}

static void test_negative(void)
{
    float *mix = api_noise(API_CHANNELS, FRAMES, 3);
    float *a = stems_of("api/a0000000.safetensors", mix), *b = stems_of("api/a0000001.safetensors", mix);
    float *both = stems_of("api/bag_negative.yaml", mix);
    double worst = 0;
    for (int i = 0; a != NULL && b != NULL && both != NULL && i < API_PLANES * FRAMES; i++) {
        const int s = i / (API_CHANNELS * FRAMES);
        const double average =
            (weights[0][s] * (double)a[i] + weights[1][s] * (double)b[i]) / (weights[0][s] + weights[1][s]);
        worst = fmax(worst, fabs(average - (double)both[i]));
    }
    CHECK(a != NULL && b != NULL && both != NULL && worst < 1e-5, "off by %g", worst);
    free(mix);
    free(a);
    free(b);
    free(both);
}

static void test_nothing_left(void)
{
    demucs_model *model = NULL;
    demucs_error error;
    CHECK_FAILS(demucs_model_load(&model, api_path("api/bag_cancelled.yaml"), &error), DEMUCS_ERROR_FORMAT, "add up");
}

TEST_MAIN(test_negative, test_nothing_left)
