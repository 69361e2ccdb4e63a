/* multi_wrap.c - see multi_wrap.h: the layers of the bands are joined so that layers of equal weights would give
 * what one layer over all frequencies gives.
 *
 * Encoder: bands are cut so that each but the last ends where a kernel ends; the next one starts a stride after that
 * kernel's start. Decoder: each band's transposed convolution reaches `stride` outputs into the next band's, and the
 * two are added there, with the bias once. GELU comes after the joining. */
#include "models/layers/multi_wrap.h"

#include <math.h>

/* Where a band lies: bins [first, first + bins) of the input (margins included for the outer bands of an encoder). */
typedef struct band {
    int first, bins;
} band;

static int ratio_end(const dmx_multi_layer *multi, int k, int bins)
{
    return k == multi->bands - 1 ? bins : (int)rint(bins * multi->ratios[k]); /* Python's round: half to even */
}

/* The bands of an encoder; false when they do not fit. */
static bool encoder_bands(const dmx_multi_layer *multi, int bins, band *bands)
{
    const int kernel = multi->layers[0].options.kernel_size, stride = multi->layers[0].options.stride;
    const int pad = kernel / 4;
    int start = -pad;
    for (int k = 0; k < multi->bands; k++) {
        int end = ratio_end(multi, k, bins);
        if (k == multi->bands - 1)
            end += pad;
        else
            end = start + ((int)rint((double)(end - start - kernel) / stride + 1) - 1) * stride + kernel;
        bands[k] = (band){start, end - start};
        if (end - start < kernel || end > bins + pad) return false;
        start = end - kernel + stride;
    }
    return true;
}

static bool decoder_bands(const dmx_multi_layer *multi, int bins, band *bands)
{
    int start = 0;
    for (int k = 0; k < multi->bands; k++) {
        int end = ratio_end(multi, k, bins);
        bands[k] = (band){start, end - start};
        if (end <= start) return false;
        start = end;
    }
    return true;
}

bool dmx_multi_fits(const dmx_multi_layer *multi, int bins)
{
    band bands[DMX_MAX_BANDS];
    return multi->bands == 1 ||
           (encoder_bands(multi, bins, bands) && decoder_bands(multi, bins / multi->layers[0].options.stride, bands));
}

void dmx_multi_encoder_run(dmx_exec *exec, const dmx_multi_layer *multi, const dmx_grid *x, const dmx_grid *inject,
                           const dmx_grid *y)
{
    if (multi->bands == 1) {
        dmx_encoder_run(exec, &multi->layers[0], x, inject, y);
        return;
    }
    band bands[DMX_MAX_BANDS] = {{0, 0}};
    encoder_bands(multi, x->bins, bands);
    int output = 0;
    for (int k = 0; k < multi->bands; k++) {
        const dmx_level *layer = &multi->layers[k];
        int bins = dmx_conv_output_bins(&layer->conv, bands[k].bins);
        dmx_grid from = dmx_grid_bins(x, bands[k].first, bands[k].bins), to = dmx_grid_bins(y, output, bins);
        dmx_encoder_run(exec, layer, &from, NULL, &to);
        output += bins;
    }
}

void dmx_multi_decoder_run(dmx_exec *exec, const dmx_multi_layer *multi, const dmx_grid *x, const dmx_grid *pre,
                           bool add, const dmx_grid *y)
{
    const dmx_level_options *o = &multi->layers[0].options;
    if (multi->bands == 1) {
        dmx_decoder_run(exec, &multi->layers[0], x, pre, add, y);
        return;
    }
    band bands[DMX_MAX_BANDS] = {{0, 0}};
    decoder_bands(multi, x->bins, bands);
    const size_t mark = exec->arena.used;
    dmx_grid joined =
        dmx_grid_create(exec, x->steps, (x->bins - 1) * o->stride + o->kernel_size, y->channels, (dmx_margin){0});
    for (int k = 0; k < multi->bands; k++) {
        const dmx_level *layer = &multi->layers[k];
        const size_t band_mark = exec->arena.used;
        int bins = dmx_conv_output_bins(&layer->conv, bands[k].bins);
        /* The band's input needs zero margins of its own. */
        dmx_grid view = dmx_grid_bins(x, bands[k].first, bands[k].bins);
        dmx_grid from = dmx_grid_create(exec, x->steps, view.bins, x->channels, dmx_decoder_margin(layer));
        dmx_grid_copy(exec, &view, &from);
        dmx_grid to =
            dmx_grid_create(exec, x->steps, bins, y->channels, dmx_decoder_output_margin(layer, view.bins, bins));
        dmx_decoder_run_bare(exec, layer, &from, &to);
        dmx_grid place = dmx_grid_bins(&joined, bands[k].first * o->stride, bins);
        dmx_grid_join_band(exec, &to, k == 0 ? 0 : o->kernel_size - o->stride, layer->conv.bias, &place);
        exec->arena.used = band_mark;
    }
    dmx_grid kept = dmx_grid_bins(&joined, o->stride / 2, y->bins);
    static const dmx_norm no_norm;
    dmx_norm_activate(exec, &no_norm, DMX_NORM_ALL, o->last ? DMX_ACTIVATION_NONE : DMX_ACTIVATION_GELU, &kept);
    if (add)
        dmx_grid_add(exec, &kept, y);
    else
        dmx_grid_copy(exec, &kept, y);
    exec->arena.used = mark;
}
