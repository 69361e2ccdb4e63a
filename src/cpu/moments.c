/* moments.c - see moments.h; and the mean and the deviation of a whole grid, which normalise it and restore it. */
#include "cpu/moments.h"

#include "cpu/ops.h"
#include "cpu/work.h"

#include <math.h>
#include <string.h>

enum {
    ROW_FLOATS = 2048, /* narrow grids: join steps up to rows of about this length */
    MOST_BLOCKS = 16   /* row blocks that are summed on their own */
};

/* ---- rows ---- */

dmx_grid dmx_row_view_narrowed(const dmx_grid *grid) { return grid->steps == 1 ? dmx_grid_as_sequence(grid) : *grid; }

dmx_row_view dmx_row_view_of(const dmx_grid *grid)
{
    dmx_row_view view = {.grid = grid, .row_steps = 1, .step_length = (size_t)grid->bins * (size_t)grid->channels};
    bool contiguous = grid->step_stride == (ptrdiff_t)view.step_length;
    if (contiguous && view.step_length < ROW_FLOATS)
        view.row_steps = (int)((ROW_FLOATS + view.step_length - 1) / view.step_length);
    if (view.row_steps > grid->steps) view.row_steps = grid->steps;
    view.row_length = view.step_length * (size_t)view.row_steps;
    view.rows = ((size_t)grid->steps + (size_t)view.row_steps - 1) / (size_t)view.row_steps;
    return view;
}

dmx_row_view dmx_row_view_with(const dmx_grid *grid, const dmx_grid *other)
{
    dmx_row_view view = dmx_row_view_of(grid);
    if (other->step_stride == (ptrdiff_t)other->bins * other->channels) return view;
    view.row_steps = 1;
    view.row_length = view.step_length;
    view.rows = (size_t)grid->steps;
    return view;
}

float *dmx_row_view_at(const dmx_row_view *view, size_t row)
{
    return view->grid->data + (ptrdiff_t)row * view->row_steps * view->grid->step_stride;
}

size_t dmx_row_view_length(const dmx_row_view *view, size_t row)
{
    size_t steps_left = (size_t)view->grid->steps - row * (size_t)view->row_steps;
    return steps_left < (size_t)view->row_steps ? steps_left * view->step_length : view->row_length;
}

/* ---- sums ---- */

static void moments_item(void *context, size_t block, int worker)
{
    (void)worker;
    const dmx_cpu_moments *m = context;
    double *sum = m->sum + block * m->view.row_length;
    double *square_sum = m->square_sum + block * m->view.row_length;
    memset(sum, 0, m->view.row_length * sizeof *sum);
    memset(square_sum, 0, m->view.row_length * sizeof *square_sum);
    size_t end = (block + 1) * m->block_rows;
    if (end > m->view.rows) end = m->view.rows;
    for (size_t row = block * m->block_rows; row < end; row++)
        m->kernels->moments_f32(dmx_row_view_at(&m->view, row), dmx_row_view_length(&m->view, row), sum, square_sum);
}

dmx_cpu_moments dmx_cpu_moments_gather(dmx_exec *exec, const dmx_grid *x)
{
    dmx_cpu_moments m = {.kernels = exec->kernels, .view = dmx_row_view_of(x)};
    m.block_rows = (m.view.rows + MOST_BLOCKS - 1) / MOST_BLOCKS;
    m.blocks = (m.view.rows + m.block_rows - 1) / m.block_rows;
    m.sum = dmx_arena_carve(&exec->arena, m.blocks * m.view.row_length, sizeof(double));
    m.square_sum = dmx_arena_carve(&exec->arena, m.blocks * m.view.row_length, sizeof(double));
    dmx_exec_run(exec, m.blocks, 0, moments_item, &m);
    return m;
}

void dmx_cpu_moments_add_blocks(const dmx_cpu_moments *m)
{
    for (size_t block = 1; block < m->blocks; block++)
        for (size_t i = 0; i < m->view.row_length; i++) {
            m->sum[i] += m->sum[block * m->view.row_length + i];
            m->square_sum[i] += m->square_sum[block * m->view.row_length + i];
        }
}

/* ---- a whole grid ---- */

typedef struct whole_job {
    const dmx_cpu_moments *sums;
    double count;
    float *moments; /* [DMX_MOMENTS] */
} whole_job;

static void whole_item(void *context, size_t item, int worker)
{
    (void)item, (void)worker;
    const whole_job *job = context;
    const double count = job->count;
    double sum = 0, square = 0;
    dmx_cpu_moments_add_blocks(job->sums);
    for (size_t i = 0; i < job->sums->view.row_length; i++) {
        sum += job->sums->sum[i];
        square += job->sums->square_sum[i];
    }
    const double mean = sum / count, m2 = square - sum * sum / count;
    /* PyTorch: NaN for a single number */
    const double deviation = count > 1 ? sqrt((m2 > 0 ? m2 : 0) / (count - 1)) : 0, scale = 1 / (1e-5 + deviation);
    job->moments[DMX_MEAN] = (float)mean;
    job->moments[DMX_DEVIATION] = (float)deviation;
    job->moments[DMX_SCALE] = (float)scale;
    job->moments[DMX_SHIFT] = (float)(-mean * scale);
}

void dmx_cpu_moments_of_grid(dmx_exec *exec, const dmx_op *op)
{
    const dmx_grid *x = &op->as.moments.x, all = dmx_row_view_narrowed(x);
    const size_t mark = exec->arena.used;
    const dmx_cpu_moments sums = dmx_cpu_moments_gather(exec, &all);
    whole_job job = {.sums = &sums, .moments = op->as.moments.moments.data};
    job.count = (double)x->steps * (double)x->bins * (double)x->channels;
    dmx_exec_run(exec, 1, 0, whole_item, &job);
    exec->arena.used = mark;
}

typedef struct affine_job {
    dmx_row_view view;
    const float *moments; /* [DMX_MOMENTS] */
    int scale, shift;     /* which of them */
} affine_job;

static void affine_item(void *context, size_t row, int worker)
{
    (void)worker;
    const affine_job *job = context;
    const float scale = job->moments[job->scale], shift = job->moments[job->shift];
    const size_t length = dmx_row_view_length(&job->view, row);
    float *x = dmx_row_view_at(&job->view, row);
    for (size_t i = 0; i < length; i++) x[i] = x[i] * scale + shift;
}

static void affine(dmx_exec *exec, const dmx_moments_args *args, int scale, int shift)
{
    const dmx_grid all = dmx_row_view_narrowed(&args->x);
    affine_job job = {.view = dmx_row_view_of(&all), .moments = args->moments.data, .scale = scale, .shift = shift};
    dmx_exec_run(exec, job.view.rows, 0, affine_item, &job);
}

void dmx_cpu_normalise(dmx_exec *exec, const dmx_op *op) { affine(exec, &op->as.moments, DMX_SCALE, DMX_SHIFT); }

void dmx_cpu_restore(dmx_exec *exec, const dmx_op *op) { affine(exec, &op->as.moments, DMX_DEVIATION, DMX_MEAN); }
