/* cross_transformer.c - see cross_transformer.h */
#include "models/layers/cross_transformer.h"

#include "models/layers/position_embedding.h"
#include "nn/attention.h"

#include <assert.h>
#include <string.h>

/* ---- loading ---- */

static bool is_self_layer(const dmx_transformer_options *o, int index) { return index % 2 == (o->cross_first ? 1 : 0); }

static void load_norm(dmx_weights *w, dmx_norm *norm, int channels, int groups, const char *prefix, const char *name)
{
    *norm = (dmx_norm){.channels = channels, .groups = groups};
    dmx_weights_norm(w, norm, dmx_name_of("%s.%s", prefix, name).text);
}

static void load_layer(dmx_weights *w, dmx_transformer_layer *layer, const dmx_transformer_options *o, bool self,
                       const char *prefix)
{
    const int dim = o->dim, norm_groups = o->group_norm > 0 ? o->group_norm : 1;
    const char *attention = self ? "self_attn" : "cross_attn";
    const dmx_name in_weight = dmx_name_of("%s.%s.in_proj_weight", prefix, attention);
    const dmx_name in_bias = dmx_name_of("%s.%s.in_proj_bias", prefix, attention);
    layer->q = layer->k = layer->v = layer->out_proj = dmx_linear(dim, dim);
    dmx_weights_linears(w, (dmx_conv *const[]){&layer->q, &layer->k, &layer->v}, 3, in_weight.text, in_bias.text);
    dmx_weights_conv(w, &layer->out_proj, DMX_AXES_LINEAR, dmx_name_of("%s.%s.out_proj", prefix, attention).text);
    layer->linear1 = dmx_linear(dim, o->hidden);
    layer->linear2 = dmx_linear(o->hidden, dim);
    dmx_weights_conv(w, &layer->linear1, DMX_AXES_LINEAR, dmx_name_of("%s.linear1", prefix).text);
    dmx_weights_conv(w, &layer->linear2, DMX_AXES_LINEAR, dmx_name_of("%s.linear2", prefix).text);

    load_norm(w, &layer->norm1, dim, norm_groups, prefix, "norm1");
    load_norm(w, &layer->norm2, dim, norm_groups, prefix, "norm2");
    if (!self) load_norm(w, &layer->norm3, dim, norm_groups, prefix, "norm3");
    if (o->norm_first) load_norm(w, &layer->norm_out, dim, o->norm_out, prefix, "norm_out");
    if (!o->layer_scale) return;
    layer->gamma_1 = dmx_weights_vector(w, dmx_name_of("%s.gamma_1.scale", prefix).text, dim);
    layer->gamma_2 = dmx_weights_vector(w, dmx_name_of("%s.gamma_2.scale", prefix).text, dim);
}

void dmx_transformer_load(dmx_weights *w, dmx_transformer *t, const dmx_transformer_options *options,
                          const char *prefix)
{
    const dmx_transformer_options *o = &t->options;
    t->options = *options;
    const int norm_in_groups = o->norm_in ? 1 : o->norm_in_group;
    if (o->embedding == DMX_EMBEDDING_SCALED)
        t->position_embeddings =
            dmx_weights_tensor(w, dmx_name_of("%s.position_embeddings.embedding.weight", prefix).text, 2,
                               (int64_t[]){o->max_positions, o->dim});
    load_norm(w, &t->norm_in, o->dim, norm_in_groups, prefix, "norm_in");
    load_norm(w, &t->norm_in_t, o->dim, norm_in_groups, prefix, "norm_in_t");
    for (int i = 0; i < o->layers; i++)
        load_layer(w, &t->layers[i], o, is_self_layer(o, i), dmx_name_of("%s.layers.%d", prefix, i).text);
    for (int i = 0; i < o->layers; i++)
        load_layer(w, &t->layers_t[i], o, is_self_layer(o, i), dmx_name_of("%s.layers_t.%d", prefix, i).text);
}

/* ---- one layer ---- */

/* y = norm(x): a layer norm, or a group norm over all tokens. */
static void run_norm(dmx_exec *exec, const dmx_transformer_options *o, const dmx_norm *norm, const dmx_grid *x,
                     const dmx_grid *y)
{
    if (o->group_norm == 0) {
        dmx_layer_norm(exec, norm, x, y);
        return;
    }
    if (x->data != y->data || exec->planning) dmx_grid_copy(exec, x, y);
    dmx_norm_activate(exec, norm, DMX_ACTIVATION_NONE, y);
}

static dmx_grid like(dmx_exec *exec, const dmx_grid *x, int channels)
{
    return dmx_grid_create(exec, x->steps, x->bins, channels, (dmx_margin){0});
}

/* x += gamma_1 * out_proj(attention(queries, keys)) */
static void attention_block(dmx_exec *exec, const dmx_transformer_options *o, const dmx_transformer_layer *layer,
                            const dmx_grid *queries, const dmx_grid *keys, const dmx_grid *x)
{
    const size_t mark = exec->arena.used;
    dmx_grid q = like(exec, queries, o->dim), k = like(exec, keys, o->dim), v = like(exec, keys, o->dim);
    dmx_conv_run(exec, &layer->q, queries, NULL, &q);
    dmx_conv_run(exec, &layer->k, keys, NULL, &k);
    dmx_conv_run(exec, &layer->v, keys, NULL, &v);
    dmx_grid mixed = like(exec, queries, o->dim);
    const dmx_attention attention = {.heads = o->heads,
                                     .head_dim = o->dim / o->heads,
                                     .queries = (size_t)q.steps * (size_t)q.bins,
                                     .keys = (size_t)k.steps * (size_t)k.bins,
                                     .q = q.data,
                                     .k = k.data,
                                     .v = v.data,
                                     .out = mixed.data,
                                     .q_stride = o->dim,
                                     .kv_stride = o->dim,
                                     .out_stride = o->dim};
    dmx_attention_run(exec, &attention);
    dmx_conv_run(exec, &layer->out_proj, &mixed, &(dmx_epilogue){.scale = layer->gamma_1, .residual = x}, x);
    exec->arena.used = mark;
}

/* x += gamma_2 * linear2(activation(linear1(input))) */
static void feed_forward_block(dmx_exec *exec, const dmx_transformer_options *o, const dmx_transformer_layer *layer,
                               const dmx_grid *input, const dmx_grid *x)
{
    const size_t mark = exec->arena.used;
    const dmx_activation activation = o->gelu ? DMX_ACTIVATION_GELU : DMX_ACTIVATION_RELU;
    dmx_grid hidden = like(exec, input, o->hidden);
    dmx_conv_run(exec, &layer->linear1, input, &(dmx_epilogue){.activation = activation}, &hidden);
    dmx_conv_run(exec, &layer->linear2, &hidden, &(dmx_epilogue){.scale = layer->gamma_2, .residual = x}, x);
    exec->arena.used = mark;
}

/* One layer on x, in place; `other` is the other branch's sequence, or NULL in a self-attention layer. */
static void run_layer(dmx_exec *exec, const dmx_transformer_options *o, const dmx_transformer_layer *layer,
                      const dmx_grid *x, const dmx_grid *other)
{
    const size_t mark = exec->arena.used;
    if (o->norm_first) {
        dmx_grid normed = like(exec, x, o->dim), keys = normed;
        run_norm(exec, o, &layer->norm1, x, &normed);
        if (other != NULL) {
            keys = like(exec, other, o->dim);
            run_norm(exec, o, &layer->norm2, other, &keys);
        }
        attention_block(exec, o, layer, &normed, &keys, x);
        run_norm(exec, o, other != NULL ? &layer->norm3 : &layer->norm2, x, &normed);
        feed_forward_block(exec, o, layer, &normed, x);
        dmx_norm_activate(exec, &layer->norm_out, DMX_ACTIVATION_NONE, x);
    } else {
        attention_block(exec, o, layer, x, other != NULL ? other : x, x);
        run_norm(exec, o, &layer->norm1, x, x);
        feed_forward_block(exec, o, layer, x, x);
        run_norm(exec, o, &layer->norm2, x, x);
    }
    exec->arena.used = mark;
}

/* ---- embeddings ---- */

typedef struct embedding_job {
    const dmx_exec *exec;
    const dmx_transformer *transformer;
    const dmx_grid *x;
    const float *table; /* divisors or terms */
    bool time_branch;
} embedding_job;

/* The embedding of one step of either branch into out[bins][dim]. */
static void embed(const embedding_job *job, int step, float *out)
{
    const dmx_transformer_options *o = &job->transformer->options;
    if (!job->time_branch) {
        dmx_embedding_2d(step, job->x->bins, o->dim, job->table, out);
    } else if (o->embedding == DMX_EMBEDDING_SCALED) {
        /* ScaledEmbedding keeps its weights divided by a boost of 3. */
        const float *row = job->transformer->position_embeddings + (ptrdiff_t)step * o->dim;
        for (int c = 0; c < o->dim; c++) out[c] = row[c] * 3;
    } else {
        bool centred = o->embedding == DMX_EMBEDDING_CAPE && o->cape_mean_normalize;
        float mean = centred ? (float)(job->x->steps - 1) / 2 : 0;
        dmx_embedding_1d((float)step - mean, o->dim, job->table, out);
    }
}

static void embedding_item(void *context, size_t step, int worker)
{
    const embedding_job *job = context;
    float *embedding = dmx_exec_scratch(job->exec, worker);
    float *x = job->x->data + (ptrdiff_t)step * job->x->step_stride;
    const float weight = (float)job->transformer->options.weight_pos_embed;
    embed(job, (int)step, embedding);
    for (ptrdiff_t i = 0; i < (ptrdiff_t)job->x->bins * job->x->channels; i++) x[i] += weight * embedding[i];
}

/* x = norm_in(x) + weight_pos_embed * embedding */
static void run_input(dmx_exec *exec, const dmx_transformer *t, const dmx_norm *norm_in, bool time_branch,
                      const dmx_grid *x)
{
    if (t->options.norm_in)
        dmx_layer_norm(exec, norm_in, x, x);
    else
        dmx_norm_activate(exec, norm_in, DMX_ACTIVATION_NONE, x);
    dmx_grid_trace(exec, time_branch ? "crosstransformer.norm_in_t" : "crosstransformer.norm_in", -1, x);

    const size_t mark = exec->arena.used;
    float *table = dmx_arena_floats(&exec->arena, (size_t)t->options.dim / 2);
    if (!exec->planning) {
        if (time_branch)
            dmx_embedding_1d_divisors(t->options.dim, t->options.max_period, table);
        else
            dmx_embedding_2d_terms(t->options.dim, t->options.max_period, table);
    }
    embedding_job job = {.exec = exec, .transformer = t, .x = x, .table = table, .time_branch = time_branch};
    dmx_exec_run(exec, (size_t)x->steps, (size_t)x->bins * (size_t)x->channels, embedding_item, &job);
    exec->arena.used = mark;
}

/* ---- all of it ---- */

void dmx_transformer_run(dmx_exec *exec, const dmx_transformer *t, const dmx_grid *x, const dmx_grid *xt)
{
    const dmx_transformer_options *o = &t->options;
    run_input(exec, t, &t->norm_in, false, x);
    run_input(exec, t, &t->norm_in_t, true, xt);
    for (int i = 0; i < o->layers; i++) {
        if (is_self_layer(o, i)) {
            run_layer(exec, o, &t->layers[i], x, NULL);
            dmx_grid_trace(exec, "crosstransformer.layers", i, x);
            run_layer(exec, o, &t->layers_t[i], xt, NULL);
        } else {
            const size_t mark = exec->arena.used;
            dmx_grid old_x = like(exec, x, o->dim); /* the time branch attends to x as it was */
            dmx_grid_copy(exec, x, &old_x);
            run_layer(exec, o, &t->layers[i], x, xt);
            dmx_grid_trace(exec, "crosstransformer.layers", i, x);
            run_layer(exec, o, &t->layers_t[i], xt, &old_x);
            exec->arena.used = mark;
        }
        dmx_grid_trace(exec, "crosstransformer.layers_t", i, xt);
    }
}
