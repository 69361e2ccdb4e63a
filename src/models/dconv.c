/* dconv.c - see dconv.h */
#include "models/dconv.h"

#include <stdlib.h>

/* Bins are independent, so they are taken in chunks whose widest activation has about this many floats: it stays in the
 * cache, and memory does not grow with the number of bins. */
enum { CHUNK_FLOATS = 1 << 21 };

void dmx_dconv_load(dmx_weights *w, dmx_dconv *dconv, int channels, const dmx_dconv_options *options,
                    const char *prefix)
{
    dconv->channels = channels;
    dconv->hidden = (int)(channels / options->compress);
    dconv->depth = abs(options->depth);
    for (int d = 0; d < dconv->depth; d++) {
        dmx_dconv_layer *layer = &dconv->layers[d];
        layer->squeeze = dmx_linear(channels, dconv->hidden);
        layer->squeeze.kernel_steps = 3;
        layer->squeeze.dilation = options->depth > 0 ? 1 << d : 1;
        layer->norm1 = (dmx_norm){.channels = dconv->hidden, .groups = 1};
        layer->expand = dmx_linear(dconv->hidden, 2 * channels);
        layer->norm2 = (dmx_norm){.channels = 2 * channels, .groups = 1};
        dmx_weights_conv(w, &layer->squeeze, DMX_AXES_CONV1D, dmx_name_of("%s.layers.%d.0", prefix, d).text);
        dmx_weights_norm(w, &layer->norm1, dmx_name_of("%s.layers.%d.1", prefix, d).text);
        dmx_weights_conv(w, &layer->expand, DMX_AXES_CONV1D, dmx_name_of("%s.layers.%d.3", prefix, d).text);
        dmx_weights_norm(w, &layer->norm2, dmx_name_of("%s.layers.%d.4", prefix, d).text);
        layer->scale = dmx_weights_vector(w, dmx_name_of("%s.layers.%d.6.scale", prefix, d).text, channels);
    }
}

dmx_margin dmx_dconv_margin(const dmx_dconv *dconv)
{
    int dilation = 0;
    for (int d = 0; d < dconv->depth; d++)
        if (dconv->layers[d].squeeze.dilation > dilation) dilation = dconv->layers[d].squeeze.dilation;
    return (dmx_margin){.steps = dilation};
}

static void run_layer(dmx_exec *exec, const dmx_dconv_layer *layer, const dmx_grid *x)
{
    const size_t mark = exec->arena.used;
    dmx_grid hidden = dmx_grid_create(exec, x->steps, x->bins, layer->squeeze.out_channels, (dmx_margin){0});
    dmx_conv_run(exec, &layer->squeeze, x, NULL, &hidden);
    dmx_normalizer norm1 = dmx_norm_prepare(exec, &layer->norm1, DMX_NORM_PER_BIN, &hidden);
    dmx_norm_apply(exec, &norm1, DMX_ACTIVATION_GELU, &hidden);

    dmx_grid doubled = dmx_grid_create(exec, x->steps, x->bins, layer->expand.out_channels, (dmx_margin){0});
    dmx_conv_run(exec, &layer->expand, &hidden, NULL, &doubled);
    dmx_normalizer norm2 = dmx_norm_prepare(exec, &layer->norm2, DMX_NORM_PER_BIN, &doubled);
    dmx_norm_apply_glu(exec, &norm2, layer->scale, &doubled, x, x);
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
        for (int d = 0; d < dconv->depth; d++) run_layer(exec, &dconv->layers[d], &part);
    }
}
