/* test_apply.c - whole separations against the official apply_model and Separator: segments, overlap, shifts, bags,
 * normalisation, resampling; at every CPU level of this machine. Two threads must give the bits that one gives. */
#include "cases.h"
#include "golden.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool normalized; /* what the cases that are being run want */

/* Bring planes[channels][*frames] from one rate to another: the result has the new count of frames. Free with free. */
static float *resample(const float *planes, int channels, size_t *frames, int from_hz, int to_hz)
{
    demucs_resampler *resampler = NULL;
    const size_t length = (size_t)demucs_resampled_frames(*frames, from_hz, to_hz);
    float *out = calloc((size_t)channels * length, sizeof *out);
    if (out == NULL || demucs_resampler_create(&resampler, from_hz, to_hz, channels, NULL) != DEMUCS_OK) {
        free(out);
        return NULL;
    }
    size_t pushed = 0, pulled = 0, got = 1;
    bool finished = false;
    while (!finished || got > 0) {
        const float *in[DMX_MAX_CHANNELS];
        float *to[DMX_MAX_CHANNELS];
        for (int c = 0; c < channels; c++) in[c] = planes + (size_t)c * *frames + pushed;
        for (int c = 0; c < channels; c++) to[c] = out + (size_t)c * length + pulled;
        size_t accepted = 0;
        if (!finished) demucs_resampler_push(resampler, in, *frames - pushed, &accepted, NULL);
        pushed += accepted;
        if (!finished && pushed == *frames) finished = demucs_resampler_finish(resampler, NULL) == DEMUCS_OK;
        got = 0;
        demucs_resampler_pull(resampler, to, length - pulled, &got, NULL);
        pulled += got;
    }
    demucs_resampler_free(resampler);
    CHECK(pulled == length, "%zu of %zu frames came out of the resampler", pulled, length);
    *frames = length;
    return out;
}

/* The mix of a case at the model's rate. */
static float *mix_of(const golden_case *c, const demucs_model *model, int rate_hz, size_t *frames)
{
    char mix_name[64];
    const int channels = demucs_model_channels(model), model_hz = demucs_model_sample_rate_hz(model);
    float *input = golden_input(c, channels);
    *frames = (size_t)c->frames;
    if (input == NULL || rate_hz == 0 || rate_hz == model_hz) return input;
    float *mix = resample(input, channels, frames, rate_hz, model_hz);
    free(input);
    /* As in tests/dsp: the official filters carry float32 rounding, which puts them 123 dB from exact ones. */
    snprintf(mix_name, sizeof mix_name, "%s.mix.npy", c->name);
    if (mix != NULL) {
        const double snr = golden_snr_db(mix_name, mix, (size_t)channels, *frames);
        CHECK(snr >= 120, "%s: the resampled mix has %.1f dB", c->name, snr);
    }
    return mix;
}

static float *separate(const golden_case *c, const demucs_model *model, const char *cpu, int threads, size_t *frames)
{
    int offsets[GOLDEN_MAX_OFFSETS], rate_hz = 0;
    demucs_options options = golden_options(c, offsets, &rate_hz);
    options.normalize = normalized;
    options.cpu = cpu;
    options.threads = threads;
    const size_t planes = (size_t)(demucs_model_sources(model) * demucs_model_channels(model));
    float *mix = mix_of(c, model, rate_hz, frames);
    float *stems = mix != NULL ? calloc(planes * *frames, sizeof *stems) : NULL;
    if (stems != NULL && !golden_separate(model, &options, mix, *frames, stems)) {
        free(stems);
        stems = NULL;
    }
    free(mix);
    return stems;
}

static void check_level(const golden_case *c, const demucs_model *model, const char *cpu)
{
    size_t frames = 0;
    const size_t planes = (size_t)(demucs_model_sources(model) * demucs_model_channels(model));
    float *one = separate(c, model, cpu, 1, &frames), *two = separate(c, model, cpu, 2, &frames);
    CHECK(one != NULL && two != NULL, "%s does not run", c->name);
    if (one != NULL && two != NULL) {
        const double snr = golden_snr_db(c->output, one, planes, frames);
        printf("  %-20s %-7s %.1f dB (floor %.1f)\n", c->name, cpu, snr, c->floor_db);
        CHECK(snr >= c->floor_db - GOLDEN_ROOM_DB, "%s at %s: %.1f dB", c->name, cpu, snr);
        CHECK(memcmp(one, two, planes * frames * sizeof *one) == 0, "%s at %s: 1 and 2 threads differ", c->name, cpu);
    }
    free(one);
    free(two);
}

static void check_case(const golden_case *c)
{
    demucs_model *model = NULL;
    demucs_error error;
    REQUIRE(demucs_model_load(&model, golden_path(c->model), &error) == DEMUCS_OK, "%s", error.message);
    for (int level = (int)golden_lowest_level(); level <= (int)dmx_cpu_best(); level++)
        if (dmx_cpu_has((dmx_cpu_level)level)) check_level(c, model, dmx_cpu_level_name((dmx_cpu_level)level));
    demucs_model_free(model);
}

/* apply_model: as the network has it, without normalisation of the track */
static void test_apply(void)
{
    normalized = false;
    const int count = golden_each_case("apply", check_case);
    CHECK(count == GOLDEN_APPLY_CASES, "%d cases", count);
}

/* Separator.separate_tensor: with it */
static void test_separate(void)
{
    normalized = true;
    const int count = golden_each_case("separate", check_case);
    CHECK(count == GOLDEN_SEPARATE_CASES, "%d cases", count);
}

TEST_MAIN(test_apply, test_separate)
