/* norm.c - see nn/norm.h
 *
 * Statistics run down the rows: for each position in a row a sum and a sum of squares, in double, over all rows. That
 * is one contiguous pass whatever the groups are; positions are folded into groups at the end, when only one row is
 * left. */
#include "nn/norm.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    ROW_FLOATS = 2048, /* narrow grids: join steps up to rows of about this length */
    MOST_BLOCKS = 16   /* row blocks that are summed on their own */
};

/* A grid seen as rows of joined steps. The last row may be short. */
typedef struct row_view {
    const dmx_grid *grid;
    int row_steps;
    size_t step_length, row_length, rows;
} row_view;

/* A single step would be one enormous row: see it as a sequence. Only where bins are no batch. */
static dmx_grid narrowed(const dmx_grid *grid) { return grid->steps == 1 ? dmx_grid_as_sequence(grid) : *grid; }

static row_view view_rows(const dmx_grid *grid)
{
    row_view view = {.grid = grid, .row_steps = 1, .step_length = (size_t)grid->bins * (size_t)grid->channels};
    bool contiguous = grid->step_stride == (ptrdiff_t)view.step_length;
    if (contiguous && view.step_length < ROW_FLOATS)
        view.row_steps = (int)((ROW_FLOATS + view.step_length - 1) / view.step_length);
    if (view.row_steps > grid->steps) view.row_steps = grid->steps;
    view.row_length = view.step_length * (size_t)view.row_steps;
    view.rows = ((size_t)grid->steps + (size_t)view.row_steps - 1) / (size_t)view.row_steps;
    return view;
}

/* The same for two grids that are gone through together: steps are joined only where both allow it. */
static row_view view_rows_with(const dmx_grid *grid, const dmx_grid *other)
{
    row_view view = view_rows(grid);
    if (other->step_stride == (ptrdiff_t)other->bins * other->channels) return view;
    view.row_steps = 1;
    view.row_length = view.step_length;
    view.rows = (size_t)grid->steps;
    return view;
}

static float *view_row(const row_view *view, size_t row)
{
    return view->grid->data + (ptrdiff_t)row * view->row_steps * view->grid->step_stride;
}

static size_t view_row_length(const row_view *view, size_t row)
{
    size_t steps_left = (size_t)view->grid->steps - row * (size_t)view->row_steps;
    return steps_left < (size_t)view->row_steps ? steps_left * view->step_length : view->row_length;
}

/* ---- statistics ---- */

typedef struct moments_job {
    const dmx_kernels *kernels;
    row_view view;
    size_t block_rows, blocks;
    double *sum;        /* [blocks][row_length] */
    double *square_sum; /* [blocks][row_length] */
} moments_job;

static void moments_item(void *context, size_t block, int worker)
{
    (void)worker;
    moments_job *job = context;
    double *sum = job->sum + block * job->view.row_length;
    double *square_sum = job->square_sum + block * job->view.row_length;
    memset(sum, 0, job->view.row_length * sizeof *sum);
    memset(square_sum, 0, job->view.row_length * sizeof *square_sum);
    size_t end = (block + 1) * job->block_rows;
    if (end > job->view.rows) end = job->view.rows;
    for (size_t row = block * job->block_rows; row < end; row++)
        job->kernels->moments_f32(view_row(&job->view, row), view_row_length(&job->view, row), sum, square_sum);
}

/* Sums over all rows, for each position of a row, left in block 0. They live in the arena. */
static moments_job gather_moments(dmx_exec *exec, const dmx_grid *x)
{
    moments_job job = {.kernels = exec->kernels, .view = view_rows(x)};
    job.block_rows = (job.view.rows + MOST_BLOCKS - 1) / MOST_BLOCKS;
    job.blocks = (job.view.rows + job.block_rows - 1) / job.block_rows;
    job.sum = dmx_arena_carve(&exec->arena, job.blocks * job.view.row_length, sizeof(double));
    job.square_sum = dmx_arena_carve(&exec->arena, job.blocks * job.view.row_length, sizeof(double));
    dmx_exec_run(exec, job.blocks, 0, moments_item, &job);
    if (exec->planning) return job;
    for (size_t block = 1; block < job.blocks; block++)
        for (size_t i = 0; i < job.view.row_length; i++) {
            job.sum[i] += job.sum[block * job.view.row_length + i];
            job.square_sum[i] += job.square_sum[block * job.view.row_length + i];
        }
    return job;
}

/* Fold the joined steps of a row into one step, and for DMX_NORM_ALL its bins into one. */
static void fold_moments(moments_job *job, dmx_norm_span span)
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

static void fill_normalizer(const dmx_norm *norm, dmx_norm_span span, const moments_job *job, dmx_normalizer *out)
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

dmx_normalizer dmx_norm_prepare(dmx_exec *exec, const dmx_norm *norm, dmx_norm_span span, const dmx_grid *x)
{
    assert(norm->groups >= 1 && norm->channels == x->channels);
    const row_view view = view_rows(x);
    dmx_normalizer normalizer = {.row_steps = view.row_steps, .row_length = view.row_length};
    normalizer.scale = dmx_arena_floats(&exec->arena, view.row_length);
    normalizer.shift = dmx_arena_floats(&exec->arena, view.row_length);
    size_t mark = exec->arena.used;
    moments_job job = gather_moments(exec, x);
    if (!exec->planning) {
        fold_moments(&job, span);
        fill_normalizer(norm, span, &job, &normalizer);
    }
    exec->arena.used = mark;
    return normalizer;
}

/* ---- application ---- */

typedef struct apply_job {
    const dmx_kernels *kernels;
    const dmx_normalizer *normalizer;
    row_view view;
    dmx_activation activation;
    const dmx_grid *y; /* GLU: the target */
} apply_job;

static void apply_item(void *context, size_t row, int worker)
{
    (void)worker;
    const apply_job *job = context;
    float *x = view_row(&job->view, row);
    job->kernels->affine_f32(x, job->normalizer->scale, job->normalizer->shift, view_row_length(&job->view, row),
                             job->activation, x);
}

void dmx_norm_apply(dmx_exec *exec, const dmx_normalizer *normalizer, dmx_activation activation, const dmx_grid *x)
{
    apply_job job = {
        .kernels = exec->kernels, .normalizer = normalizer, .view = view_rows(x), .activation = activation};
    dmx_exec_run(exec, job.view.rows, 0, apply_item, &job);
}

static void apply_glu_item(void *context, size_t row, int worker)
{
    (void)worker;
    const apply_job *job = context;
    const float *x = view_row(&job->view, row);
    const size_t channels = (size_t)job->y->channels;
    const size_t cells = view_row_length(&job->view, row) / (2 * channels);
    const ptrdiff_t place = (ptrdiff_t)row * job->view.row_steps;
    float *y = job->y->data + place * job->y->step_stride;
    job->kernels->affine_glu_f32(x, job->normalizer->scale, job->normalizer->shift, cells, channels, y);
}

/* A normalizer that changes nothing, for activations without a norm. */
static dmx_normalizer identity_normalizer(dmx_exec *exec, const dmx_grid *x)
{
    const row_view view = view_rows(x);
    dmx_normalizer normalizer = {.row_steps = view.row_steps, .row_length = view.row_length};
    normalizer.scale = dmx_arena_floats(&exec->arena, view.row_length);
    normalizer.shift = dmx_arena_floats(&exec->arena, view.row_length);
    if (exec->planning) return normalizer;
    for (size_t i = 0; i < view.row_length; i++) {
        normalizer.scale[i] = 1;
        normalizer.shift[i] = 0;
    }
    return normalizer;
}

void dmx_norm_glu(dmx_exec *exec, const dmx_norm *norm, const dmx_grid *x, const dmx_grid *y)
{
    assert(x->channels == 2 * y->channels && x->steps == y->steps && x->bins == y->bins);
    size_t mark = exec->arena.used;
    dmx_grid from = narrowed(x), to = narrowed(y);
    dmx_normalizer normalizer = dmx_norm_prepare(exec, norm, DMX_NORM_ALL, &from);
    apply_job job = {.kernels = exec->kernels, .normalizer = &normalizer, .view = view_rows_with(&from, &to), .y = &to};
    dmx_exec_run(exec, job.view.rows, 0, apply_glu_item, &job);
    exec->arena.used = mark;
}

void dmx_norm_activate(dmx_exec *exec, const dmx_norm *norm, dmx_activation activation, const dmx_grid *x)
{
    if (norm->groups == 0 && activation == DMX_ACTIVATION_NONE) return;
    size_t mark = exec->arena.used;
    dmx_grid all = narrowed(x);
    dmx_normalizer normalizer =
        norm->groups > 0 ? dmx_norm_prepare(exec, norm, DMX_NORM_ALL, &all) : identity_normalizer(exec, &all);
    dmx_norm_apply(exec, &normalizer, activation, &all);
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

void dmx_layer_norm(dmx_exec *exec, const dmx_norm *norm, const dmx_grid *x, const dmx_grid *y)
{
    assert(x->step_stride == (ptrdiff_t)x->bins * x->channels && y->step_stride == x->step_stride);
    layer_norm_job job = {.kernels = exec->kernels, .norm = norm, .x = x, .y = y, .item_cells = 64};
    job.cells = (size_t)x->steps * (size_t)x->bins;
    dmx_exec_run(exec, (job.cells + job.item_cells - 1) / job.item_cells, 0, layer_norm_item, &job);
}

/* ---- the whole grid as one ---- */

void dmx_grid_mean_deviation(dmx_exec *exec, const dmx_grid *x, double *mean, double *deviation)
{
    size_t mark = exec->arena.used;
    dmx_grid all = narrowed(x);
    moments_job job = gather_moments(exec, &all);
    *mean = 0;
    *deviation = 1;
    if (!exec->planning) {
        double sum = 0, square = 0;
        for (size_t i = 0; i < job.view.row_length; i++) {
            sum += job.sum[i];
            square += job.square_sum[i];
        }
        double count = (double)x->steps * (double)x->bins * (double)x->channels;
        *mean = sum / count;
        double m2 = square - sum * sum / count;
        *deviation = count > 1 ? sqrt((m2 > 0 ? m2 : 0) / (count - 1)) : 0; /* PyTorch: NaN for a single number */
    }
    exec->arena.used = mark;
}

typedef struct affine_job {
    row_view from;
    const dmx_grid *y;
    float scale, shift;
} affine_job;

static void affine_item(void *context, size_t row, int worker)
{
    (void)worker;
    const affine_job *job = context;
    const float *x = view_row(&job->from, row);
    float *y = job->y->data + (ptrdiff_t)row * job->from.row_steps * job->y->step_stride;
    size_t length = view_row_length(&job->from, row);
    for (size_t i = 0; i < length; i++) y[i] = x[i] * job->scale + job->shift;
}

void dmx_grid_affine(dmx_exec *exec, const dmx_grid *x, float scale, float shift, const dmx_grid *y)
{
    dmx_grid from = narrowed(x), to = narrowed(y);
    affine_job job = {.from = view_rows_with(&from, &to), .y = &to, .scale = scale, .shift = shift};
    dmx_exec_run(exec, job.from.rows, 0, affine_item, &job);
}
