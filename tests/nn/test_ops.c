/* test_ops.c - the operations that move and normalise, on numbers small enough to be exact: what must come out is
 * written down here. At every CPU level and on one thread and three; each operation is planned first. */
#include "base/alloc.h"
#include "cpu/ops.h"
#include "plan.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

static dmx_grid grid_on(float *data, int steps, int bins, int channels)
{
    return (dmx_grid){
        .data = data, .steps = steps, .bins = bins, .channels = channels, .step_stride = (ptrdiff_t)bins * channels};
}

/* Run at all levels, and hold y, which is filled with `before` first, against `right`. */
static void expect(plan_fn run, void *context, float *y, const float *before, const float *right, size_t count,
                   const char *what)
{
    for (int level = 0; level < DMX_CPU_LEVELS; level++)
        for (int threads = 1; threads <= 3 && dmx_cpu_has((dmx_cpu_level)level); threads += 2) {
            memcpy(y, before, count * sizeof *y);
            CHECK(plan_run(run, context, (dmx_cpu_level)level, threads), "%s does not run", what);
            for (size_t i = 0; i < count; i++)
                CHECK(y[i] == right[i], "%s at %s: number %zu is %g, not %g", what,
                      dmx_cpu_level_name((dmx_cpu_level)level), i, (double)y[i], (double)right[i]);
        }
}

/* ---- grids ---- */

static void clear_margins(dmx_exec *exec, void *context)
{
    dmx_grid grid = grid_on((float *)context + 8, 2, 2, 1);
    grid.step_stride = 5;
    grid.margin = (dmx_margin){.bins_before = 2, .bins_after = 1, .steps = 1};
    dmx_grid_clear_margins(exec, &grid);
}

/* Four steps of five floats, the first and the last of them margins, between two floats that belong to nobody. */
static void test_clear_margins(void)
{
    static const float ones[22] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    float y[22], right[22] = {1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1};
    expect(clear_margins, y, y, ones, right, 22, "clear_margins");
}

typedef struct cells {
    float *from, *to;
} cells;

static void join_band(dmx_exec *exec, void *context)
{
    static const float bias[2] = {10, 20};
    const cells *c = context;
    const dmx_grid from = grid_on(c->from, 2, 3, 2), to = grid_on(c->to, 2, 3, 2);
    dmx_grid_join_band(exec, &from, 1, bias, &to);
}

static void add_row(dmx_exec *exec, void *context)
{
    const cells *c = context;
    const dmx_grid to = grid_on(c->to, 2, 3, 2);
    dmx_grid_add_row(exec, c->from, &to);
}

static void test_cells(void)
{
    float from[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, y[12];
    static const float before[12] = {100, 200, 300, 400, 500, 600, 100, 200, 300, 400, 500, 600};
    static const float joined[12] = {91, 182, 3, 4, 5, 6, 97, 188, 9, 10, 11, 12};
    static const float added[12] = {101, 202, 303, 404, 505, 606, 101, 202, 303, 404, 505, 606};
    expect(join_band, &(cells){from, y}, y, before, joined, 12, "join_band");
    expect(add_row, &(cells){from, y}, y, before, added, 12, "add_row");
}

/* ---- sequences ---- */

static void framing(dmx_exec *exec, void *context)
{
    const cells *c = context;
    const dmx_grid x = grid_on(c->from, 7, 1, 1), y = grid_on(c->to, 7, 1, 1);
    const dmx_grid frames = dmx_grid_create(exec, 4, 4, 1, (dmx_margin){0});
    const dmx_grid row = grid_on(frames.data, 1, 16, 1);
    static const float numbers[16] = {0, 100, 200, 300, 0, 100, 200, 300, 0, 100, 200, 300, 0, 100, 200, 300};
    dmx_framing_cut(exec, &(dmx_framing){.stride = 2, .count = 4, .sequence = x, .frames = frames});
    dmx_grid_add_row(exec, numbers, &row); /* so that it shows which frame a step is taken from */
    dmx_framing_join(exec, &(dmx_framing){.stride = 2, .count = 4, .sequence = y, .frames = frames});
}

/* Frames of 4, 2 apart, of which the middle two are kept, and of the first one the first too. */
static void test_framing(void)
{
    float x[7] = {1, 2, 3, 4, 5, 6, 7}, y[7];
    static const float before[7], right[7] = {1, 2, 3, 104, 105, 206, 207};
    expect(framing, &(cells){x, y}, y, before, right, 7, "framing");
}

/* ---- moments ---- */

typedef struct whole {
    float *x;
    float moments[DMX_MOMENTS];
    bool back;
} whole;

static void normalise(dmx_exec *exec, void *context)
{
    whole *w = context;
    const dmx_grid x = grid_on(w->x, 3, 2, 1), moments = dmx_moments_create(exec);
    const dmx_grid shown = grid_on(w->moments, 1, 1, DMX_MOMENTS);
    dmx_moments_of_grid(exec, &x, &moments);
    dmx_grid_copy(exec, &moments, &shown);
    dmx_grid_normalise(exec, &moments, &x);
    if (w->back) dmx_grid_restore(exec, &moments, &x);
}

/* Mean 5 and deviation 4, of five degrees of freedom. */
static void test_moments(void)
{
    float y[6], right[6];
    static const float x[6] = {1, 9, 1, 9, 1, 9};
    whole w = {.x = y};
    const double deviation = sqrt(6 * 16.0 / 5), scale = 1 / (1e-5 + deviation);
    for (int i = 0; i < 6; i++) right[i] = x[i] * (float)scale + (float)(-5 * scale);
    expect(normalise, &w, y, x, right, 6, "normalise");
    CHECK(w.moments[DMX_MEAN] == 5 && w.moments[DMX_DEVIATION] == (float)deviation, "mean %g, deviation %g",
          (double)w.moments[DMX_MEAN], (double)w.moments[DMX_DEVIATION]);
    w.back = true;
    for (int i = 0; i < 6; i++) right[i] = right[i] * (float)deviation + 5;
    expect(normalise, &w, y, x, right, 6, "restore");
}

/* ---- sound ---- */

typedef struct sound {
    float *mix, *stems; /* [2][3] and [2][2][3] */
    bool normed;
} sound;

/* The mix goes in with zeros around it, is interleaved, and comes out again as stem 1: the same frames where it was
 * normalised, else frames two later. */
static void through(dmx_exec *exec, void *context)
{
    const sound *s = context;
    exec->mix = s->mix;
    exec->stems = s->stems;
    const dmx_grid mix = dmx_planes_of_mix(2, 3), moments = dmx_moments_create(exec);
    const dmx_grid planes = dmx_planes_create(exec, 2, 6), x = dmx_grid_create(exec, 1, 6, 2, (dmx_margin){0});
    const dmx_grid longer = dmx_planes_create(exec, 2, 7);
    if (s->normed) dmx_moments_of_mix(exec, &mix, &moments);
    dmx_planes_pad(exec, &mix, s->normed ? &moments : NULL, 2, &planes);
    dmx_planes_interleave(exec, &planes, NULL, &x);
    dmx_planes_take(exec, &x, 0, &longer);
    const dmx_stem stem = {
        .source = 1, .front = s->normed ? 2 : 4, .frames = 3, .moments = s->normed ? &moments : NULL};
    dmx_stem_write(exec, &longer, &stem);
}

static void test_planes(void)
{
    float mix[6] = {1, 2, 3, 7, 6, 11}, y[12];
    static const float before[12] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    /* Frames 4, 5 and 6 of six: the mix's last one, a zero behind it, and that again. */
    static const float late[12] = {-1, -1, -1, -1, -1, -1, 3, 0, 0, 11, 0, 0};
    expect(through, &(sound){mix, y, false}, y, before, late, 12, "planes");
    float same[12];
    /* The means of the channels are 4, 4 and 7. */
    const double sum = 4 + 4 + 7, m2 = 16 + 16 + 49 - sum * (sum / 3);
    const float m = (float)(sum / 3), d = (float)sqrt(m2 / 2), scale = 1 / (1e-5f + d);
    memcpy(same, before, sizeof same);
    for (int c = 0; c < 2; c++)
        for (int i = 0; i < 3; i++) same[6 + 3 * c + i] = (mix[3 * c + i] - m) * scale * d + m;
    expect(through, &(sound){mix, y, true}, y, before, same, 12, "normed planes");
}

static void magnitudes(dmx_exec *exec, void *context)
{
    const cells *c = context;
    const dmx_grid z = grid_on(c->from, 2, 1, 4), y = grid_on(c->to, 2, 1, 2);
    dmx_magnitudes(exec, &z, &y);
}

static void test_magnitudes(void)
{
    float z[8] = {3, 4, -5, 12, 0, 0, 8, -15}, y[4];
    static const float before[4], right[4] = {5, 13, 0, 17};
    expect(magnitudes, &(cells){z, y}, y, before, right, 4, "magnitudes");
}

/* ---- positions ---- */

typedef struct embedded {
    dmx_positions positions;
    float *x;
    int bins;
} embedded;

static void add_positions(dmx_exec *exec, void *context)
{
    const embedded *e = context;
    const dmx_grid x = grid_on(e->x, 3, e->bins, e->positions.dim);
    dmx_positions_add(exec, &e->positions, &x);
}

static void test_positions(void)
{
    static const float zeros[24], learnt[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    float y[24], right[24];
    embedded e = {.positions = {.dim = 4, .max_period = 100, .weight = 2, .table = learnt}, .x = y, .bins = 1};
    e.positions.kind = DMX_POSITIONS_TABLE;
    for (int i = 0; i < 12; i++) right[i] = 2 * 3 * learnt[i];
    expect(add_positions, &e, y, zeros, right, 12, "a learnt embedding");
    e.positions.kind = DMX_POSITIONS_SIN;
    e.positions.centred = true; /* positions -1, 0 and 1, divided by 1 and by 100 */
    for (int t = 0; t < 3; t++)
        for (int i = 0; i < 2; i++) {
            const float phase = (float)(t - 1) / (i == 0 ? 1 : 100);
            right[4 * t + i] = 2 * cosf(phase);
            right[4 * t + 2 + i] = 2 * sinf(phase);
        }
    expect(add_positions, &e, y, zeros, right, 12, "a sine embedding");
    e.positions.kind = DMX_POSITIONS_SIN_2D;
    e.bins = 2; /* dim 4: one frequency, of a radian a step and a radian a bin */
    for (int t = 0; t < 3; t++)
        for (int b = 0; b < 2; b++) {
            float *cell = right + 8 * t + 4 * b;
            cell[0] = 2 * sinf((float)t), cell[1] = 2 * cosf((float)t);
            cell[2] = 2 * sinf((float)b), cell[3] = 2 * cosf((float)b);
        }
    expect(add_positions, &e, y, zeros, right, 24, "an embedding of steps and bins");
}

TEST_MAIN(test_clear_margins, test_cells, test_framing, test_moments, test_planes, test_magnitudes, test_positions)
