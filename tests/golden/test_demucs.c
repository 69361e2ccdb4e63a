/* test_demucs.c - the time-only Demucs beyond its golden cases: stage by stage against the official activations, and
 * inputs on which the official class fails. */
#include "cases.h"
#include "golden.h"
#include "nn/grid.h"
#include "support/npy.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

#define STAGES "golden/demucs/dm3.stages.npz"
#define MODEL  "generated/dm3.safetensors"

enum { DEPTH = 6 };

/* As in test_stages.c; the floor of the output is 122.3 dB, but early stages see only a few channels. Measured: 114 dB
 * and more. */
static const double bound_db = 110;

/* ---- stages ---- */

static int stages_seen;

/* The stage whose output was there when a decoder added to it, or NULL: decoder 0 adds to encoder 4 and so on. */
static const char *skip_of(const char *stage, char name[32])
{
    int index;
    if (sscanf(stage, "decoder.%d", &index) != 1 || index == DEPTH - 1) return NULL;
    snprintf(name, 32, "encoder.%d", DEPTH - 2 - index);
    return name;
}

/* values[channels][length] at positions[length]; a skip connection kept the same positions. */
static double stage_snr_db(const char *stage, const dmx_grid *g)
{
    char name[32], key[32];
    test_array right, skip = {0}, positions = {0};
    const char *added = skip_of(stage, name);
    double signal = 0, noise = 0;
    snprintf(key, sizeof key, "%s@t", stage);
    if (!test_npz_load(golden_path(STAGES), stage, &right)) return -INFINITY;
    if (added != NULL && !test_npz_load(golden_path(STAGES), added, &skip)) return -INFINITY;
    if (test_npz_has(golden_path(STAGES), key)) test_npz_load(golden_path(STAGES), key, &positions);
    const size_t length = right.shape[right.dimensions - 1];
    for (size_t i = 0; i < right.count; i++) {
        const int64_t where = positions.i64 != NULL ? positions.i64[i % length] : (int64_t)(i % length);
        const double exact = (double)right.f32[i] + (added != NULL ? (double)skip.f32[i] : 0);
        const double error = (double)g->data[where * g->channels + (int64_t)(i / length)] - exact;
        signal += exact * exact;
        noise += error * error;
    }
    const bool fits = right.count == length * (size_t)g->channels && (added == NULL || skip.count == right.count);
    test_array_free(&right);
    test_array_free(&skip);
    test_array_free(&positions);
    return fits ? 10 * log10(signal / noise) : -INFINITY;
}

static void on_stage(void *user, const char *stage, const dmx_grid *g)
{
    (void)user;
    if (!test_npz_has(golden_path(STAGES), stage)) return;
    const double snr = stage_snr_db(stage, g);
    stages_seen++;
    printf("  %-16s %.1f dB\n", stage, snr);
    CHECK(snr >= bound_db, "%s: %.1f dB", stage, snr);
}

static void test_stages(void)
{
    golden_run run;
    golden_case c = {.input = "dm3", .frames = 22050};
    stages_seen = 0;
    if (golden_open(&run, golden_path(MODEL), c.frames, dmx_cpu_best(), 1)) {
        float *mix = golden_input(&c, 2), *stems = malloc(4 * 2 * (size_t)c.frames * sizeof *stems);
        run.exec.trace = on_stage;
        if (mix != NULL && stems != NULL) golden_forward(&run, mix, stems);
        free(mix);
        free(stems);
    }
    golden_close(&run);
    CHECK(stages_seen == 2 * DEPTH + 1, "%d stages came by", stages_seen);
}

/* ---- short inputs ---- */

/* The standard deviation of one sample is NaN to the official class, and so is its result. */
static void test_one_sample(void)
{
    golden_run run;
    const float mix[2] = {0.25f, -0.5f};
    float stems[8] = {0};
    REQUIRE(golden_open(&run, golden_path(MODEL), 1, dmx_cpu_best(), 1), "it does not load");
    golden_forward(&run, mix, stems);
    golden_close(&run);
    for (int i = 0; i < 8; i++) CHECK(isfinite(stems[i]), "plane %d is %g", i, (double)stems[i]);
}

static void test_silence(void)
{
    enum { FRAMES = 500 };
    golden_run run;
    static const float mix[2 * FRAMES];
    float *stems = malloc(8 * FRAMES * sizeof *stems);
    REQUIRE(stems != NULL && golden_open(&run, golden_path(MODEL), FRAMES, dmx_cpu_best(), 1), "it does not load");
    golden_forward(&run, mix, stems);
    golden_close(&run);
    int sounds = 0;
    for (int i = 0; i < 8 * FRAMES; i++) sounds += !(stems[i] == 0); /* it is multiplied by a deviation of 0 */
    CHECK(sounds == 0, "%d of %d samples are not silent", sounds, 8 * FRAMES);
    free(stems);
}

TEST_MAIN(test_stages, test_one_sample, test_silence)
