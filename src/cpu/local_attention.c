/* local_attention.c - attention along the steps that fades with distance, bin by bin, and its periods; see
 * nn/attention.h */
#include "cpu/attention.h"
#include "cpu/ops.h"
#include "cpu/work.h"

#include <math.h>
#include <string.h>

/* ---- slopes ---- */

typedef struct decay_job {
    const dmx_attention_args *args;
    int bin;
    float *decay; /* [heads][steps] of the bin */
} decay_job;

/* How fast the scores of a query fall: the sum over f of f * sigmoid(query_decay[f]) / 2 / sqrt(decays). */
static float decay_of(int decays, const float *query_decay)
{
    float sum = 0;
    for (int f = 0; f < decays; f++) sum += (float)(f + 1) / (1 + expf(-query_decay[f]));
    return sum / (2 * sqrtf((float)decays));
}

static void decay_item(void *context, size_t head, int worker)
{
    (void)worker;
    const decay_job *job = context;
    const dmx_grid *x = &job->args->query_decay;
    const int decays = job->args->decays;
    for (int t = 0; t < x->steps; t++) {
        const float *cell = x->data + t * x->step_stride + (ptrdiff_t)job->bin * x->channels;
        job->decay[head * (size_t)x->steps + (size_t)t] = decay_of(decays, cell + (int)head * decays);
    }
}

/* ---- attention ---- */

static const float *bin_of(const dmx_grid *grid, int bin) { return dmx_grid_bins(grid, bin, 1).data; }

void dmx_cpu_local_attention(dmx_exec *exec, const dmx_op *op)
{
    const dmx_attention_args *args = &op->as.attention;
    const dmx_grid *q = &args->q;
    const size_t mark = exec->arena.used;
    float *decay = dmx_arena_floats(&exec->arena, (size_t)args->heads * (size_t)q->steps);
    for (int bin = 0; bin < q->bins; bin++) {
        decay_job slopes = {.args = args, .bin = bin, .decay = decay};
        const dmx_attention attention = {.heads = args->heads,
                                         .head_dim = q->channels / args->heads,
                                         .queries = (size_t)q->steps,
                                         .keys = (size_t)q->steps,
                                         .q = bin_of(q, bin),
                                         .k = bin_of(&args->k, bin),
                                         .v = bin_of(&args->v, bin),
                                         .decay = decay,
                                         .out = dmx_grid_bins(&args->out, bin, 1).data,
                                         .q_stride = q->step_stride,
                                         .kv_stride = args->k.step_stride,
                                         .out_stride = args->out.step_stride};
        dmx_exec_run(exec, (size_t)args->heads, 0, decay_item, &slopes);
        dmx_cpu_attend(exec, &attention);
    }
    exec->arena.used = mark;
}

/* ---- periods ---- */

static float *cell_of(const dmx_grid *grid, size_t step, int cell, int width)
{
    return grid->data + (ptrdiff_t)step * grid->step_stride + (ptrdiff_t)cell * width;
}

/* waves[periods][2] = cosine and sine at a step. A period of whole steps keeps the angle small, and so exact. */
static void waves_at(size_t step, int periods, float *waves)
{
    const double turn = 6.283185307179586;
    for (int f = 0; f < periods; f++) {
        const double angle = turn * (double)(step % (size_t)(f + 1)) / (f + 1);
        waves[2 * f] = (float)cos(angle);
        waves[2 * f + 1] = (float)sin(angle);
    }
}

/* A step: all bins and heads. */
static void widen_item(void *context, size_t step, int worker)
{
    (void)worker;
    const dmx_periods *p = context;
    const int periods = p->periods, dim = p->q.channels / p->heads, wide = dim + 2 * periods;
    const float scale = sqrtf((float)wide / (float)dim), freq_scale = sqrtf((float)wide / (float)periods);
    for (int cell = 0; cell < p->q.bins * p->heads; cell++) {
        const float *from = cell_of(&p->q, step, cell, dim), *freqs = cell_of(&p->freqs, step, cell, periods);
        float *q = cell_of(&p->wide_q, step, cell, wide), *k = cell_of(&p->wide_k, step, cell, wide);
        float *v = cell_of(&p->wide_v, step, cell, wide);
        for (int c = 0; c < dim; c++) q[c] = from[c] * scale;
        memcpy(k, cell_of(&p->k, step, cell, dim), (size_t)dim * sizeof *k);
        memcpy(v, cell_of(&p->v, step, cell, dim), (size_t)dim * sizeof *v);
        waves_at(step, periods, k + dim);
        waves_at(step, periods, v + dim);
        for (int i = 0; i < 2 * periods; i++) q[dim + i] = freqs[i / 2] * freq_scale * k[dim + i];
    }
}

void dmx_cpu_periods_widen(dmx_exec *exec, const dmx_op *op)
{
    dmx_periods periods = op->as.periods;
    dmx_exec_run(exec, (size_t)periods.q.steps, 0, widen_item, &periods);
}

static void join_item(void *context, size_t step, int worker)
{
    (void)worker;
    const dmx_periods_join_args *p = context;
    const int periods = p->periods, wide = p->wide.channels / p->heads, dim = wide - 2 * periods;
    for (int cell = 0; cell < p->wide.bins * p->heads; cell++) {
        const float *from = cell_of(&p->wide, step, cell, wide), *waves = cell_of(&p->wide_k, step, cell, wide) + dim;
        float *to = cell_of(&p->joined, step, cell, dim + periods);
        memcpy(to, from, (size_t)dim * sizeof *to);
        for (int f = 0; f < periods; f++)
            to[dim + f] = from[dim + 2 * f] * waves[2 * f] + from[dim + 2 * f + 1] * waves[2 * f + 1];
    }
}

void dmx_cpu_periods_join(dmx_exec *exec, const dmx_op *op)
{
    dmx_periods_join_args args = op->as.periods_join;
    dmx_exec_run(exec, (size_t)args.wide.steps, 0, join_item, &args);
}
