/* local_attention.c - see local_attention.h */
#include "models/local_attention.h"

#include "nn/attention.h"

#include <math.h>

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
    load_conv(w, &a->query_decay, channels, a->heads * a->decays, prefix, "query_decay");
    load_conv(w, &a->proj, channels, channels, prefix, "proj");
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

void dmx_local_attention_run(dmx_exec *exec, const dmx_local_attention *a, const dmx_grid *x)
{
    const size_t mark = exec->arena.used;
    const dmx_grid query = run_conv(exec, &a->query, x), key = run_conv(exec, &a->key, x);
    const dmx_grid content = run_conv(exec, &a->content, x), query_decay = run_conv(exec, &a->query_decay, x);
    const dmx_grid result = dmx_grid_create(exec, x->steps, x->bins, x->channels, (dmx_margin){0});
    float *decay = dmx_arena_floats(&exec->arena, (size_t)a->heads * (size_t)x->steps);
    for (int bin = 0; bin < x->bins; bin++) {
        dmx_attention attention = {.heads = a->heads, .head_dim = x->channels / a->heads, .decay = decay};
        attention.queries = attention.keys = (size_t)x->steps;
        attention.q_stride = attention.kv_stride = attention.out_stride = query.step_stride;
        if (!exec->planning) {
            const ptrdiff_t place = (ptrdiff_t)bin * x->channels;
            attention.q = query.data + place;
            attention.k = key.data + place;
            attention.v = content.data + place;
            attention.out = result.data + place;
            gather_decays(a, &query_decay, bin, decay);
        }
        dmx_attention_run(exec, &attention);
    }
    dmx_conv_run(exec, &a->proj, &result, &(dmx_epilogue){.residual = x}, x);
    exec->arena.used = mark;
}
