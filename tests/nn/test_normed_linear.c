/* test_normed_linear.c - a linear layer with a group norm, whose statistics come from sums over the input, against the
 * formula in double precision: one bin and several, few rows and more than one block of them, and a mean far from 0. */
#include "nn/normed_linear.h"

#include "base/alloc.h"
#include "cpu/upload.h"
#include "plan.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct problem {
    dmx_normed_linear layer;
    int steps, bins;
    float *weight, *bias, *gamma, *beta, *scale; /* [2 * outputs][inputs], [2 * outputs], ..., [outputs] */
    dmx_store store;
    float *x;        /* [steps][bins][inputs] */
    float *residual; /* [steps][bins][outputs] */
    float *y;
} problem;

static size_t outputs_of(const problem *p) { return (size_t)p->layer.linear.out_channels / 2; }

static void problem_init(problem *p, int inputs, int outputs, int steps, int bins, float mean)
{
    *p = (problem){.steps = steps, .bins = bins};
    dmx_conv *linear = &p->layer.linear;
    *linear = (dmx_conv){.in_channels = inputs,
                         .out_channels = 2 * outputs,
                         .kernel_bins = 1,
                         .kernel_steps = 1,
                         .stride = 1,
                         .dilation = 1,
                         .glu = true};
    const size_t cells = (size_t)steps * (size_t)bins, in = (size_t)inputs, out = 2 * (size_t)outputs;
    p->weight = plan_random(3, out * in, 1);
    p->bias = plan_random(4, out, 1);
    p->gamma = plan_random(5, out, 2);
    p->beta = plan_random(6, out, 1);
    p->scale = plan_random(7, (size_t)outputs, 1);
    p->x = plan_random(8, cells * in, 1);
    for (size_t i = 0; i < cells * in; i++) p->x[i] += mean;
    p->residual = plan_random(9, cells * (size_t)outputs, 1);
    const dmx_rows weight = plan_rows(p->weight, out, in), bias = plan_rows(p->bias, out, 1);
    const dmx_rows gamma = plan_rows(p->gamma, out, 1), beta = plan_rows(p->beta, out, 1);
    CHECK(dmx_cpu_upload.normed_linear(&p->store, &p->layer, &weight, &bias, &gamma, &beta), "no memory");
}

static void problem_free(problem *p)
{
    void *all[] = {p->weight, p->bias, p->gamma, p->beta, p->scale, p->x, p->residual};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) dmx_free(all[i]);
    dmx_store_clear(&p->store);
}

/* residual + scale * glu(norm(W x + b)) of one bin, into expected. */
static void expect_bin(const problem *p, int bin, float *expected)
{
    const size_t in = (size_t)p->layer.linear.in_channels, outputs = outputs_of(p), out = 2 * outputs;
    const size_t steps = (size_t)p->steps, bins = (size_t)p->bins;
    double *z = malloc(steps * out * sizeof *z), sum = 0, square = 0;
    if (z == NULL) abort();
    for (size_t i = 0; i < steps * out; i++) {
        const float *x = p->x + (i / out * bins + (size_t)bin) * in, *w = p->weight + i % out * in;
        z[i] = (double)p->bias[i % out];
        for (size_t c = 0; c < in; c++) z[i] += (double)x[c] * (double)w[c];
        sum += z[i];
    }
    const double mean = sum / (double)(steps * out);
    for (size_t i = 0; i < steps * out; i++) square += (z[i] - mean) * (z[i] - mean);
    const double inverse = 1 / sqrt(square / (double)(steps * out) + 1e-5);
    for (size_t i = 0; i < steps * out; i++)
        z[i] = (z[i] - mean) * inverse * (double)p->gamma[i % out] + (double)p->beta[i % out];
    for (size_t t = 0; t < steps; t++)
        for (size_t o = 0; o < outputs; o++) {
            const size_t at = (t * bins + (size_t)bin) * outputs + o;
            const double glu = z[t * out + o] / (1 + exp(-z[t * out + outputs + o]));
            expected[at] = (float)((double)p->residual[at] + (double)p->scale[o] * glu);
        }
    free(z);
}

static void run(dmx_exec *exec, void *context)
{
    const problem *p = context;
    dmx_grid x = dmx_grid_create(exec, p->steps, p->bins, p->layer.linear.in_channels, (dmx_margin){0});
    dmx_grid y = dmx_grid_create(exec, p->steps, p->bins, (int)outputs_of(p), (dmx_margin){0});
    const size_t cells = (size_t)p->steps * (size_t)p->bins;
    if (!exec->planning) {
        memcpy(x.data, p->x, cells * (size_t)x.channels * sizeof *p->x);
        memcpy(y.data, p->residual, cells * (size_t)y.channels * sizeof *p->x);
    }
    const dmx_epilogue epilogue = {.activation = DMX_ACTIVATION_GLU, .scale = p->scale, .residual = &y};
    dmx_normed_linear_run(exec, &p->layer, &x, &epilogue, &y);
    if (!exec->planning) memcpy(p->y, y.data, cells * (size_t)y.channels * sizeof *p->y);
}

/* Measured: 140.4 dB and more. */
static void check(int inputs, int outputs, int steps, int bins, float mean)
{
    problem p;
    problem_init(&p, inputs, outputs, steps, bins, mean);
    const size_t count = (size_t)steps * (size_t)bins * (size_t)outputs;
    float *expected = malloc(count * sizeof *expected);
    if (expected == NULL) abort();
    for (int b = 0; b < bins; b++) expect_bin(&p, b, expected);
    CHECK(plan_levels_agree(run, &p, &p.y, expected, count, 135), "%d to %d channels, %d steps, %d bins", inputs,
          outputs, steps, bins);
    free(expected);
    problem_free(&p);
}

static void test_shapes(void)
{
    check(1, 1, 2, 1, 0);
    check(6, 48, 33, 3, 0);
    check(37, 20, 1100, 1, 0);
    check(70, 9, 5, 2, 0);
}

static void test_large_mean(void) { check(12, 16, 200, 1, 20); }

TEST_MAIN(test_shapes, test_large_mean)
