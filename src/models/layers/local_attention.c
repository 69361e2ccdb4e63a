/* local_attention.c - see local_attention.h */
#include "models/layers/local_attention.h"

#include "nn/attention.h"

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

static dmx_grid run_conv(dmx_exec *exec, const dmx_conv *conv, const dmx_grid *x)
{
    dmx_grid y = dmx_grid_create(exec, x->steps, x->bins, conv->out_channels, (dmx_margin){0});
    dmx_conv_run(exec, conv, x, NULL, &y);
    return y;
}

static dmx_grid create_like(dmx_exec *exec, const dmx_grid *x, int channels)
{
    return dmx_grid_create(exec, x->steps, x->bins, channels, (dmx_margin){0});
}

/* joined[steps][bins][heads * (head_dim + periods)] */
static void attend_with_periods(dmx_exec *exec, const dmx_local_attention *a, dmx_periods *p,
                                const dmx_grid *query_decay, const dmx_grid *joined)
{
    const size_t mark = exec->arena.used;
    const int channels = p->q.channels + 2 * a->heads * a->periods;
    p->wide_q = create_like(exec, &p->q, channels);
    p->wide_k = create_like(exec, &p->q, channels);
    p->wide_v = create_like(exec, &p->q, channels);
    const dmx_grid wide = create_like(exec, &p->q, channels);
    dmx_periods_widen(exec, p);
    dmx_attention_run_local(exec, a->heads, a->decays, &p->wide_q, &p->wide_k, &p->wide_v, query_decay, &wide);
    dmx_periods_join(exec, p, &wide, joined);
    exec->arena.used = mark;
}

void dmx_local_attention_run(dmx_exec *exec, const dmx_local_attention *a, const dmx_grid *x)
{
    const size_t mark = exec->arena.used;
    const dmx_grid query = run_conv(exec, &a->query, x), key = run_conv(exec, &a->key, x);
    const dmx_grid content = run_conv(exec, &a->content, x), query_decay = run_conv(exec, &a->query_decay, x);
    const dmx_grid result = create_like(exec, x, a->proj.in_channels);
    if (a->periods == 0) {
        dmx_attention_run_local(exec, a->heads, a->decays, &query, &key, &content, &query_decay, &result);
    } else {
        dmx_periods periods = {.heads = a->heads, .periods = a->periods, .q = query, .k = key, .v = content};
        periods.freqs = run_conv(exec, &a->query_freqs, x);
        attend_with_periods(exec, a, &periods, &query_decay, &result);
    }
    dmx_conv_run(exec, &a->proj, &result, &(dmx_epilogue){.residual = x}, x);
    exec->arena.used = mark;
}
