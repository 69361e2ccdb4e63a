/* stages.c - see stages.h */
#include "stages.h"

#include "cases.h"
#include "golden.h"
#include "nn/grid.h"
#include "support/npy.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An official activation: rows of `length` values, whose positions on the last axis are positions[]. */
typedef struct activation {
    test_array values, positions;
    size_t rows, length;
} activation;

static bool activation_load(const golden_stages *run, activation *a, const char *stage)
{
    char key[64];
    *a = (activation){.rows = 0};
    if (!test_npz_load(golden_path(run->file), stage, &a->values)) return false;
    a->length = a->values.shape[a->values.dimensions - 1];
    a->rows = a->values.count / a->length;
    snprintf(key, sizeof key, "%s@t", stage);
    return !test_npz_has(golden_path(run->file), key) || test_npz_load(golden_path(run->file), key, &a->positions);
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
static const char *skip_of(const golden_stages *run, const char *stage, char name[32])
{
    const bool time = stage[0] == 't';
    const int depth = time ? run->time_depth : run->depth;
    int decoder;
    if (sscanf(stage, time ? "tdecoder.%d" : "decoder.%d", &decoder) != 1 || decoder == depth - 1) return NULL;
    if (!time && decoder == depth - 2) return "encoder.1:in"; /* encoder.0 with the frequency embedding */
    snprintf(name, 32, "%sencoder.%d", time ? "t" : "", depth - 2 - decoder);
    return name;
}

static double stage_snr_db(const golden_stages *run, const char *stage, const dmx_grid *g)
{
    char name[32];
    const char *skip = skip_of(run, stage, name);
    activation a, b = {.rows = 0};
    double signal = 0, noise = 0;
    size_t compared = 0;
    if (!activation_load(run, &a, stage) || (skip != NULL && !activation_load(run, &b, skip))) return -INFINITY;
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
    return compared < 10 ? -INFINITY : 10 * log10(signal / noise);
}

/* ---- the run ---- */

typedef struct progress {
    const golden_stages *stages;
    int seen, wrong;
} progress;

static void on_stage(void *user, const char *stage, const dmx_grid *g)
{
    progress *p = user;
    const char *expected = p->seen < p->stages->count ? p->stages->names[p->seen] : "the end";
    if (strcmp(stage, expected) != 0) {
        /* Others may be announced in between; they have no counterpart in the file. */
        CHECK(!test_npz_has(golden_path(p->stages->file), stage), "the stage %s came where %s should", stage, expected);
        return;
    }
    p->seen++;
    const double snr = stage_snr_db(p->stages, stage, g);
    printf("  %-28s %.1f dB\n", stage, snr);
    if (snr >= p->stages->bound_db) return;
    /* What follows inherits the mistake: only the first is worth a line. */
    CHECK(p->wrong++ > 0, "%s is the first wrong stage: %.1f dB", stage, snr);
}

void golden_run_stages(const golden_stages *stages, dmx_cpu_level level)
{
    golden_run run;
    golden_case c = {.frames = stages->frames};
    progress p = {.stages = stages};
    snprintf(c.input, sizeof c.input, "%s", stages->input);
    if (golden_open(&run, golden_path(stages->model), c.frames, level, 1)) {
        const size_t planes = (size_t)(run.network->channels * run.network->source_count);
        float *mix = golden_input(&c, run.network->channels),
              *stems = malloc(planes * (size_t)c.frames * sizeof *stems);
        run.exec.trace = on_stage;
        run.exec.trace_context = &p;
        if (mix != NULL && stems != NULL) golden_forward(&run, mix, stems);
        free(mix);
        free(stems);
    }
    golden_close(&run);
    CHECK(p.seen == stages->count, "%d of %d stages came by, then not %s", p.seen, stages->count,
          stages->names[p.seen % stages->count]);
    CHECK(p.wrong == 0, "%d stages are wrong", p.wrong);
}
