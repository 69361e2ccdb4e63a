/* normed_linear.c - see nn/normed_linear.h */
#include "nn/normed_linear.h"

#include "cpu/conv.h"
#include "cpu/pack.h"
#include "cpu/work.h"
#include "nn/norm.h"

#include <math.h>

/* How the sums over rows are cut into work items: into blocks of rows, as many as there are for long inputs, but each
 * with at least a few times as many rows as its result has; and into rows of the matrix. */
enum { MOST_BLOCKS = 16, LEAST_ROWS = 512, ITEM_CHANNELS = 32 };

/* ---- sums over the input ---- */

typedef struct gram_job {
    const dmx_kernels *kernels;
    const dmx_grid *x; /* one bin */
    size_t channels, block_rows, blocks, parts;
    double *gram; /* [blocks][channels][channels] */
    double *sum;  /* [blocks][channels] */
} gram_job;

static void gram_item(void *context, size_t item, int worker)
{
    (void)worker;
    const gram_job *job = context;
    const size_t n = job->channels, block = item / job->parts, begin = item % job->parts * ITEM_CHANNELS;
    const size_t end = begin + ITEM_CHANNELS < n ? begin + ITEM_CHANNELS : n;
    const size_t first = block * job->block_rows, left = (size_t)job->x->steps - first;
    job->kernels->gram_f32(job->x->data + (ptrdiff_t)first * job->x->step_stride, job->x->step_stride,
                           left < job->block_rows ? left : job->block_rows, n, begin, end, job->gram + block * n * n,
                           job->sum + block * n);
}

/* The sums of each block. The cuts depend on the shape alone, so threads do not change a bit. */
static gram_job gather_gram(dmx_exec *exec, const dmx_grid *x)
{
    const size_t n = (size_t)x->channels, rows = (size_t)x->steps;
    gram_job job = {.kernels = exec->kernels, .x = x, .channels = n};
    job.block_rows = (rows + MOST_BLOCKS - 1) / MOST_BLOCKS;
    if (job.block_rows < LEAST_ROWS) job.block_rows = LEAST_ROWS;
    if (job.block_rows < 4 * n) job.block_rows = 4 * n;
    job.blocks = (rows + job.block_rows - 1) / job.block_rows;
    job.parts = (n + ITEM_CHANNELS - 1) / ITEM_CHANNELS;
    job.gram = dmx_arena_carve(&exec->arena, job.blocks * n * n, sizeof *job.gram);
    job.sum = dmx_arena_carve(&exec->arena, job.blocks * n, sizeof *job.sum);
    dmx_exec_run(exec, job.blocks * job.parts, 0, gram_item, &job);
    return job;
}

/* ---- running ---- */

typedef struct fold_job {
    const dmx_normed_linear *layer;
    const gram_job *sums;
    float *factor, *bias; /* [columns], packed */
} fold_job;

/* G and s, in the first block. */
static void add_blocks(const gram_job *job)
{
    const size_t n = job->channels;
    for (size_t block = 1; block < job->blocks; block++) {
        for (size_t i = 0; i < n * n; i++) job->gram[i] += job->gram[block * n * n + i];
        for (size_t i = 0; i < n; i++) job->sum[i] += job->sum[block * n + i];
    }
}

/* The norm as a factor and a bias for each column. */
static void fold_item(void *context, size_t item, int worker)
{
    (void)item, (void)worker;
    const fold_job *job = context;
    const dmx_normed_linear *layer = job->layer;
    const gram_job *sums = job->sums;
    const size_t n = sums->channels;
    add_blocks(sums);
    const double rows = sums->x->steps, count = rows * layer->linear.out_channels;
    double sum = rows * layer->bias, square = rows * layer->bias_squared;
    for (size_t i = 0; i < n; i++) {
        sum += layer->sum[i] * sums->sum[i];
        square += 2 * layer->bias_sum[i] * sums->sum[i];
    }
    for (size_t i = 0; i < n * n; i++) square += layer->gram[i] * sums->gram[i];
    const double mean = sum / count, variance = square / count - mean * mean;
    const double inverse = 1 / sqrt((variance > 0 ? variance : 0) + DMX_NORM_EPS);
    for (size_t column = 0; column < dmx_conv_bias_floats(&layer->linear); column++) {
        const double slope = inverse * layer->gamma[column];
        job->factor[column] = (float)slope;
        job->bias[column] = (float)((layer->linear.bias[column] - mean) * slope + layer->beta[column]);
    }
}

static void run_bin(dmx_exec *exec, const dmx_normed_linear *layer, const dmx_linear_args *args)
{
    const size_t mark = exec->arena.used, columns = dmx_conv_bias_floats(&layer->linear);
    fold_job job = {.layer = layer, .factor = dmx_arena_floats(&exec->arena, columns)};
    job.bias = dmx_arena_floats(&exec->arena, columns);
    const gram_job sums = gather_gram(exec, &args->input);
    job.sums = &sums;
    dmx_exec_run(exec, 1, 0, fold_item, &job);
    dmx_cpu_linear_run(exec,
                       &(dmx_cpu_linear){.conv = &layer->linear, .bias = job.bias, .factor = job.factor, .args = args});
    exec->arena.used = mark;
}

void dmx_cpu_normed_linear(dmx_exec *exec, const dmx_op *op)
{
    const dmx_linear_args *all = &op->as.linear;
    for (int b = 0; b < all->input.bins; b++) {
        dmx_linear_args bin = *all;
        bin.input = dmx_grid_bins(&all->input, b, 1);
        bin.output = dmx_grid_bins(&all->output, b, 1);
        bin.residual = dmx_grid_bins(&all->residual, b, 1);
        run_bin(exec, all->normed, &bin);
    }
}
