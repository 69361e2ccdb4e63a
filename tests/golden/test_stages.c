/* test_stages.c - a forward pass stage by stage against the official one: the first stage that is wrong is named, which
 * is where to look. The engine announces its stages by PyTorch's names (dmx_grid_trace).
 *
 * The official activations are channels first, and of big ones only some positions of the last axis were kept. One
 * stage differs in meaning: our decoders add into the skip connection, so what a decoder leaves is its output plus the
 * encoder's output one level up. */
#include "cases.h"
#include "golden.h"
#include "nn/grid.h"
#include "support/npy.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STAGES "golden/ht4.stages.npz"

/* Early stages are nearer to the official ones than the output is, whose floor is 118.5 dB; the whole way down and up a
 * stage stays within 10 dB of that as the output does (see cases.h). Measured: 114 dB and more. */
static const double bound_db = 108.5;

/* In the order in which the pass comes by. */
static const char *const stages[] = {"encoder.0:in",
                                     "tencoder.0:in",
                                     "tencoder.0",
                                     "encoder.0",
                                     "tencoder.1",
                                     "encoder.1",
                                     "tencoder.2",
                                     "encoder.2",
                                     "tencoder.3",
                                     "encoder.3",
                                     "channel_upsampler",
                                     "channel_upsampler_t",
                                     "crosstransformer.norm_in",
                                     "crosstransformer.norm_in_t",
                                     "crosstransformer.layers.0",
                                     "crosstransformer.layers_t.0",
                                     "crosstransformer.layers.1",
                                     "crosstransformer.layers_t.1",
                                     "crosstransformer.layers.2",
                                     "crosstransformer.layers_t.2",
                                     "crosstransformer.layers.3",
                                     "crosstransformer.layers_t.3",
                                     "crosstransformer.layers.4",
                                     "crosstransformer.layers_t.4",
                                     "tdecoder.0",
                                     "decoder.0",
                                     "tdecoder.1",
                                     "decoder.1",
                                     "tdecoder.2",
                                     "decoder.2",
                                     "tdecoder.3",
                                     "decoder.3"};
enum { STAGE_COUNT = sizeof stages / sizeof *stages };

/* An official activation: rows of `length` values, whose positions on the last axis are positions[]. */
typedef struct activation {
    test_array values, positions;
    size_t rows, length;
} activation;

static bool activation_load(activation *a, const char *stage)
{
    char key[64];
    *a = (activation){.rows = 0};
    if (!test_npz_load(golden_path(STAGES), stage, &a->values)) return false;
    a->length = a->values.shape[a->values.dimensions - 1];
    a->rows = a->values.count / a->length;
    snprintf(key, sizeof key, "%s@t", stage);
    return !test_npz_has(golden_path(STAGES), key) || test_npz_load(golden_path(STAGES), key, &a->positions);
}

static void activation_free(activation *a)
{
    test_array_free(&a->values);
    test_array_free(&a->positions);
}

static int64_t position(const activation *a, size_t i)
{
    return a->positions.i64 != NULL ? a->positions.i64[i] : (int64_t)i;
}

/* The value at a position of a row, if it was kept. */
static bool value_at(const activation *a, size_t row, int64_t where, double *value)
{
    for (size_t i = 0; i < a->length; i++)
        if (position(a, i) == where) {
            *value = (double)a->values.f32[row * a->length + i];
            return true;
        }
    return false;
}

/* Our value for a row and position of the official shape: [channels][bins][steps], [channels][frames], the tokens'
 * [tokens] [channels], or [channels][bins * steps] at channel_upsampler. */
static double ours(const dmx_grid *g, const char *stage, const activation *a, size_t row, int64_t where)
{
    int64_t step, bin, channel = (int64_t)row;
    if (strncmp(stage, "crosstransformer", 16) == 0) {
        step = (int64_t)row / g->bins;
        bin = (int64_t)row % g->bins;
        channel = where;
    } else if (a->values.dimensions == 4) {
        step = where;
        bin = (int64_t)(row % a->values.shape[2]);
        channel = (int64_t)(row / a->values.shape[2]);
    } else {
        step = where % g->steps;
        bin = where / g->steps;
    }
    return (double)g->data[step * g->step_stride + bin * g->channels + channel];
}

/* The stage whose output was there when a decoder added to it, or NULL. */
static const char *skip_of(const char *stage, char name[32])
{
    const bool time = stage[0] == 't';
    int level = 3;
    if (sscanf(stage, time ? "tdecoder.%d" : "decoder.%d", &level) != 1 || level == 3) return NULL;
    if (!time && level == 2) return "encoder.1:in"; /* encoder.0 with the frequency embedding */
    snprintf(name, 32, "%sencoder.%d", time ? "t" : "", 2 - level);
    return name;
}

static double stage_snr_db(const char *stage, const dmx_grid *g)
{
    char name[32];
    const char *skip = skip_of(stage, name);
    activation a, b = {.rows = 0};
    double signal = 0, noise = 0;
    size_t compared = 0;
    if (!activation_load(&a, stage) || (skip != NULL && !activation_load(&b, skip))) return -INFINITY;
    for (size_t row = 0; row < a.rows; row++)
        for (size_t i = 0; i < a.length; i++) {
            double added = 0;
            if (skip != NULL && !value_at(&b, row, position(&a, i), &added)) continue;
            const double right = (double)a.values.f32[row * a.length + i] + added;
            const double wrong = ours(g, stage, &a, row, position(&a, i)) - right;
            signal += right * right;
            noise += wrong * wrong;
            compared++;
        }
    activation_free(&a);
    activation_free(&b);
    return compared < 100 ? -INFINITY : 10 * log10(signal / noise);
}

/* ---- the run ---- */

static int stages_seen, stages_wrong;

static void on_stage(void *user, const char *stage, const dmx_grid *g)
{
    (void)user;
    const char *expected = stages_seen < STAGE_COUNT ? stages[stages_seen] : "the end";
    if (strcmp(stage, expected) != 0) {
        /* Others may be announced in between; they have no counterpart in the file. */
        CHECK(!test_npz_has(golden_path(STAGES), stage), "the stage %s came where %s should", stage, expected);
        return;
    }
    stages_seen++;
    const double snr = stage_snr_db(stage, g);
    printf("  %-28s %.1f dB\n", stage, snr);
    if (snr >= bound_db) return;
    /* What follows inherits the mistake: only the first is worth a line. */
    CHECK(stages_wrong++ > 0, "%s is the first wrong stage: %.1f dB", stage, snr);
}

static void run_stages(dmx_cpu_level level)
{
    golden_run run;
    golden_case c = {.input = "ht4.input.npy", .frames = 35280};
    stages_seen = stages_wrong = 0;
    if (golden_open(&run, golden_path("golden/models/ht4.safetensors"), c.frames, level, 1)) {
        float *mix = golden_input(&c, 2), *stems = malloc(4 * 2 * (size_t)c.frames * sizeof *stems);
        run.exec.trace = on_stage;
        if (mix != NULL && stems != NULL) golden_forward(&run, mix, stems);
        free(mix);
        free(stems);
    }
    golden_close(&run);
    CHECK(stages_seen == STAGE_COUNT, "%d of %d stages came by, then not %s", stages_seen, STAGE_COUNT,
          stages[stages_seen % STAGE_COUNT]);
    CHECK(stages_wrong == 0, "%d stages are wrong", stages_wrong);
}

static void test_stages(void)
{
    for (int level = (int)golden_lowest_level(); level <= (int)dmx_cpu_best(); level++) {
        printf("  %s\n", dmx_cpu_level_name((dmx_cpu_level)level));
        run_stages((dmx_cpu_level)level);
    }
}

TEST_MAIN(test_stages)
