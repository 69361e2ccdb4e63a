/* norm.c - see nn/norm.h; the sums are moments.h */
#include "cpu/moments.h"
#include "cpu/ops.h"
#include "cpu/work.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* A norm turned into y = x * scale + shift, in the arena, for rows as in dmx_row_view. */
typedef struct normalizer {
    size_t row_length;
    float *scale; /* [row_length] */
    float *shift; /* [row_length] */
} normalizer;

static normalizer create_normalizer(dmx_exec *exec, const dmx_grid *x)
{
    normalizer n = {.row_length = dmx_row_view_of(x).row_length};
    n.scale = dmx_arena_floats(&exec->arena, n.row_length);
    n.shift = dmx_arena_floats(&exec->arena, n.row_length);
    return n;
}

/* ---- from statistics ---- */

/* Fold the joined steps of a row into one step, and for DMX_NORM_ALL its bins into one. */
static void fold_moments(dmx_cpu_moments *job, dmx_norm_span span)
{
    const size_t channels = (size_t)job->view.grid->channels;
    const size_t kept = span == DMX_NORM_PER_BIN ? job->view.step_length : channels;
    for (size_t first = kept; first < job->view.row_length; first += kept)
        for (size_t i = 0; i < kept; i++) {
            job->sum[i] += job->sum[first + i];
            job->square_sum[i] += job->square_sum[first + i];
        }
}

/* Scale and shift of one group of one instance: `sum` and `square_sum` point at its first channel. */
static void group_affine(const dmx_norm *norm, size_t first_channel, size_t group_channels, double count,
                         const double *sum, const double *square_sum, float *scale, float *shift)
{
    double mean = 0, square = 0;
    for (size_t c = 0; c < group_channels; c++) {
        mean += sum[c];
        square += square_sum[c];
    }
    mean /= count;
    double variance = square / count - mean * mean;
    double inverse = 1.0 / sqrt((variance > 0 ? variance : 0) + DMX_NORM_EPS);
    for (size_t c = 0; c < group_channels; c++) {
        double gamma = norm->gamma[first_channel + c];
        scale[c] = (float)(inverse * gamma);
        shift[c] = (float)(norm->beta[first_channel + c] - mean * inverse * gamma);
    }
}

/* Fill x[0, length) with repetitions of its first `period` floats. */
static void repeat(float *x, size_t period, size_t length)
{
    for (size_t done = period; done < length; done *= 2)
        memcpy(x + done, x, (length - done < done ? length - done : done) * sizeof *x);
}

static void fill_normalizer(const dmx_norm *norm, dmx_norm_span span, const dmx_cpu_moments *job, normalizer *out)
{
    const dmx_grid *x = job->view.grid;
    const size_t channels = (size_t)x->channels, group_channels = channels / (size_t)norm->groups;
    const size_t instances = span == DMX_NORM_PER_BIN ? (size_t)x->bins : 1;
    const double count = (double)x->steps * (double)group_channels * (span == DMX_NORM_PER_BIN ? 1 : x->bins);
    for (size_t first = 0; first < instances * channels; first += group_channels)
        group_affine(norm, first % channels, group_channels, count, job->sum + first, job->square_sum + first,
                     out->scale + first, out->shift + first);
    repeat(out->scale, instances * channels, out->row_length);
    repeat(out->shift, instances * channels, out->row_length);
}

typedef struct finish_job {
    const dmx_norm *norm;
    dmx_norm_span span;
    dmx_cpu_moments *moments;
    normalizer *result;
} finish_job;

static void finish_item(void *context, size_t item, int worker)
{
    (void)item, (void)worker;
    const finish_job *job = context;
    dmx_cpu_moments_add_blocks(job->moments);
    fold_moments(job->moments, job->span);
    fill_normalizer(job->norm, job->span, job->moments, job->result);
}

static normalizer prepare(dmx_exec *exec, const dmx_norm *norm, dmx_norm_span span, const dmx_grid *x)
{
    normalizer result = create_normalizer(exec, x);
    const size_t mark = exec->arena.used;
    dmx_cpu_moments moments = dmx_cpu_moments_gather(exec, x);
    finish_job job = {.norm = norm, .span = span, .moments = &moments, .result = &result};
    dmx_exec_run(exec, 1, 0, finish_item, &job);
    exec->arena.used = mark;
    return result;
}

/* One that changes nothing, for activations without a norm. */
static void identity_item(void *context, size_t item, int worker)
{
    (void)item, (void)worker;
    const normalizer *n = context;
    for (size_t i = 0; i < n->row_length; i++) {
        n->scale[i] = 1;
        n->shift[i] = 0;
    }
}

static normalizer identity(dmx_exec *exec, const dmx_grid *x)
{
    normalizer n = create_normalizer(exec, x);
    dmx_exec_run(exec, 1, 0, identity_item, &n);
    return n;
}

/* ---- application ---- */

typedef struct apply_job {
    const dmx_kernels *kernels;
    const normalizer *normalizer;
    dmx_row_view view;
    dmx_activation activation;
    const dmx_grid *y; /* GLU: the target */
} apply_job;

static void apply_item(void *context, size_t row, int worker)
{
    (void)worker;
    const apply_job *job = context;
    float *x = dmx_row_view_at(&job->view, row);
    job->kernels->affine_f32(x, job->normalizer->scale, job->normalizer->shift, dmx_row_view_length(&job->view, row),
                             job->activation, x);
}

/* x = activation(norm(x)) */
static void run_norm(dmx_exec *exec, const dmx_norm_args *args, const dmx_grid *x)
{
    const size_t mark = exec->arena.used;
    const dmx_grid all = args->span == DMX_NORM_ALL ? dmx_row_view_narrowed(x) : *x;
    const normalizer n = args->norm->groups > 0 ? prepare(exec, args->norm, args->span, &all) : identity(exec, &all);
    apply_job job = {.kernels = exec->kernels, .normalizer = &n, .activation = args->activation};
    job.view = dmx_row_view_of(&all);
    dmx_exec_run(exec, job.view.rows, 0, apply_item, &job);
    exec->arena.used = mark;
}

/* Bin by bin, each gathered: how the sums of a bin are cut depends on how it lies. */
static void run_bins(dmx_exec *exec, const dmx_norm_args *args)
{
    assert(args->span == DMX_NORM_PER_BIN);
    const dmx_grid *x = &args->x;
    const size_t mark = exec->arena.used;
    const dmx_grid here = dmx_grid_create(exec, x->steps, 1, x->channels, (dmx_margin){0});
    for (int b = 0; b < x->bins; b++) {
        const dmx_grid there = dmx_grid_bins(x, b, 1);
        dmx_grid_copy(exec, &there, &here);
        run_norm(exec, args, &here);
        dmx_grid_copy(exec, &here, &there);
    }
    exec->arena.used = mark;
}

void dmx_cpu_norm(dmx_exec *exec, const dmx_op *op)
{
    const dmx_norm_args *args = &op->as.norm;
    if (op->apart && args->norm->groups > 0)
        run_bins(exec, args);
    else
        run_norm(exec, args, &args->x);
}

static void apply_glu_item(void *context, size_t row, int worker)
{
    (void)worker;
    const apply_job *job = context;
    const float *x = dmx_row_view_at(&job->view, row);
    const size_t channels = (size_t)job->y->channels;
    const size_t cells = dmx_row_view_length(&job->view, row) / (2 * channels);
    const ptrdiff_t place = (ptrdiff_t)row * job->view.row_steps;
    float *y = job->y->data + place * job->y->step_stride;
    job->kernels->affine_glu_f32(x, job->normalizer->scale, job->normalizer->shift, cells, channels, y);
}

void dmx_cpu_norm_glu(dmx_exec *exec, const dmx_op *op)
{
    const size_t mark = exec->arena.used;
    const dmx_grid from = dmx_row_view_narrowed(&op->as.norm.x), to = dmx_row_view_narrowed(&op->as.norm.y);
    const normalizer n = prepare(exec, op->as.norm.norm, DMX_NORM_ALL, &from);
    apply_job job = {.kernels = exec->kernels, .normalizer = &n, .view = dmx_row_view_with(&from, &to), .y = &to};
    dmx_exec_run(exec, job.view.rows, 0, apply_glu_item, &job);
    exec->arena.used = mark;
}

/* ---- layer norm ---- */

typedef struct layer_norm_job {
    const dmx_kernels *kernels;
    const dmx_norm *norm;
    const dmx_grid *x, *y;
    size_t cells, item_cells;
} layer_norm_job;

static void layer_norm_item(void *context, size_t item, int worker)
{
    (void)worker;
    const layer_norm_job *job = context;
    size_t first = item * job->item_cells;
    size_t cells = job->cells - first < job->item_cells ? job->cells - first : job->item_cells;
    size_t offset = first * (size_t)job->x->channels;
    job->kernels->layer_norm_f32(job->x->data + offset, job->norm->gamma, job->norm->beta, cells,
                                 (size_t)job->x->channels, (float)DMX_NORM_EPS, job->y->data + offset);
}

void dmx_cpu_layer_norm(dmx_exec *exec, const dmx_op *op)
{
    const dmx_norm_args *args = &op->as.norm;
    layer_norm_job job = {.kernels = exec->kernels, .norm = args->norm, .x = &args->x, .y = &args->y, .item_cells = 64};
    job.cells = (size_t)args->x.steps * (size_t)args->x.bins;
    dmx_exec_run(exec, (job.cells + job.item_cells - 1) / job.item_cells, 0, layer_norm_item, &job);
}
