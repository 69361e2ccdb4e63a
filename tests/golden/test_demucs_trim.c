/* test_demucs_trim.c - which samples of its output Demucs takes for the stem, for any kernel size and stride.
 *
 * The models here give back what they get: encoder 0 copies each of its first `stride` samples into a channel of its
 * own (and the negative one into another, since a ReLU follows), decoder 0 puts them back, and the deeper levels give
 * zeros. What is left is the padding before, the trim after, and a resampling there and back, so the stem is the mix, a
 * few samples late where the official padding and trim differ. How many is counted here as the official demucs.py does:
 * it pads by the length that it is about to return, and trims by the length that came back, which is one shorter where
 * the network gave an odd number of samples at twice the rate. */
#include "golden.h"
#include "support/made_checkpoint.h"
#include "support/test.h"

#include "checkpoint/parameters.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

typedef struct kind {
    int kernel_size, stride, depth;
    bool resample;
} kind;

/* ---- the official arithmetic ---- */

static int ceil_divided(int a, int b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

/* Demucs.valid_length */
static int valid_length(const kind *k, int length)
{
    if (k->resample) length *= 2;
    for (int i = 0; i < k->depth; i++) {
        length = ceil_divided(length - k->kernel_size, k->stride) + 1;
        if (length < 1) length = 1;
    }
    for (int i = 0; i < k->depth; i++) length = (length - 1) * k->stride + k->kernel_size;
    return k->resample ? ceil_divided(length, 2) : length;
}

/* What Demucs.forward puts before the mix, less what its center_trim takes away there. */
static int delay(const kind *k, int frames)
{
    const int padded = valid_length(k, frames), rate = k->resample ? 2 : 1;
    const int convolved = (padded * rate - k->kernel_size) / k->stride + 1;
    const int returned = ((convolved - 1) * k->stride + k->kernel_size) / rate;
    return (padded - frames) / 2 - (returned - frames) / 2;
}

/* ---- the model ---- */

static void fill(const void *context, dmx_parameter *p, float *values)
{
    const kind *k = context;
    char last[32];
    snprintf(last, sizeof last, "decoder.%d.0.weight", k->depth - 1);
    const bool encoder = strcmp(p->name, "encoder.0.0.weight") == 0, decoder = strcmp(p->name, last) == 0;
    const float once = decoder && k->depth == 1 ? 0.5f : 1; /* the only level's output is its own skip connection */
    for (int c = 0; (encoder || decoder) && c < 2 * k->stride; c++)
        values[c * k->kernel_size + c / 2] = c % 2 == 0 ? once : -once;
}

static demucs_status make(const kind *k, char *path, demucs_error *error)
{
    char arguments[512];
    dmx_checkpoint checkpoint;
    snprintf(arguments, sizeof arguments,
             "{\"sources\":[\"all\"],\"audio_channels\":1,\"channels\":%d,\"growth\":1,\"depth\":%d,\"rewrite\":false,"
             "\"kernel_size\":%d,\"stride\":%d,\"gelu\":false,\"glu\":false,\"norm_starts\":100,\"dconv_mode\":0,"
             "\"normalize\":false,\"resample\":%s,\"segment\":1}",
             2 * k->stride, k->depth, k->kernel_size, k->stride, k->resample ? "true" : "false");
    demucs_status status = made_begin(&checkpoint, path, "demucs.demucs.Demucs", arguments, error);
    if (status == DEMUCS_OK) status = made_add_tensors(&checkpoint, fill, k, error);
    if (status == DEMUCS_OK) status = dmx_checkpoint_write_safetensors(&checkpoint, path, error);
    made_clear(&checkpoint);
    return status;
}

/* ---- what comes out ---- */

enum { SHORTEST = 200, LONGEST = 232, EDGE = 60 };

static float tone(int n) { return sinf(0.15f * (float)n); }

/* The stem is the mix `late` samples late, away from both ends, where the filters see the padding. */
static void check_stem(const kind *k, const float *stem, int frames, int late)
{
    float worst = 0;
    for (int n = EDGE; n < frames - EDGE; n++) worst = fmaxf(worst, fabsf(stem[n] - tone(n - late)));
    CHECK(worst < 0.02f, "kernel %d, stride %d, depth %d, %s: %d frames, %d late: off by %g", k->kernel_size, k->stride,
          k->depth, k->resample ? "resampled" : "not resampled", frames, late, (double)worst);
}

static void check_kind(const kind *k, int *late_ones)
{
    static char path[] = "test_demucs_trim.safetensors";
    demucs_error error = {.status = DEMUCS_OK};
    REQUIRE(make(k, path, &error) == DEMUCS_OK, "%s", error.message);
    for (int frames = SHORTEST; frames < LONGEST; frames++) {
        golden_run run;
        float mix[LONGEST], stem[LONGEST];
        const int late = delay(k, frames);
        for (int n = 0; n < frames; n++) mix[n] = tone(n);
        REQUIRE(golden_open(&run, path, frames, dmx_cpu_best(), 1), "it does not load");
        golden_forward(&run, mix, stem);
        golden_close(&run);
        check_stem(k, stem, frames, late);
        *late_ones += late != 0;
    }
    unlink(path);
}

static void test_trim(void)
{
    static const kind kinds[] = {{8, 4, 2, true}, {5, 4, 1, true}, {5, 4, 2, true}, {7, 2, 3, true}, {9, 4, 2, true},
                                 {5, 3, 2, true}, {3, 1, 2, true}, {4, 1, 2, true}, {5, 4, 2, false}};
    int late = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) check_kind(&kinds[i], &late);
    CHECK(late > 10, "only %d of the lengths tell anything", late);
}

TEST_MAIN(test_trim)
