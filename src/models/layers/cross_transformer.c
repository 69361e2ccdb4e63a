/* cross_transformer.c - see cross_transformer.h */
#include "models/layers/cross_transformer.h"

#include "nn/attention.h"
#include "nn/positions.h"

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
        t->position_embeddings = dmx_weights_table(
            w, dmx_name_of("%s.position_embeddings.embedding.weight", prefix).text, o->max_positions, o->dim);
    load_norm(w, &t->norm_in, o->dim, norm_in_groups, prefix, "norm_in");
    load_norm(w, &t->norm_in_t, o->dim, norm_in_groups, prefix, "norm_in_t");
    for (int i = 0; i < o->layers; i++)
        load_layer(w, &t->layers[i], o, is_self_layer(o, i), dmx_name_of("%s.layers.%d", prefix, i).text);
    for (int i = 0; i < o->layers; i++)
        load_layer(w, &t->layers_t[i], o, is_self_layer(o, i), dmx_name_of("%s.layers_t.%d", prefix, i).text);
}

/* ---- one layer ---- */

/* y = norm(x): a layer norm, or a group norm over all tokens. In place when y is x. */
static void run_norm(dmx_exec *exec, const dmx_transformer_options *o, const dmx_norm *norm, const dmx_grid *x,
                     const dmx_grid *y)
{
    if (o->group_norm == 0) {
        dmx_layer_norm(exec, norm, x, y);
        return;
    }
    if (x != y) dmx_grid_copy(exec, x, y);
    dmx_norm_activate(exec, norm, DMX_NORM_ALL, DMX_ACTIVATION_NONE, y);
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
    dmx_attention_run(exec, o->heads, &q, &k, &v, &mixed);
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
        dmx_norm_activate(exec, &layer->norm_out, DMX_NORM_ALL, DMX_ACTIVATION_NONE, x);
    } else {
        attention_block(exec, o, layer, x, other != NULL ? other : x, x);
        run_norm(exec, o, &layer->norm1, x, x);
        feed_forward_block(exec, o, layer, x, x);
        run_norm(exec, o, &layer->norm2, x, x);
    }
    exec->arena.used = mark;
}

/* ---- input ---- */

static dmx_positions positions_of(const dmx_transformer *t, bool time_branch)
{
    const dmx_transformer_options *o = &t->options;
    dmx_positions positions = {.dim = o->dim, .max_period = o->max_period, .weight = (float)o->weight_pos_embed};
    if (!time_branch) {
        positions.kind = DMX_POSITIONS_SIN_2D;
    } else if (o->embedding == DMX_EMBEDDING_SCALED) {
        positions.kind = DMX_POSITIONS_TABLE;
        positions.table = t->position_embeddings;
    } else {
        positions.kind = DMX_POSITIONS_SIN;
        positions.centred = o->embedding == DMX_EMBEDDING_CAPE && o->cape_mean_normalize;
    }
    return positions;
}

/* x = norm_in(x) + weight_pos_embed * embedding */
static void run_input(dmx_exec *exec, const dmx_transformer *t, const dmx_norm *norm_in, bool time_branch,
                      const dmx_grid *x)
{
    if (t->options.norm_in)
        dmx_layer_norm(exec, norm_in, x, x);
    else
        dmx_norm_activate(exec, norm_in, DMX_NORM_ALL, DMX_ACTIVATION_NONE, x);
    dmx_grid_trace(exec, time_branch ? "crosstransformer.norm_in_t" : "crosstransformer.norm_in", -1, x);
    const dmx_positions positions = positions_of(t, time_branch);
    dmx_positions_add(exec, &positions, x);
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
