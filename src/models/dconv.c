/* dconv.c - see dconv.h */
#include "models/dconv.h"

#include <stdlib.h>

/* Bins are independent, so they are taken in chunks whose widest activation has about this many floats: it stays in the
 * cache, and memory does not grow with the number of bins. */
enum { CHUNK_FLOATS = 1 << 21 };

/* What the official class gives its BLSTM and LocalState. */
enum { LSTM_LAYERS = 2, LSTM_MAX_STEPS = 200, ATTENTION_HEADS = 4, ATTENTION_DECAYS = 4 };

static int hidden_channels(int channels, const dmx_dconv_options *options)
{
    return (int)(channels / options->compress);
}

const char *dmx_dconv_problem(int channels, const dmx_dconv_options *options)
{
    if (options->depth == 0) return NULL;
    const int hidden = hidden_channels(channels, options);
    if (hidden < 1) return "the model argument dconv_comp leaves no channels inside DConv.";
    if (hidden > 65536) return "the model argument dconv_comp gives too many channels inside DConv.";
    if (options->attn && hidden % ATTENTION_HEADS != 0)
        return "the channels inside DConv should be a multiple of the 4 attention heads.";
    return NULL;
}

static void load_lstm(dmx_weights *w, dmx_dconv_layer *layer, int hidden, const char *prefix)
{
    layer->lstm = dmx_weights_part(w, sizeof *layer->lstm);
    if (layer->lstm == NULL) return;
    *layer->lstm = (dmx_blstm){.max_steps = LSTM_MAX_STEPS, .skip = true};
    dmx_blstm_load(w, layer->lstm, hidden, LSTM_LAYERS, prefix);
}

static void load_attention(dmx_weights *w, dmx_dconv_layer *layer, int hidden, const char *prefix)
{
    layer->attention = dmx_weights_part(w, sizeof *layer->attention);
    if (layer->attention == NULL) return;
    *layer->attention = (dmx_local_attention){.heads = ATTENTION_HEADS, .decays = ATTENTION_DECAYS};
    dmx_local_attention_load(w, layer->attention, hidden, prefix);
}

static void load_layer(dmx_weights *w, dmx_dconv_layer *layer, int channels, const dmx_dconv_options *options,
                       int dilation, const char *prefix)
{
    const int hidden = hidden_channels(channels, options);
    layer->squeeze = dmx_linear(channels, hidden);
    layer->squeeze.kernel_steps = options->kernel > 0 ? options->kernel : 3;
    layer->squeeze.dilation = dilation;
    layer->norm1 = (dmx_norm){.channels = hidden, .groups = options->no_norm ? 0 : 1};
    layer->expand = dmx_linear(hidden, 2 * channels);
    layer->expand.glu = options->no_norm;
    layer->norm2 = (dmx_norm){.channels = 2 * channels, .groups = options->no_norm ? 0 : 1};

    int module = 3; /* its number in the official list, where an activation has one too */
    dmx_weights_conv(w, &layer->squeeze, DMX_AXES_CONV1D, dmx_name_of("%s.0", prefix).text);
    dmx_weights_norm(w, &layer->norm1, dmx_name_of("%s.1", prefix).text);
    if (options->lstm) load_lstm(w, layer, hidden, dmx_name_of("%s.%d", prefix, module++).text);
    if (options->attn) load_attention(w, layer, hidden, dmx_name_of("%s.%d", prefix, module++).text);
    dmx_weights_conv(w, &layer->expand, DMX_AXES_CONV1D, dmx_name_of("%s.%d", prefix, module).text);
    dmx_weights_norm(w, &layer->norm2, dmx_name_of("%s.%d", prefix, module + 1).text);
    layer->scale = dmx_weights_vector(w, dmx_name_of("%s.%d.scale", prefix, module + 3).text, channels);
}

void dmx_dconv_load(dmx_weights *w, dmx_dconv *dconv, int channels, const dmx_dconv_options *options,
                    const char *prefix)
{
    dconv->channels = channels;
    dconv->depth = abs(options->depth);
    dconv->activation = options->relu ? DMX_ACTIVATION_RELU : DMX_ACTIVATION_GELU;
    for (int d = 0; d < dconv->depth; d++)
        load_layer(w, &dconv->layers[d], channels, options, options->depth > 0 ? 1 << d : 1,
                   dmx_name_of("%s.layers.%d", prefix, d).text);
}

dmx_margin dmx_dconv_margin(const dmx_dconv *dconv)
{
    dmx_margin margin = {0};
    for (int d = 0; d < dconv->depth; d++)
        margin = dmx_margin_max(margin, dmx_conv_input_margin(&dconv->layers[d].squeeze));
    return margin;
}

/* hidden = activation(norm1(squeeze(x))) */
static void run_squeeze(dmx_exec *exec, const dmx_dconv_layer *layer, dmx_activation activation, const dmx_grid *x,
                        const dmx_grid *hidden)
{
    const bool normed = layer->norm1.groups > 0;
    const dmx_epilogue epilogue = {.activation = normed ? DMX_ACTIVATION_NONE : activation};
    dmx_conv_run(exec, &layer->squeeze, x, &epilogue, hidden);
    if (!normed) return;
    dmx_normalizer norm1 = dmx_norm_prepare(exec, &layer->norm1, DMX_NORM_PER_BIN, hidden);
    dmx_norm_apply(exec, &norm1, activation, hidden);
}

/* x += scale * glu(norm2(expand(hidden))) */
static void run_expand(dmx_exec *exec, const dmx_dconv_layer *layer, const dmx_grid *hidden, const dmx_grid *x)
{
    if (layer->norm2.groups == 0) {
        const dmx_epilogue epilogue = {.activation = DMX_ACTIVATION_GLU, .scale = layer->scale, .residual = x};
        dmx_conv_run(exec, &layer->expand, hidden, &epilogue, x);
        return;
    }
    dmx_grid doubled = dmx_grid_create(exec, x->steps, x->bins, layer->expand.out_channels, (dmx_margin){0});
    dmx_conv_run(exec, &layer->expand, hidden, NULL, &doubled);
    dmx_normalizer norm2 = dmx_norm_prepare(exec, &layer->norm2, DMX_NORM_PER_BIN, &doubled);
    dmx_norm_apply_glu(exec, &norm2, layer->scale, &doubled, x, x);
}

static void run_layer(dmx_exec *exec, const dmx_dconv_layer *layer, dmx_activation activation, const dmx_grid *x)
{
    const size_t mark = exec->arena.used;
    dmx_grid hidden = dmx_grid_create(exec, x->steps, x->bins, layer->squeeze.out_channels, (dmx_margin){0});
    run_squeeze(exec, layer, activation, x, &hidden);
    if (layer->lstm != NULL) dmx_blstm_run(exec, layer->lstm, &hidden);
    if (layer->attention != NULL) dmx_local_attention_run(exec, layer->attention, &hidden);
    run_expand(exec, layer, &hidden, x);
    exec->arena.used = mark;
}

void dmx_dconv_run(dmx_exec *exec, const dmx_dconv *dconv, const dmx_grid *x)
{
    const size_t bin_floats = (size_t)x->steps * 2 * (size_t)dconv->channels;
    int chunk = (int)(CHUNK_FLOATS / bin_floats);
    if (chunk < 1) chunk = 1;
    for (int first = 0; first < x->bins; first += chunk) {
        int bins = x->bins - first < chunk ? x->bins - first : chunk;
        dmx_grid part = dmx_grid_bins(x, first, bins);
        part.margin.steps = x->margin.steps;
        for (int d = 0; d < dconv->depth; d++) run_layer(exec, &dconv->layers[d], dconv->activation, &part);
    }
}
