/* dconv.c - see dconv.h */
#include "models/layers/dconv.h"

#include "nn/apart.h"

#include <stdlib.h>

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
    layer->expand.linear = dmx_linear(hidden, 2 * channels);
    layer->expand.linear.glu = true;

    int module = 3; /* its number in the official list, where an activation has one too */
    dmx_weights_conv(w, &layer->squeeze, DMX_AXES_CONV1D, dmx_name_of("%s.0", prefix).text);
    dmx_weights_norm(w, &layer->norm1, dmx_name_of("%s.1", prefix).text);
    if (options->lstm) load_lstm(w, layer, hidden, dmx_name_of("%s.%d", prefix, module++).text);
    if (options->attn) load_attention(w, layer, hidden, dmx_name_of("%s.%d", prefix, module++).text);
    const dmx_name expand = dmx_name_of("%s.%d", prefix, module), norm2 = dmx_name_of("%s.%d", prefix, module + 1);
    if (options->no_norm)
        dmx_weights_conv(w, &layer->expand.linear, DMX_AXES_CONV1D, expand.text);
    else
        dmx_weights_normed_linear(w, &layer->expand, expand.text, norm2.text);
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
    if (normed) dmx_norm_activate(exec, &layer->norm1, DMX_NORM_PER_BIN, activation, hidden);
}

/* x += scale * glu(norm2(expand(hidden))) */
static void run_expand(dmx_exec *exec, const dmx_dconv_layer *layer, const dmx_grid *hidden, const dmx_grid *x)
{
    const dmx_epilogue epilogue = {.activation = DMX_ACTIVATION_GLU, .scale = layer->scale, .residual = x};
    if (layer->norm1.groups > 0)
        dmx_normed_linear_run(exec, &layer->expand, hidden, &epilogue, x);
    else
        dmx_conv_run(exec, &layer->expand.linear, hidden, &epilogue, x);
}

static void run_layers(dmx_exec *exec, const dmx_dconv *dconv, const dmx_grid *x)
{
    for (const dmx_dconv_layer *layer = dconv->layers; layer < dconv->layers + dconv->depth; layer++) {
        const size_t mark = exec->arena.used;
        dmx_grid hidden = dmx_grid_create(exec, x->steps, x->bins, layer->squeeze.out_channels, (dmx_margin){0});
        run_squeeze(exec, layer, dconv->activation, x, &hidden);
        if (layer->lstm != NULL) dmx_blstm_run(exec, layer->lstm, &hidden);
        if (layer->attention != NULL) dmx_local_attention_run(exec, layer->attention, &hidden);
        run_expand(exec, layer, &hidden, x);
        exec->arena.used = mark;
    }
}

typedef struct bins_job {
    const dmx_dconv *dconv;
    const dmx_grid *x;
} bins_job;

static void run_bins(dmx_exec *own, const void *context, const dmx_bins *bins)
{
    const bins_job *job = context;
    const size_t mark = own->arena.used;
    const dmx_grid here = dmx_bins_fetch(own, bins, job->x, dmx_dconv_margin(job->dconv));
    run_layers(own, job->dconv, &here);
    dmx_bins_store(own, bins, &here, job->x);
    own->arena.used = mark;
}

bool dmx_dconv_is_plain(const dmx_dconv *dconv)
{
    for (int d = 0; d < dconv->depth; d++)
        if (dconv->layers[d].lstm != NULL || dconv->layers[d].attention != NULL) return false;
    return true;
}

/* An LSTM and attention want to see all bins at once, to fill the machine. */
void dmx_dconv_run(dmx_exec *exec, const dmx_dconv *dconv, const dmx_grid *x)
{
    if (dmx_dconv_is_plain(dconv))
        dmx_bins_run_apart(exec, x->bins, 1, run_bins, &(bins_job){.dconv = dconv, .x = x});
    else
        run_layers(exec, dconv, x);
}
