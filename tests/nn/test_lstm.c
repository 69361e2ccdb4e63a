/* test_lstm.c - a bidirectional LSTM against its formula in double precision, with few units (sequences are spread over
 * threads) and many (units are), which no tiny model has; and BLSTM on several bins at once. */
#include "base/alloc.h"
#include "cpu/upload.h"
#include "models/layers/blstm.h"
#include "plan.h"
#include "support/npy.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* PyTorch's tensors of one direction of one layer. */
typedef struct direction {
    float *weight_ih; /* [4 * hidden][width] */
    float *weight_hh; /* [4 * hidden][hidden] */
    float *bias;      /* [4 * hidden], the sum of PyTorch's two: the other one is zeros */
    float *zeros;     /* [4 * hidden] */
} direction;

typedef struct model {
    int hidden, layers;
    direction direction[2][2]; /* [layer][direction] */
    dmx_lstm lstm;
    dmx_store store;
} model;

static int width_of(const model *m, int layer) { return layer == 0 ? m->hidden : 2 * m->hidden; }

static void model_init(model *m, int hidden, int layers)
{
    *m = (model){.hidden = hidden, .layers = layers, .lstm = {.hidden = hidden, .layers = layers}};
    const size_t rows = 4 * (size_t)hidden;
    const float scale = 2 / sqrtf((float)hidden);
    for (int l = 0; l < layers; l++) {
        const size_t width = (size_t)width_of(m, l);
        dmx_lstm_rows directions[2];
        for (int d = 0; d < 2; d++) {
            const uint32_t seed = (uint32_t)(100 * hidden + 10 * l + d);
            direction *to = &m->direction[l][d];
            *to =
                (direction){plan_random(seed, rows * width, scale), plan_random(seed + 3, rows * (size_t)hidden, scale),
                            plan_random(seed + 5, rows, 1), plan_random(1, rows, 0)};
            directions[d] =
                (dmx_lstm_rows){plan_rows(to->weight_ih, rows, width), plan_rows(to->weight_hh, rows, (size_t)hidden),
                                plan_rows(to->bias, rows, 1), plan_rows(to->zeros, rows, 1)};
        }
        CHECK(dmx_cpu_upload.lstm_layer(&m->store, &m->lstm.layer[l], hidden, directions), "no memory");
    }
}

static void model_free(model *m)
{
    for (int l = 0; l < m->layers; l++) {
        for (int d = 0; d < 2; d++) {
            dmx_free(m->direction[l][d].weight_ih);
            dmx_free(m->direction[l][d].weight_hh);
            dmx_free(m->direction[l][d].bias);
            dmx_free(m->direction[l][d].zeros);
        }
    }
    dmx_store_clear(&m->store);
}

/* ---- the formula ---- */

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* One step: h and c [hidden] become the next ones for the input x[width]. */
static void step(const direction *w, int hidden, int width, const double *x, double *h, double *c)
{
    double *gate = calloc(4 * (size_t)hidden, sizeof *gate);
    for (int row = 0; row < 4 * hidden; row++) {
        gate[row] = (double)w->bias[row];
        for (int k = 0; k < width; k++) gate[row] += (double)w->weight_ih[(ptrdiff_t)row * width + k] * x[k];
        for (int k = 0; k < hidden; k++) gate[row] += (double)w->weight_hh[(ptrdiff_t)row * hidden + k] * h[k];
    }
    for (int u = 0; u < hidden; u++) {
        c[u] = sigmoid(gate[hidden + u]) * c[u] + sigmoid(gate[u]) * tanh(gate[2 * hidden + u]);
        h[u] = sigmoid(gate[3 * hidden + u]) * tanh(c[u]);
    }
    free(gate);
}

/* y[steps][2 * hidden] from x[steps][width], for one sequence and layer. */
static void run_layer(const direction w[2], int hidden, int width, int steps, const double *x, double *y)
{
    double *state = malloc(2 * (size_t)hidden * sizeof *state);
    for (int d = 0; d < 2; d++) {
        for (int i = 0; i < 2 * hidden; i++) state[i] = 0;
        for (int s = 0; s < steps; s++) {
            const int t = d == 0 ? s : steps - 1 - s;
            step(&w[d], hidden, width, x + (ptrdiff_t)t * width, state, state + hidden);
            memcpy(y + (ptrdiff_t)t * 2 * hidden + (ptrdiff_t)d * hidden, state, (size_t)hidden * sizeof *y);
        }
    }
    free(state);
}

/* The right result, [steps][batch][2 * hidden]. */
static float *expect(const model *m, const float *x, int steps, int batch)
{
    const size_t outputs = 2 * (size_t)m->hidden;
    float *y = malloc((size_t)steps * (size_t)batch * outputs * sizeof *y);
    double *in = calloc((size_t)steps * outputs, sizeof *in), *out = calloc((size_t)steps * outputs, sizeof *out);
    for (int b = 0; b < batch; b++) {
        for (int i = 0; i < steps * m->hidden; i++)
            in[i] = (double)x[((ptrdiff_t)(i / m->hidden) * batch + b) * m->hidden + i % m->hidden];
        for (int l = 0; l < m->layers; l++) {
            run_layer(m->direction[l], m->hidden, width_of(m, l), steps, in, out);
            memcpy(in, out, (size_t)steps * outputs * sizeof *in);
        }
        for (size_t i = 0; i < (size_t)steps * outputs; i++)
            y[(i / outputs * (size_t)batch + (size_t)b) * outputs + i % outputs] = (float)out[i];
    }
    free(in);
    free(out);
    return y;
}

/* ---- tests ---- */

typedef struct job {
    const dmx_lstm *lstm;
    const dmx_blstm *blstm;
    int steps, bins, channels;
    const float *x; /* [steps][bins][channels] */
    float *y;       /* [steps][bins][outputs] */
} job;

static void run_lstm(dmx_exec *exec, void *context)
{
    const job *j = context;
    dmx_grid x = dmx_grid_create(exec, j->steps, j->bins, j->channels, (dmx_margin){1, 2, 1});
    dmx_grid y = dmx_grid_create(exec, j->steps, j->bins, 2 * j->channels, (dmx_margin){0});
    const size_t row = (size_t)j->bins * (size_t)j->channels;
    for (int t = 0; t < j->steps && !exec->planning; t++)
        memcpy(x.data + t * x.step_stride, j->x + (size_t)t * row, row * sizeof *j->x);
    dmx_lstm_run(exec, j->lstm, &x, &y);
    if (!exec->planning) memcpy(j->y, y.data, (size_t)j->steps * 2 * row * sizeof *j->y);
}

/* Each gate is a sum of up to 3 * hidden products in float32, and its error is carried on from step to step.
 * Measured: 128 dB and more. */
static void check_lstm(int hidden, int layers, int steps, int batch)
{
    model m;
    model_init(&m, hidden, layers);
    const size_t cells = (size_t)steps * (size_t)batch, outputs = cells * 2 * (size_t)hidden;
    float *x = plan_random(7, cells * (size_t)hidden, 2), *expected = expect(&m, x, steps, batch);
    for (int level = 0; level <= (int)dmx_cpu_best(); level++) {
        if (!dmx_cpu_has((dmx_cpu_level)level)) continue;
        float *y[3];
        for (int i = 0; i < 3; i++) {
            const int threads = 1 + 2 * i;
            y[i] = plan_random(1, outputs, 0);
            job j = {.lstm = &m.lstm, .steps = steps, .bins = batch, .channels = hidden, .x = x, .y = y[i]};
            CHECK(plan_run(run_lstm, &j, (dmx_cpu_level)level, threads), "no run");
            CHECK(memcmp(y[i], y[0], outputs * sizeof **y) == 0, "%d units: 1 and %d threads differ", hidden, threads);
        }
        const double snr = test_snr_db(expected, y[0], outputs);
        printf("  %d units, %d layers, batch %d, %s: %.1f dB\n", hidden, layers, batch,
               dmx_cpu_level_name((dmx_cpu_level)level), snr);
        CHECK(snr > 115, "%d units: %.1f dB", hidden, snr);
        for (int i = 0; i < 3; i++) dmx_free(y[i]);
    }
    dmx_free(x);
    free(expected);
    model_free(&m);
}

static void test_few_units(void)
{
    check_lstm(5, 1, 1, 1);
    check_lstm(16, 2, 9, 1);
    check_lstm(37, 2, 21, 7);
}

static void test_many_units(void) { check_lstm(520, 1, 5, 3); }

static void run_blstm(dmx_exec *exec, void *context)
{
    const job *j = context;
    dmx_grid x = dmx_grid_create(exec, j->steps, j->bins, j->channels, (dmx_margin){0});
    const size_t count = (size_t)j->steps * (size_t)j->bins * (size_t)j->channels;
    if (!exec->planning) memcpy(x.data, j->x, count * sizeof *j->x);
    dmx_blstm_run(exec, j->blstm, &x);
    if (!exec->planning) memcpy(j->y, x.data, count * sizeof *j->y);
}

/* Frames of all bins run as one batch; a bin must come out as if it were alone. */
static void test_blstm_bins(void)
{
    enum { HIDDEN = 12, STEPS = 53, BINS = 3 };
    model m;
    model_init(&m, HIDDEN, 2);
    dmx_blstm blstm = {.lstm = m.lstm, .linear = dmx_linear(2 * HIDDEN, HIDDEN), .max_steps = 20, .skip = true};
    float *weight = plan_random(3, 2 * HIDDEN * HIDDEN, 1), *bias = plan_random(4, DMX_PANEL, 1);
    const dmx_rows weight_rows = plan_rows(weight, HIDDEN, 2 * HIDDEN), bias_rows = plan_rows(bias, HIDDEN, 1);
    CHECK(dmx_cpu_upload.conv(&m.store, &blstm.linear, &weight_rows, &bias_rows), "no memory");
    float *x = plan_random(5, STEPS * BINS * HIDDEN, 1), *y = plan_random(1, STEPS * BINS * HIDDEN, 0);
    job all = {.blstm = &blstm, .steps = STEPS, .bins = BINS, .channels = HIDDEN, .x = x, .y = y};
    CHECK(plan_run(run_blstm, &all, dmx_cpu_best(), 2), "no run");
    for (int bin = 0; bin < BINS; bin++) {
        float one[STEPS * HIDDEN], result[STEPS * HIDDEN];
        for (int t = 0; t < STEPS; t++) memcpy(one + t * HIDDEN, x + (t * BINS + bin) * HIDDEN, HIDDEN * sizeof *one);
        job alone = {.blstm = &blstm, .steps = STEPS, .bins = 1, .channels = HIDDEN, .x = one, .y = result};
        CHECK(plan_run(run_blstm, &alone, dmx_cpu_best(), 1), "no run");
        int wrong = 0;
        for (int t = 0; t < STEPS; t++)
            wrong += memcmp(result + t * HIDDEN, y + (t * BINS + bin) * HIDDEN, HIDDEN * sizeof *y) != 0;
        CHECK(wrong == 0, "bin %d: %d of %d steps differ", bin, wrong, STEPS);
    }
    dmx_free(weight);
    dmx_free(bias);
    dmx_free(x);
    dmx_free(y);
    model_free(&m);
}

TEST_MAIN(test_few_units, test_many_units, test_blstm_bins)
