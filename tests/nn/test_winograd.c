/* test_winograd.c - the 3x3 convolution with GLU in Winograd's form against its formula in double precision: odd and
 * even numbers of steps and bins, fewer than a tile has, strips of several work items, columns that fill no panel. */
#include "cpu/winograd.h"

#include "base/alloc.h"
#include "cpu/upload.h"
#include "plan.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct problem {
    dmx_conv conv;
    int steps, bins;
    float *weight; /* [2 * outputs][inputs][3 bins][3 steps] */
    float *bias;   /* [2 * outputs] */
    dmx_store store;
    float *x; /* [steps][bins][inputs] */
    float *y; /* [steps][bins][outputs] */
} problem;

static size_t outputs_of(const problem *p) { return (size_t)p->conv.out_channels / 2; }

static void problem_init(problem *p, int inputs, int outputs, int steps, int bins)
{
    *p = (problem){.steps = steps, .bins = bins};
    p->conv = (dmx_conv){.in_channels = inputs,
                         .out_channels = 2 * outputs,
                         .kernel_bins = 3,
                         .kernel_steps = 3,
                         .stride = 1,
                         .padding = 1,
                         .dilation = 1,
                         .glu = true};
    const size_t cells = (size_t)steps * (size_t)bins;
    p->weight = plan_random(3, 2 * (size_t)outputs * (size_t)inputs * 9, 1 / sqrtf(3.0f * (float)inputs));
    p->bias = plan_random(4, 2 * (size_t)outputs, 1);
    p->x = plan_random(5, cells * (size_t)inputs, 1);
    const dmx_rows weight = plan_rows(p->weight, 2 * (size_t)outputs, (size_t)inputs * 9);
    const dmx_rows bias = plan_rows(p->bias, 2 * (size_t)outputs, 1);
    CHECK(dmx_cpu_upload.conv(&p->store, &p->conv, &weight, &bias), "no memory");
}

static void problem_free(problem *p)
{
    dmx_free(p->weight);
    dmx_free(p->bias);
    dmx_store_clear(&p->store);
    dmx_free(p->x);
}

/* One sum of the convolution. */
static double sum_at(const problem *p, int step, int bin, size_t out)
{
    const int inputs = p->conv.in_channels;
    double sum = (double)p->bias[out];
    for (int s = 0; s < 3; s++)
        for (int b = 0; b < 3; b++) {
            const int from_step = step + s - 1, from_bin = bin + b - 1;
            if (from_step < 0 || from_step >= p->steps || from_bin < 0 || from_bin >= p->bins) continue;
            const float *x = p->x + ((ptrdiff_t)from_step * p->bins + from_bin) * inputs;
            const float *w = p->weight + ((ptrdiff_t)out * inputs) * 9 + 3 * b + s;
            for (int c = 0; c < inputs; c++) sum += (double)x[c] * (double)w[9 * c];
        }
    return sum;
}

static float *expect(const problem *p)
{
    const size_t outputs = outputs_of(p);
    float *y = malloc((size_t)p->steps * (size_t)p->bins * outputs * sizeof *y), *to = y;
    if (y == NULL) abort();
    for (int step = 0; step < p->steps; step++)
        for (int bin = 0; bin < p->bins; bin++)
            for (size_t o = 0; o < outputs; o++)
                *to++ = (float)(sum_at(p, step, bin, o) / (1 + exp(-sum_at(p, step, bin, outputs + o))));
    return y;
}

static void run(dmx_exec *exec, void *context)
{
    const problem *p = context;
    dmx_grid x = dmx_grid_create(exec, p->steps, p->bins, p->conv.in_channels, (dmx_margin){1, 1, 1});
    dmx_grid y = dmx_grid_create(exec, p->steps, p->bins, (int)outputs_of(p), (dmx_margin){1, 2, 1});
    const size_t row = (size_t)p->bins * (size_t)x.channels, out_row = (size_t)p->bins * (size_t)y.channels;
    for (int t = 0; t < p->steps && !exec->planning; t++)
        memcpy(x.data + t * x.step_stride, p->x + (size_t)t * row, row * sizeof *p->x);
    dmx_conv_run(exec, &p->conv, &x, &(dmx_epilogue){.activation = DMX_ACTIVATION_GLU}, &y);
    if (exec->planning) return;
    for (int t = 0; t < p->steps; t++)
        memcpy(p->y + (size_t)t * out_row, y.data + t * y.step_stride, out_row * sizeof *p->y);
    double outside = 0; /* margins must have stayed zero */
    for (ptrdiff_t i = -y.channels; i < 0; i++)
        outside += fabs((double)y.data[i]) + fabs((double)y.data[y.step_stride + i]);
    CHECK(outside == 0, "written into the margin");
}

/* Measured: 135.8 dB and more. */
static void check(int inputs, int outputs, int steps, int bins)
{
    problem p;
    problem_init(&p, inputs, outputs, steps, bins);
    CHECK(dmx_winograd_suits(&p.conv), "%d channels do not suit", inputs);
    const size_t count = (size_t)steps * (size_t)bins * (size_t)outputs;
    float *expected = expect(&p);
    CHECK(plan_levels_agree(run, &p, &p.y, expected, count, 130), "%d to %d channels, %d x %d", inputs, outputs, steps,
          bins);
    free(expected);
    problem_free(&p);
}

static void test_shapes(void)
{
    check(32, 32, 1, 1);
    check(33, 5, 2, 3);
    check(40, 48, 7, 4);
    check(32, 20, 5, 2);
    check(48, 24, 401, 3);
}

static void test_what_does_not_suit(void)
{
    problem p;
    problem_init(&p, 32, 8, 1, 1);
    dmx_conv strided = p.conv, small = p.conv, plain = p.conv;
    strided.stride = 2;
    small.in_channels = 8;
    plain.glu = false;
    CHECK(!dmx_winograd_suits(&strided) && !dmx_winograd_suits(&small) && !dmx_winograd_suits(&plain), "suits");
    problem_free(&p);
}

TEST_MAIN(test_shapes, test_what_does_not_suit)
