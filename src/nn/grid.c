/* grid.c - see grid.h */
#include "nn/grid.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static size_t row_floats(const dmx_grid *grid) { return (size_t)grid->bins * (size_t)grid->channels; }

dmx_margin dmx_margin_max(dmx_margin a, dmx_margin b)
{
    return (dmx_margin){.bins_before = a.bins_before > b.bins_before ? a.bins_before : b.bins_before,
                        .bins_after = a.bins_after > b.bins_after ? a.bins_after : b.bins_after,
                        .steps = a.steps > b.steps ? a.steps : b.steps};
}

dmx_grid dmx_grid_create(dmx_exec *exec, int steps, int bins, int channels, dmx_margin margin)
{
    dmx_grid grid = {.steps = steps, .bins = bins, .channels = channels, .margin = margin};
    size_t step_floats = ((size_t)margin.bins_before + (size_t)bins + (size_t)margin.bins_after) * (size_t)channels;
    grid.step_stride = (ptrdiff_t)step_floats;
    size_t all_steps = (size_t)steps + 2 * (size_t)margin.steps;
    float *block = dmx_arena_carve(&exec->arena, all_steps, step_floats * sizeof(float));
    if (block == NULL) return grid;
    grid.data = block + (size_t)margin.steps * step_floats + (size_t)margin.bins_before * (size_t)channels;
    dmx_grid_clear_margins(exec, &grid);
    return grid;
}

void dmx_grid_clear_margins(const dmx_exec *exec, const dmx_grid *grid)
{
    if (exec->planning) return;
    const dmx_margin *margin = &grid->margin;
    size_t before = (size_t)margin->bins_before * (size_t)grid->channels;
    size_t after = (size_t)margin->bins_after * (size_t)grid->channels;
    for (int s = 0; s < grid->steps && before + after > 0; s++) { /* a sequence has one for each frame: look once */
        float *row = grid->data + s * grid->step_stride;
        memset(row - before, 0, before * sizeof(float));
        memset(row + row_floats(grid), 0, after * sizeof(float));
    }
    size_t outside = (size_t)margin->steps * (size_t)grid->step_stride * sizeof(float);
    if (outside == 0) return;
    float *first = grid->data - before;
    memset(first - margin->steps * grid->step_stride, 0, outside);
    memset(first + grid->steps * grid->step_stride, 0, outside);
}

dmx_grid dmx_grid_as_sequence(const dmx_grid *grid)
{
    assert(grid->steps == 1);
    int margin =
        grid->margin.bins_before < grid->margin.bins_after ? grid->margin.bins_before : grid->margin.bins_after;
    return (dmx_grid){.data = grid->data,
                      .steps = grid->bins,
                      .bins = 1,
                      .channels = grid->channels,
                      .step_stride = grid->channels,
                      .margin = {.steps = margin}};
}

dmx_grid dmx_grid_as_row(const dmx_grid *grid)
{
    assert(grid->bins == 1 && grid->step_stride == grid->channels);
    return (dmx_grid){
        .data = grid->data,
        .steps = 1,
        .bins = grid->steps,
        .channels = grid->channels,
        .step_stride = (ptrdiff_t)grid->steps * grid->channels,
        .margin = {.bins_before = grid->margin.steps, .bins_after = grid->margin.steps},
    };
}

dmx_grid dmx_grid_bins(const dmx_grid *grid, int first, int bins)
{
    dmx_grid part = *grid;
    part.bins = bins;
    part.margin = (dmx_margin){0};
    if (grid->data != NULL) part.data = grid->data + (ptrdiff_t)first * grid->channels;
    return part;
}

/* ---- passes over a whole grid: one work item is a block of steps, or of bins where there is one step only ---- */

enum { BLOCK_FLOATS = 1 << 16 };

typedef struct grid_pass {
    const dmx_kernels *kernels;
    const dmx_grid *from, *to; /* `from` may be NULL */
    const float *row;
    size_t row_length, blocks_per_row, block_length;
} grid_pass;

static void run_pass(dmx_exec *exec, grid_pass *pass, dmx_work_fn work)
{
    pass->kernels = exec->kernels;
    pass->row_length = row_floats(pass->to);
    pass->block_length = pass->row_length < BLOCK_FLOATS ? pass->row_length : BLOCK_FLOATS;
    pass->blocks_per_row = (pass->row_length + pass->block_length - 1) / pass->block_length;
    dmx_exec_run(exec, (size_t)pass->to->steps * pass->blocks_per_row, 0, work, pass);
}

/* The part of a row that an item covers: its step, first float and length. */
static size_t item_span(const grid_pass *pass, size_t item, size_t *step, size_t *first)
{
    *step = item / pass->blocks_per_row;
    *first = item % pass->blocks_per_row * pass->block_length;
    size_t left = pass->row_length - *first;
    return left < pass->block_length ? left : pass->block_length;
}

static float *row_at(const dmx_grid *grid, size_t step, size_t first)
{
    return grid->data + (ptrdiff_t)step * grid->step_stride + first;
}

static void add_item(void *context, size_t item, int worker)
{
    (void)worker;
    const grid_pass *pass = context;
    size_t step, first, length = item_span(pass, item, &step, &first);
    float *to = row_at(pass->to, step, first);
    const float *from = pass->row != NULL ? pass->row + first : row_at(pass->from, step, first);
    pass->kernels->add_f32(to, from, length, to);
}

static void copy_item(void *context, size_t item, int worker)
{
    (void)worker;
    const grid_pass *pass = context;
    size_t step, first, length = item_span(pass, item, &step, &first);
    memcpy(row_at(pass->to, step, first), row_at(pass->from, step, first), length * sizeof(float));
}

static void assert_same_shape(const dmx_grid *a, const dmx_grid *b)
{
    assert(a->steps == b->steps && a->bins == b->bins && a->channels == b->channels);
    (void)a;
    (void)b;
}

void dmx_grid_add(dmx_exec *exec, const dmx_grid *from, const dmx_grid *to)
{
    assert_same_shape(from, to);
    run_pass(exec, &(grid_pass){.from = from, .to = to}, add_item);
}

void dmx_grid_copy(dmx_exec *exec, const dmx_grid *from, const dmx_grid *to)
{
    assert_same_shape(from, to);
    run_pass(exec, &(grid_pass){.from = from, .to = to}, copy_item);
}

void dmx_grid_add_row(dmx_exec *exec, const float *row, const dmx_grid *to)
{
    run_pass(exec, &(grid_pass){.to = to, .row = row}, add_item);
}

void dmx_grid_trace(const dmx_exec *exec, const char *prefix, int index, const dmx_grid *grid)
{
    char stage[64];
    if (exec->trace == NULL || exec->planning) return;
    if (index < 0)
        snprintf(stage, sizeof stage, "%s", prefix);
    else
        snprintf(stage, sizeof stage, "%s.%d", prefix, index);
    exec->trace(exec->trace_context, stage, grid);
}
