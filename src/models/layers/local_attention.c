/* local_attention.c - see local_attention.h
 *
 * With periods the attention itself knows nothing of them: since
 *     cos(w (t - s)) = cos(w t) cos(w s) + sin(w t) sin(w s)
 * each head's vectors grow by two numbers a period. A key at t has cos(w t) and sin(w t) there, a query at s the same
 * times what it chose, so that their product is the term of the score; and the averages of cos(w t) and sin(w t) over
 * the keys, times cos(w s) and sin(w s), are the average of the cosine. */
#include "models/layers/local_attention.h"

#include "nn/attention.h"

#include <math.h>
#include <string.h>

static void load_conv(dmx_weights *w, dmx_conv *conv, int in, int out, const char *prefix, const char *name)
{
    *conv = dmx_linear(in, out);
    dmx_weights_conv(w, conv, DMX_AXES_CONV1D, dmx_name_of("%s.%s", prefix, name).text);
}

void dmx_local_attention_load(dmx_weights *w, dmx_local_attention *a, int channels, const char *prefix)
{
    load_conv(w, &a->content, channels, channels, prefix, "content");
    load_conv(w, &a->query, channels, channels, prefix, "query");
    load_conv(w, &a->key, channels, channels, prefix, "key");
    a->periods = dmx_weights_rows(w, dmx_name_of("%s.query_freqs.weight", prefix).text) / a->heads;
    if (a->periods > 0) load_conv(w, &a->query_freqs, channels, a->heads * a->periods, prefix, "query_freqs");
    load_conv(w, &a->query_decay, channels, a->heads * a->decays, prefix, "query_decay");
    load_conv(w, &a->proj, channels + a->heads * a->periods, channels, prefix, "proj");
}

/* How fast the scores of a query fall: the sum over f of f * sigmoid(query_decay[f]) / 2 / sqrt(decays). */
static float decay_of(const dmx_local_attention *a, const float *query_decay)
{
    float sum = 0;
    for (int f = 0; f < a->decays; f++) sum += (float)(f + 1) / (1 + expf(-query_decay[f]));
    return sum / (2 * sqrtf((float)a->decays));
}

/* decay[heads][steps] of one bin, from query_decay[steps][bins][heads * decays] */
static void gather_decays(const dmx_local_attention *a, const dmx_grid *query_decay, int bin, float *decay)
{
    for (int h = 0; h < a->heads; h++)
        for (int t = 0; t < query_decay->steps; t++) {
            const float *cell = query_decay->data + t * query_decay->step_stride + bin * query_decay->channels;
            decay[(ptrdiff_t)h * query_decay->steps + t] = decay_of(a, cell + h * a->decays);
        }
}

static dmx_grid run_conv(dmx_exec *exec, const dmx_conv *conv, const dmx_grid *x)
{
    dmx_grid y = dmx_grid_create(exec, x->steps, x->bins, conv->out_channels, (dmx_margin){0});
    dmx_conv_run(exec, conv, x, NULL, &y);
    return y;
}

/* ---- attention, bin by bin ---- */

/* result = attention, all of them [steps][bins][heads * head_dim]. */
static void attend(dmx_exec *exec, const dmx_local_attention *a, const dmx_grid *query, const dmx_grid *key,
                   const dmx_grid *content, const dmx_grid *query_decay, const dmx_grid *result)
{
    const size_t mark = exec->arena.used;
    float *decay = dmx_arena_floats(&exec->arena, (size_t)a->heads * (size_t)query->steps);
    for (int bin = 0; bin < query->bins; bin++) {
        dmx_attention attention = {.heads = a->heads, .head_dim = query->channels / a->heads, .decay = decay};
        attention.queries = attention.keys = (size_t)query->steps;
        attention.q_stride = attention.kv_stride = attention.out_stride = query->step_stride;
        if (!exec->planning) {
            const ptrdiff_t place = (ptrdiff_t)bin * query->channels;
            attention.q = query->data + place;
            attention.k = key->data + place;
            attention.v = content->data + place;
            attention.out = result->data + place;
            gather_decays(a, query_decay, bin, decay);
        }
        dmx_attention_run(exec, &attention);
    }
    exec->arena.used = mark;
}

/* ---- periods ---- */

typedef struct rhythm {
    const dmx_local_attention *a;
    const dmx_grid *query, *key, *content, *query_freqs;         /* [steps][bins][heads * head_dim], or * periods */
    const dmx_grid *wide_query, *wide_key, *wide_content, *wide; /* [steps][bins][heads * (head_dim + 2 * periods)] */
    const dmx_grid *joined;                                      /* [steps][bins][heads * (head_dim + periods)] */
} rhythm;

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

/* A head of a step, and all its bins: a cell of each grid. */
static void widen_item(void *context, size_t step, int worker)
{
    (void)worker;
    const rhythm *r = context;
    const int periods = r->a->periods, dim = r->query->channels / r->a->heads, wide = dim + 2 * periods;
    /* Attention divides by the root of the wide dimension, and the official code by those of the narrow ones. */
    const float scale = sqrtf((float)wide / (float)dim), freq_scale = sqrtf((float)wide / (float)periods);
    for (int cell = 0; cell < r->query->bins * r->a->heads; cell++) {
        const float *from = cell_of(r->query, step, cell, dim), *freqs = cell_of(r->query_freqs, step, cell, periods);
        float *query = cell_of(r->wide_query, step, cell, wide), *key = cell_of(r->wide_key, step, cell, wide);
        float *content = cell_of(r->wide_content, step, cell, wide);
        for (int c = 0; c < dim; c++) query[c] = from[c] * scale;
        memcpy(key, cell_of(r->key, step, cell, dim), (size_t)dim * sizeof *key);
        memcpy(content, cell_of(r->content, step, cell, dim), (size_t)dim * sizeof *content);
        waves_at(step, periods, key + dim);
        waves_at(step, periods, content + dim);
        for (int i = 0; i < 2 * periods; i++) query[dim + i] = freqs[i / 2] * freq_scale * key[dim + i];
    }
}

static void join_item(void *context, size_t step, int worker)
{
    (void)worker;
    const rhythm *r = context;
    const int periods = r->a->periods, dim = r->query->channels / r->a->heads, wide = dim + 2 * periods;
    for (int cell = 0; cell < r->query->bins * r->a->heads; cell++) {
        const float *from = cell_of(r->wide, step, cell, wide), *waves = cell_of(r->wide_key, step, cell, wide) + dim;
        float *to = cell_of(r->joined, step, cell, dim + periods);
        memcpy(to, from, (size_t)dim * sizeof *to);
        for (int f = 0; f < periods; f++)
            to[dim + f] = from[dim + 2 * f] * waves[2 * f] + from[dim + 2 * f + 1] * waves[2 * f + 1];
    }
}

static dmx_grid create_like(dmx_exec *exec, const dmx_grid *x, int channels)
{
    return dmx_grid_create(exec, x->steps, x->bins, channels, (dmx_margin){0});
}

/* joined[steps][bins][heads * (head_dim + periods)] */
static void attend_with_periods(dmx_exec *exec, rhythm *r, const dmx_grid *query_decay)
{
    const size_t mark = exec->arena.used;
    const int channels = r->query->channels + 2 * r->a->heads * r->a->periods;
    const dmx_grid query = create_like(exec, r->query, channels), key = create_like(exec, r->query, channels);
    const dmx_grid content = create_like(exec, r->query, channels), result = create_like(exec, r->query, channels);
    r->wide_query = &query;
    r->wide_key = &key;
    r->wide_content = &content;
    r->wide = &result;
    dmx_exec_run(exec, (size_t)query.steps, 0, widen_item, r);
    attend(exec, r->a, &query, &key, &content, query_decay, &result);
    dmx_exec_run(exec, (size_t)query.steps, 0, join_item, r);
    exec->arena.used = mark;
}

/* ---- the layer ---- */

void dmx_local_attention_run(dmx_exec *exec, const dmx_local_attention *a, const dmx_grid *x)
{
    const size_t mark = exec->arena.used;
    const dmx_grid query = run_conv(exec, &a->query, x), key = run_conv(exec, &a->key, x);
    const dmx_grid content = run_conv(exec, &a->content, x), query_decay = run_conv(exec, &a->query_decay, x);
    const dmx_grid result = create_like(exec, x, a->proj.in_channels);
    if (a->periods == 0) {
        attend(exec, a, &query, &key, &content, &query_decay, &result);
    } else {
        const dmx_grid freqs = run_conv(exec, &a->query_freqs, x);
        rhythm r = {.a = a, .query = &query, .key = &key, .content = &content, .query_freqs = &freqs};
        r.joined = &result;
        attend_with_periods(exec, &r, &query_decay);
    }
    dmx_conv_run(exec, &a->proj, &result, &(dmx_epilogue){.residual = x}, x);
    exec->arena.used = mark;
}
