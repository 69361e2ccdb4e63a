/* grid.c - passes over whole grids: one work item is a block of steps, or of bins where there is one step only. */
#include "cpu/ops.h"
#include "cpu/work.h"

#include <string.h>

enum { BLOCK_FLOATS = 1 << 16 };

static size_t row_floats(const dmx_grid *grid) { return (size_t)grid->bins * (size_t)grid->channels; }

typedef struct grid_pass {
    const dmx_kernels *kernels;
    const dmx_cells_args *args;
    size_t row_length, blocks_per_row, block_length;
} grid_pass;

static void run_pass(dmx_exec *exec, const dmx_op *op, dmx_work_fn work)
{
    grid_pass pass = {.kernels = exec->kernels, .args = &op->as.cells};
    pass.row_length = row_floats(&pass.args->to);
    pass.block_length = pass.row_length < BLOCK_FLOATS ? pass.row_length : BLOCK_FLOATS;
    pass.blocks_per_row = (pass.row_length + pass.block_length - 1) / pass.block_length;
    dmx_exec_run(exec, (size_t)pass.args->to.steps * pass.blocks_per_row, 0, work, &pass);
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
    float *to = row_at(&pass->args->to, step, first);
    const float *from = pass->args->row != NULL ? pass->args->row + first : row_at(&pass->args->from, step, first);
    pass->kernels->add_f32(to, from, length, to);
}

void dmx_cpu_add(dmx_exec *exec, const dmx_op *op) { run_pass(exec, op, add_item); }

void dmx_cpu_add_row(dmx_exec *exec, const dmx_op *op) { run_pass(exec, op, add_item); }

static void copy_item(void *context, size_t item, int worker)
{
    (void)worker;
    const grid_pass *pass = context;
    size_t step, first, length = item_span(pass, item, &step, &first);
    memcpy(row_at(&pass->args->to, step, first), row_at(&pass->args->from, step, first), length * sizeof(float));
}

void dmx_cpu_copy(dmx_exec *exec, const dmx_op *op) { run_pass(exec, op, copy_item); }

static void join_band_item(void *context, size_t item, int worker)
{
    (void)worker;
    const grid_pass *pass = context;
    const dmx_cells_args *args = pass->args;
    size_t step, first, length = item_span(pass, item, &step, &first);
    const size_t channels = (size_t)args->to.channels, shared = (size_t)args->shared * channels;
    const float *in = row_at(&args->from, step, first);
    float *out = row_at(&args->to, step, first);
    for (size_t i = 0; i < length; i++)
        out[i] = first + i < shared ? out[i] + (in[i] - args->row[(first + i) % channels]) : in[i];
}

void dmx_cpu_join_band(dmx_exec *exec, const dmx_op *op) { run_pass(exec, op, join_band_item); }

static void clear_item(void *context, size_t item, int worker)
{
    (void)item, (void)worker;
    const dmx_grid *grid = context;
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

void dmx_cpu_clear_margins(dmx_exec *exec, const dmx_op *op)
{
    dmx_grid grid = op->as.cells.to;
    dmx_exec_run(exec, 1, 0, clear_item, &grid);
}
