/* positions.c - position embeddings, in float32 as the official code computes them; see nn/positions.h
 *
 * Phases grow into the thousands of radians, where a float32 has only some 1e-4 of them left: to be near the official
 * result the phase must be rounded to float32 at the same places, and only then may sine and cosine be exact. */
#include "cpu/ops.h"
#include "cpu/work.h"

#include <math.h>

/* ---- create_sin_embedding ---- */

/* divisors[dim / 2] */
static void sin_divisors(int dim, double max_period, float *divisors)
{
    const int half = dim / 2;
    for (int i = 0; i < half; i++) {
        /* dim 2 divides zero by zero in the official code and gives NaN; here it is the plain position. */
        const float exponent = half > 1 ? (float)i / (float)(half - 1) : 0;
        divisors[i] = (float)pow(max_period, exponent);
    }
}

/* out[dim] of one position */
static void embed_sin(float position, int dim, const float *divisors, float *out)
{
    const int half = dim / 2;
    for (int i = 0; i < half; i++) {
        const float phase = position / divisors[i];
        out[i] = cosf(phase);
        out[half + i] = sinf(phase);
    }
}

/* ---- create_2d_sin_embedding ---- */

/* terms[dim / 4] */
static void sin_2d_terms(int dim, double max_period, float *terms)
{
    const int half = dim / 2;
    const float slope = (float)-(log(max_period) / half);
    for (int i = 0; i < half / 2; i++) terms[i] = (float)exp((double)((float)(2 * i) * slope));
}

/* out[bins][dim] of one step */
static void embed_sin_2d(int step, int bins, int dim, const float *terms, float *out)
{
    const int half = dim / 2;
    for (int bin = 0; bin < bins; bin++) {
        float *token = out + (ptrdiff_t)bin * dim;
        for (int i = 0; i < half / 2; i++) {
            const float phase_bin = (float)bin * terms[i], phase_step = (float)step * terms[i];
            token[2 * i] = bin == 0 ? sinf(phase_step) : out[2 * i];
            token[2 * i + 1] = bin == 0 ? cosf(phase_step) : out[2 * i + 1];
            token[half + 2 * i] = sinf(phase_bin);
            token[half + 2 * i + 1] = cosf(phase_bin);
        }
    }
}

/* ---- adding them ---- */

typedef struct positions_job {
    const dmx_exec *exec;
    const dmx_positions *positions;
    const dmx_grid *x;
    float *table; /* [dim / 2] divisors or terms */
} positions_job;

static void table_item(void *context, size_t item, int worker)
{
    (void)item, (void)worker;
    const positions_job *job = context;
    const dmx_positions *p = job->positions;
    if (p->kind == DMX_POSITIONS_SIN) sin_divisors(p->dim, p->max_period, job->table);
    if (p->kind == DMX_POSITIONS_SIN_2D) sin_2d_terms(p->dim, p->max_period, job->table);
}

/* The embedding of one step into out[bins][dim]. */
static void embed(const positions_job *job, int step, float *out)
{
    const dmx_positions *p = job->positions;
    const float mean = p->centred ? (float)(job->x->steps - 1) / 2 : 0;
    switch (p->kind) {
    case DMX_POSITIONS_SIN: embed_sin((float)step - mean, p->dim, job->table, out); break;
    case DMX_POSITIONS_SIN_2D: embed_sin_2d(step, job->x->bins, p->dim, job->table, out); break;
    case DMX_POSITIONS_TABLE:
        for (ptrdiff_t c = 0; c < p->dim; c++) out[c] = p->table[(ptrdiff_t)step * p->dim + c] * 3;
        break;
    }
}

static void add_item(void *context, size_t step, int worker)
{
    const positions_job *job = context;
    float *embedding = dmx_exec_scratch(job->exec, worker);
    float *x = job->x->data + (ptrdiff_t)step * job->x->step_stride;
    embed(job, (int)step, embedding);
    for (ptrdiff_t i = 0; i < (ptrdiff_t)job->x->bins * job->x->channels; i++)
        x[i] += job->positions->weight * embedding[i];
}

void dmx_cpu_positions(dmx_exec *exec, const dmx_op *op)
{
    const dmx_positions *p = &op->as.positions.positions;
    const dmx_grid *x = &op->as.positions.x;
    const size_t mark = exec->arena.used;
    positions_job job = {.exec = exec, .positions = p, .x = x};
    job.table = dmx_arena_floats(&exec->arena, (size_t)p->dim / 2);
    dmx_exec_run(exec, 1, 0, table_item, &job);
    dmx_exec_run(exec, (size_t)x->steps, (size_t)x->bins * (size_t)x->channels, add_item, &job);
    exec->arena.used = mark;
}
