/* level.c - see level.h */
#include "models/layers/level.h"

#include "nn/apart.h"

/* ---- parts that both use ---- */

/* From so many bins on a layer runs on bins apart: fewer would be too few pieces of work for many threads. The rule
 * must not depend on who runs it, or that would change the last bit of a norm's sums. */
enum { MANY_BINS = 32 };

/* Whether the bins of the output can go through a layer on their own: nothing on the way may look at all bins, as a
 * norm does, or want the machine for itself, as an LSTM does. */
static bool bins_are_apart(const dmx_level *layer, const dmx_norm *norm, int bins)
{
    return layer->options.freq && norm->groups == 0 && bins >= MANY_BINS && dmx_dconv_is_plain(&layer->dconv);
}

static dmx_activation activation_of(const dmx_level *layer)
{
    return layer->options.relu ? DMX_ACTIVATION_RELU : DMX_ACTIVATION_GELU;
}

/* DConv looks along time: the steps of the frequency branch, the frames of the time branch. */
static void run_dconv(dmx_exec *exec, const dmx_level *layer, const dmx_grid *x)
{
    if (layer->dconv.depth == 0) return;
    dmx_grid view = layer->options.freq ? *x : dmx_grid_as_sequence(x);
    dmx_dconv_run(exec, &layer->dconv, &view);
}

static dmx_margin dconv_margin(const dmx_level *layer)
{
    dmx_margin margin = dmx_dconv_margin(&layer->dconv);
    return layer->options.freq ? margin : (dmx_margin){.bins_before = margin.steps, .bins_after = margin.steps};
}

/* y = glu(norm(rewrite(x))) */
static void run_rewrite(dmx_exec *exec, const dmx_level *layer, const dmx_norm *norm, const dmx_grid *x,
                        const dmx_grid *y)
{
    const dmx_activation activation = layer->options.no_glu ? DMX_ACTIVATION_RELU : DMX_ACTIVATION_GLU;
    if (norm->groups == 0) {
        dmx_conv_run(exec, &layer->rewrite, x, &(dmx_epilogue){.activation = activation}, y);
        return;
    }
    if (layer->options.no_glu) {
        dmx_conv_run(exec, &layer->rewrite, x, NULL, y);
        dmx_norm_activate(exec, norm, DMX_NORM_ALL, activation, y);
        return;
    }
    const size_t mark = exec->arena.used;
    dmx_grid doubled = dmx_grid_create(exec, y->steps, y->bins, 2 * y->channels, (dmx_margin){0});
    dmx_conv_run(exec, &layer->rewrite, x, NULL, &doubled);
    dmx_norm_glu(exec, norm, &doubled, y);
    exec->arena.used = mark;
}

/* ---- encoder ---- */

dmx_margin dmx_encoder_margin(const dmx_level *layer) { return dmx_conv_input_margin(&layer->conv); }

/* y = gelu(norm1(conv(x) + inject)) */
static void run_encoder_conv(dmx_exec *exec, const dmx_level *layer, const dmx_grid *x, const dmx_grid *inject,
                             const dmx_grid *y)
{
    const bool plain = inject == NULL && layer->norm1.groups == 0;
    const dmx_activation activation = activation_of(layer);
    const dmx_epilogue epilogue = {.activation = plain ? activation : DMX_ACTIVATION_NONE, .residual = inject};
    dmx_conv_run(exec, &layer->conv, x, &epilogue, y);
    if (!plain) dmx_norm_activate(exec, &layer->norm1, DMX_NORM_ALL, activation, y);
}

static void encode(dmx_exec *exec, const dmx_level *layer, const dmx_grid *x, const dmx_grid *inject, const dmx_grid *z)
{
    const size_t mark = exec->arena.used;
    dmx_margin margin = dconv_margin(layer);
    if (layer->options.rewrite) margin = dmx_margin_max(margin, dmx_conv_input_margin(&layer->rewrite));
    dmx_grid y = dmx_grid_create(exec, z->steps, z->bins, z->channels, margin);
    run_encoder_conv(exec, layer, x, inject, &y);
    run_dconv(exec, layer, &y);
    if (layer->options.rewrite)
        run_rewrite(exec, layer, &layer->norm2, &y, z);
    else
        dmx_grid_copy(exec, &y, z);
    exec->arena.used = mark;
}

typedef struct encode_job {
    const dmx_level *layer;
    const dmx_grid *x, *inject, *z;
} encode_job;

static void encode_bins(dmx_exec *own, const void *context, const dmx_bins *bins)
{
    const encode_job *job = context;
    const int stride = job->layer->options.stride;
    const dmx_grid x = dmx_grid_bins(job->x, bins->first * stride, bins->bins * stride);
    const dmx_grid z = dmx_grid_bins(job->z, bins->first, bins->bins);
    dmx_grid inject = {0};
    if (job->inject != NULL) inject = dmx_grid_bins(job->inject, bins->first, bins->bins);
    encode(own, job->layer, &x, job->inject != NULL ? &inject : NULL, &z);
}

void dmx_encoder_run(dmx_exec *exec, const dmx_level *layer, const dmx_grid *x, const dmx_grid *inject,
                     const dmx_grid *z)
{
    encode_job job = {.layer = layer, .x = x, .inject = inject, .z = z};
    if (layer->options.empty)
        dmx_conv_run(exec, &layer->conv, x, NULL, z);
    else if (bins_are_apart(layer, &layer->norm1, z->bins) && layer->norm2.groups == 0 && layer->options.context == 0)
        dmx_bins_run_apart(exec, z->bins, 1, encode_bins, &job);
    else
        encode(exec, layer, x, inject, z);
}

/* ---- decoder ---- */

dmx_margin dmx_decoder_margin(const dmx_level *layer)
{
    if (layer->options.empty) return dmx_conv_input_margin(&layer->conv);
    return layer->options.rewrite ? dmx_conv_input_margin(&layer->rewrite) : (dmx_margin){0};
}

dmx_margin dmx_decoder_output_margin(const dmx_level *layer, int bins, int output_bins)
{
    return dmx_conv_output_margin(&layer->conv, bins, output_bins);
}

/* z (+)= activation(norm2(conv_tr(y))), trimmed. With a norm the whole length counts for the statistics, so it is
 * computed apart. */
static void run_decoder_conv(dmx_exec *exec, const dmx_level *layer, const dmx_grid *y, dmx_activation activation,
                             bool add, const dmx_grid *z)
{
    if (layer->norm2.groups == 0) {
        dmx_conv_run(exec, &layer->conv, y, &(dmx_epilogue){.activation = activation, .residual = add ? z : NULL}, z);
        return;
    }
    const size_t mark = exec->arena.used;
    const int full_bins = dmx_conv_output_bins(&layer->conv, y->bins), padding = layer->conv.padding;
    const dmx_margin margin = dmx_conv_output_margin(&layer->conv, y->bins, full_bins - padding);
    dmx_grid trimmed = dmx_grid_create(exec, z->steps, full_bins - padding, z->channels, margin);
    dmx_conv_run(exec, &layer->conv, y, NULL, &trimmed);
    dmx_grid full = dmx_grid_bins(&trimmed, -padding, full_bins);
    dmx_norm_activate(exec, &layer->norm2, DMX_NORM_ALL, activation, &full);
    dmx_grid kept = dmx_grid_bins(&trimmed, 0, z->bins);
    if (add)
        dmx_grid_add(exec, &kept, z);
    else
        dmx_grid_copy(exec, &kept, z);
    exec->arena.used = mark;
}

/* y = dconv(glu(norm1(rewrite(x)))) */
static void run_decoder_inside(dmx_exec *exec, const dmx_level *layer, const dmx_grid *x, const dmx_grid *y)
{
    if (layer->options.rewrite)
        run_rewrite(exec, layer, &layer->norm1, x, y);
    else
        dmx_grid_copy(exec, x, y);
    run_dconv(exec, layer, y);
}

typedef struct decode_job {
    const dmx_level *layer;
    const dmx_grid *x, *y;
} decode_job;

static void decode_bins(dmx_exec *own, const void *context, const dmx_bins *bins)
{
    const decode_job *job = context;
    const size_t mark = own->arena.used;
    const dmx_grid x = dmx_grid_bins(job->x, bins->first, bins->bins);
    const dmx_grid y = dmx_bins_create(own, bins, job->y, dconv_margin(job->layer));
    run_decoder_inside(own, job->layer, &x, &y);
    dmx_bins_store(own, bins, &y, job->y);
    own->arena.used = mark;
}

/* Two bins at a time, which is what Winograd's convolution computes together. */
enum { DECODE_BINS = 2 };

static void decode(dmx_exec *exec, const dmx_level *layer, const dmx_grid *x, const dmx_grid *pre,
                   dmx_activation activation, bool add, const dmx_grid *z)
{
    if (layer->options.empty) {
        run_decoder_conv(exec, layer, x, activation, add, z);
        return;
    }
    const size_t mark = exec->arena.used;
    const dmx_margin margin = dmx_margin_max(dconv_margin(layer), dmx_conv_input_margin(&layer->conv));
    dmx_grid y = dmx_grid_create(exec, x->steps, x->bins, x->channels, margin);
    if (bins_are_apart(layer, &layer->norm1, x->bins))
        dmx_bins_run_apart(exec, x->bins, DECODE_BINS, decode_bins, &(decode_job){.layer = layer, .x = x, .y = &y});
    else
        run_decoder_inside(exec, layer, x, &y);
    if (pre != NULL) dmx_grid_copy(exec, &y, pre);
    run_decoder_conv(exec, layer, &y, activation, add, z);
    exec->arena.used = mark;
}

void dmx_decoder_run(dmx_exec *exec, const dmx_level *layer, const dmx_grid *x, const dmx_grid *pre, bool add,
                     const dmx_grid *z)
{
    decode(exec, layer, x, pre, layer->options.last ? DMX_ACTIVATION_NONE : activation_of(layer), add, z);
}

void dmx_decoder_run_bare(dmx_exec *exec, const dmx_level *layer, const dmx_grid *x, const dmx_grid *z)
{
    decode(exec, layer, x, NULL, DMX_ACTIVATION_NONE, false, z);
}
