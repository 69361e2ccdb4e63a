/* level_load.c - size the parts of a level by its options and load their weights; see level.h */
#include "models/layers/level.h"

int dmx_grow(int channels, double growth)
{
    const double grown = growth * channels;
    return grown < 1e6 ? (int)grown : 1000000;
}

static bool has_rewrite(const dmx_level_options *o) { return o->rewrite && !o->empty; }

/* The rewrite keeps the size: kernel 1 + 2 * context, square on frequencies, along the frames in the time branch. */
static dmx_conv rewrite_conv(const dmx_level_options *o, int channels)
{
    dmx_conv conv = dmx_linear(channels, o->no_glu ? channels : 2 * channels);
    const int kernel = 1 + 2 * o->context;
    if (o->context_freq || !o->freq) {
        conv.kernel_bins = kernel;
        conv.padding = o->context;
    }
    if (o->freq) conv.kernel_steps = kernel;
    conv.glu = o->norm_groups == 0 && !o->no_glu; /* with a norm in between the GLU cannot be part of the GEMM */
    return conv;
}

static dmx_conv strided_conv(const dmx_level_options *o, bool transposed)
{
    dmx_conv conv = dmx_linear(o->in_channels, o->out_channels);
    conv.kernel_bins = o->kernel_size;
    conv.stride = o->stride;
    conv.padding = o->pad ? o->kernel_size / 4 : 0;
    conv.transposed = transposed;
    return conv;
}

/* The tensors of a layer whose parts have their sizes. */
static void load_parts(dmx_weights *w, dmx_level *layer, int dconv_channels, const dmx_level_names *names)
{
    const dmx_level_options *o = &layer->options;
    const dmx_axes axes = o->freq ? DMX_AXES_CONV2D : DMX_AXES_CONV1D;
    for (int i = 0; i < DMX_LEVEL_PARTS; i++) {
        const char *name = names->parts[i].name.text;
        switch (names->parts[i].part) {
        case DMX_PART_CONV: dmx_weights_conv(w, &layer->conv, axes, name); break;
        case DMX_PART_NORM1: dmx_weights_norm(w, &layer->norm1, name); break;
        case DMX_PART_REWRITE:
            if (has_rewrite(o)) dmx_weights_conv(w, &layer->rewrite, axes, name);
            break;
        case DMX_PART_NORM2: dmx_weights_norm(w, &layer->norm2, name); break;
        case DMX_PART_DCONV:
            if (!o->empty) dmx_dconv_load(w, &layer->dconv, dconv_channels, &o->dconv, name);
            break;
        case DMX_LEVEL_PARTS: break;
        }
    }
}

/* The norm after a part; without the part there is no norm either. */
static dmx_norm norm_of(const dmx_level_options *o, bool there, int channels)
{
    return (dmx_norm){.channels = channels, .groups = there ? o->norm_groups : 0};
}

void dmx_encoder_load(dmx_weights *w, dmx_level *layer, const dmx_level_options *options, const dmx_level_names *names)
{
    const dmx_level_options o = *options; /* it may lie in the layer */
    *layer = (dmx_level){.options = o, .conv = strided_conv(&o, false)};
    layer->norm1 = norm_of(&o, !o.empty, o.out_channels);
    if (has_rewrite(&o)) layer->rewrite = rewrite_conv(&o, o.out_channels);
    layer->norm2 = norm_of(&o, has_rewrite(&o), layer->rewrite.out_channels);
    load_parts(w, layer, o.out_channels, names);
}

void dmx_decoder_load(dmx_weights *w, dmx_level *layer, const dmx_level_options *options, const dmx_level_names *names)
{
    const dmx_level_options o = *options; /* it may lie in the layer */
    *layer = (dmx_level){.options = o, .conv = strided_conv(&o, true)};
    if (has_rewrite(&o)) layer->rewrite = rewrite_conv(&o, o.in_channels);
    layer->norm1 = norm_of(&o, has_rewrite(&o), layer->rewrite.out_channels);
    layer->norm2 = norm_of(&o, !o.no_norm2, o.out_channels);
    load_parts(w, layer, o.in_channels, names);
}
