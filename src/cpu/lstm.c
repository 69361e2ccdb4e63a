/* lstm.c - see nn/lstm.h
 *
 * Two ways to spread the recurrence over threads. Few units: a work item takes a direction and some sequences through
 * all steps, and no two items ever meet. Many units (4 MB of recurrent weights a direction and more): a work item is
 * one step of some blocks of units, so that each thread keeps its share of the weights in its cache and all of them
 * work even on a single sequence; that costs a meeting of the threads each step. No sum is ever cut, so both give the
 * same bits. */
#include "cpu/conv.h"
#include "cpu/gemm.h"
#include "cpu/pack.h"

#include <string.h>

enum {
    GATES = DMX_LSTM_GATES,
    MANY_UNITS = 512,
    LEAST_BLOCKS = 2, /* of units an item has when units are spread */
    MOST_ITEMS = 32   /* of a direction then */
};

typedef struct recurrence {
    const dmx_exec *exec;
    int hidden;
    size_t steps, batch, blocks; /* blocks of DMX_PANEL units */
    const dmx_lstm_layer *layer;
    const dmx_grid *gates; /* [steps][batch][2 * columns]: what comes from the input; the recurrence adds itself */
    const dmx_grid *y;     /* [steps][batch][2 * hidden] */
    float *cells;          /* [2][batch][blocks * DMX_PANEL] */
    size_t item_rows, item_blocks, items_per_direction;
    size_t step; /* where units are spread: the step that is run now */
} recurrence;

static size_t unit_blocks(int hidden) { return ((size_t)hidden + DMX_PANEL - 1) / DMX_PANEL; }

/* Rows of the batch and blocks of units that an item works on. */
typedef struct share {
    size_t row, row_end, block, block_end;
} share;

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* One step of one direction. The backward one starts at the end. The first step has no state behind it. */
static void run_step(const recurrence *job, size_t direction, size_t step, const share *s, float *scratch)
{
    const dmx_kernels *kernels = job->exec->kernels;
    const size_t units = job->blocks * DMX_PANEL, hidden = (size_t)job->hidden, columns = GATES * units;
    const ptrdiff_t t = (ptrdiff_t)(direction == 0 ? step : job->steps - 1 - step),
                    before = direction == 0 ? t - 1 : t + 1;
    const ptrdiff_t gates_stride = job->gates->channels, y_stride = job->y->channels, no_offset = 0;
    float *gates = job->gates->data + t * job->gates->step_stride + direction * columns;
    float *y = job->y->data + t * job->y->step_stride + direction * hidden;
    float *cells = job->cells + direction * job->batch * units;
    if (step > 0) {
        const dmx_gemm g = {.a = job->y->data + before * job->y->step_stride + direction * hidden,
                            .group_rows = job->batch,
                            .a_row_stride = y_stride,
                            .tap_offset = &no_offset,
                            .taps = 1,
                            .depth = job->hidden,
                            .b = job->layer->recurrent[direction],
                            .columns = (int)columns,
                            .c = gates,
                            .c_row_stride = gates_stride,
                            .residual = gates,
                            .residual_row_stride = gates_stride};
        kernels->gemm_f32(&g, s->row, s->row_end, s->block * GATES, s->block_end * GATES, scratch);
    }
    const size_t unit = s->block * DMX_PANEL;
    kernels->lstm_gates_f32(gates + (ptrdiff_t)s->row * gates_stride + unit * GATES, gates_stride, s->row_end - s->row,
                            least(hidden, s->block_end * DMX_PANEL) - unit, cells + s->row * units + unit,
                            (ptrdiff_t)units, y + (ptrdiff_t)s->row * y_stride + unit, y_stride);
}

/* All steps of some sequences. */
static void sequences_item(void *context, size_t item, int worker)
{
    const recurrence *job = context;
    const size_t first = item % job->items_per_direction * job->item_rows;
    const share s = {.row = first, .row_end = least(first + job->item_rows, job->batch), .block_end = job->blocks};
    for (size_t step = 0; step < job->steps; step++)
        run_step(job, item / job->items_per_direction, step, &s, dmx_exec_scratch(job->exec, worker));
}

/* One step of some units. */
static void units_item(void *context, size_t item, int worker)
{
    const recurrence *job = context;
    const size_t first = item % job->items_per_direction * job->item_blocks;
    const share s = {.row_end = job->batch, .block = first, .block_end = least(first + job->item_blocks, job->blocks)};
    run_step(job, item / job->items_per_direction, job->step, &s, dmx_exec_scratch(job->exec, worker));
}

static void spread_sequences(dmx_exec *exec, recurrence *job, size_t scratch)
{
    const size_t wanted = least(((size_t)dmx_exec_threads(exec) + 1) / 2, job->batch);
    job->item_rows = (job->batch + wanted - 1) / wanted;
    job->items_per_direction = (job->batch + job->item_rows - 1) / job->item_rows;
    dmx_exec_run(exec, 2 * job->items_per_direction, scratch, sequences_item, job);
}

static void spread_units(dmx_exec *exec, recurrence *job, size_t scratch)
{
    job->item_blocks = (job->blocks + MOST_ITEMS - 1) / MOST_ITEMS;
    if (job->item_blocks < LEAST_BLOCKS) job->item_blocks = LEAST_BLOCKS;
    job->items_per_direction = (job->blocks + job->item_blocks - 1) / job->item_blocks;
    for (job->step = 0; job->step < job->steps; job->step++)
        dmx_exec_run(exec, 2 * job->items_per_direction, scratch, units_item, job);
}

static void clear_item(void *context, size_t item, int worker)
{
    (void)item, (void)worker;
    const recurrence *job = context;
    memset(job->cells, 0, 2 * job->batch * job->blocks * DMX_PANEL * sizeof *job->cells);
}

/* y = both directions of one layer; y may be x. */
static void run_layer(dmx_exec *exec, const dmx_lstm *lstm, const dmx_lstm_layer *layer, const dmx_grid *x,
                      const dmx_grid *y)
{
    const size_t mark = exec->arena.used;
    recurrence job = {
        .exec = exec, .hidden = lstm->hidden, .layer = layer, .y = y, .blocks = unit_blocks(lstm->hidden)};
    job.steps = (size_t)x->steps;
    job.batch = (size_t)x->bins;
    dmx_grid gates = dmx_grid_create(exec, x->steps, x->bins, layer->input.out_channels, (dmx_margin){0});
    dmx_conv_run(exec, &layer->input, x, NULL, &gates);
    job.gates = &gates;
    job.cells = dmx_arena_floats(&exec->arena, 2 * job.batch * job.blocks * DMX_PANEL);
    dmx_exec_run(exec, 1, 0, clear_item, &job);
    const double hidden = lstm->hidden;
    exec->flops += 2 * 2 * (double)job.batch * ((double)job.steps - 1) * hidden * 4 * hidden;
    const size_t scratch = exec->kernels->gemm_scratch(job.batch, (size_t)lstm->hidden);
    if (lstm->hidden < MANY_UNITS)
        spread_sequences(exec, &job, scratch);
    else
        spread_units(exec, &job, scratch);
    exec->arena.used = mark;
}

void dmx_cpu_lstm(dmx_exec *exec, const dmx_op *op)
{
    const dmx_lstm *lstm = op->as.lstm.lstm;
    const dmx_grid *x = &op->as.lstm.x, *y = &op->as.lstm.y;
    for (int l = 0; l < lstm->layers; l++) run_layer(exec, lstm, &lstm->layer[l], l == 0 ? x : y, y);
}

/* ---- long sequences in frames ---- */

/* Step `step` of every frame. */
static void cut_item(void *context, size_t step, int worker)
{
    (void)worker;
    const dmx_framing *f = context;
    const size_t row = (size_t)f->sequence.bins * (size_t)f->sequence.channels;
    float *to = f->frames.data + (ptrdiff_t)step * f->frames.step_stride;
    for (int frame = 0; frame < f->count; frame++, to += row) {
        const int t = frame * f->stride + (int)step;
        if (t < f->sequence.steps)
            memcpy(to, f->sequence.data + t * f->sequence.step_stride, row * sizeof *to);
        else
            memset(to, 0, row * sizeof *to);
    }
}

void dmx_cpu_framing_cut(dmx_exec *exec, const dmx_op *op)
{
    dmx_framing framing = op->as.framing;
    dmx_exec_run(exec, (size_t)framing.frames.steps, 0, cut_item, &framing);
}

/* Where step `t` of the sequence is taken from. */
static const float *kept_step(const dmx_framing *f, int t)
{
    const int outer = f->stride / 2;
    int frame = t < outer ? 0 : (t - outer) / f->stride;
    if (frame >= f->count) frame = f->count - 1;
    const ptrdiff_t bins = f->sequence.bins, channels = f->sequence.channels;
    return f->frames.data + (t - frame * f->stride) * f->frames.step_stride + frame * bins * channels;
}

static void join_item(void *context, size_t step, int worker)
{
    (void)worker;
    const dmx_framing *f = context;
    const size_t row = (size_t)f->sequence.bins * (size_t)f->sequence.channels;
    memcpy(f->sequence.data + (ptrdiff_t)step * f->sequence.step_stride, kept_step(f, (int)step), row * sizeof(float));
}

void dmx_cpu_framing_join(dmx_exec *exec, const dmx_op *op)
{
    dmx_framing framing = op->as.framing;
    dmx_exec_run(exec, (size_t)framing.sequence.steps, 0, join_item, &framing);
}
