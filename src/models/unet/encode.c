/* encode.c - the levels down; see pass.h */
#include "models/unet/pass.h"

/* ---- margins: what the layers around a saved activation need to find beside it ---- */

dmx_margin dmx_unet_strided_margin(const dmx_conv *conv, int length, int outputs)
{
    dmx_margin margin = dmx_conv_input_margin(conv);
    int after = (outputs - 1) * conv->stride + conv->kernel_bins - conv->padding - length;
    if (after > margin.bins_after) margin.bins_after = after;
    return margin;
}

dmx_margin dmx_unet_encoder_margin(const dmx_unet_pass *p, int i)
{
    const dmx_multi_layer *encoder = &p->unet->encoder[i];
    const dmx_level *layer = &encoder->layers[0];
    const int *sizes = layer->options.freq ? p->shapes.bins : p->shapes.steps;
    if (encoder->bands == 1) return dmx_unet_strided_margin(&layer->conv, sizes[i], sizes[i + 1]);
    const int pad = layer->options.kernel_size / 4;
    return (dmx_margin){.bins_before = pad, .bins_after = pad};
}

/* Of the output of level i in the spectrogram branch. */
static dmx_margin saved_margin(const dmx_unet_pass *p, int i)
{
    const dmx_unet *m = p->unet;
    const bool freq = dmx_unet_is_freq(m, i);
    dmx_margin margin = dmx_decoder_margin(&m->decoder[i].layers[0]);
    if (i + 1 == m->config.depth || dmx_unet_is_freq(m, i + 1) != freq) return margin;
    const int *sizes = freq ? p->shapes.bins : p->shapes.steps;
    margin = dmx_margin_max(margin, dmx_unet_encoder_margin(p, i + 1));
    return dmx_margin_max(margin, dmx_decoder_output_margin(&m->decoder[i + 1].layers[0], sizes[i + 2], sizes[i + 1]));
}

static dmx_margin saved_t_margin(const dmx_unet_pass *p, int i)
{
    const dmx_unet *m = p->unet;
    dmx_margin margin = dmx_decoder_margin(&m->tdecoder[i]);
    if (i + 1 == m->time_depth) return margin;
    const int length = p->shapes.frames[i + 1], next = p->shapes.frames[i + 2];
    margin = dmx_margin_max(margin, dmx_unet_strided_margin(&m->tencoder[i + 1].conv, length, next));
    return dmx_margin_max(margin, dmx_decoder_output_margin(&m->tdecoder[i + 1], next, length));
}

/* ---- levels ---- */

static void encode_time(dmx_unet_pass *p, int i, dmx_grid *inject)
{
    const dmx_level *layer = &p->unet->tencoder[i];
    const dmx_grid *input = i == 0 ? &p->xt : &p->saved_t[i - 1];
    dmx_grid *output = layer->options.empty ? inject : &p->saved_t[i];
    const dmx_margin margin = layer->options.empty ? (dmx_margin){0} : saved_t_margin(p, i);
    *output = dmx_grid_create(p->exec, 1, p->shapes.frames[i + 1], layer->options.out_channels, margin);
    dmx_encoder_run(p->exec, layer, input, NULL, output);
    dmx_grid_trace(p->exec, "tencoder", i, output);
}

/* Levels beyond the last frequency see the steps as a row; the first of them has to copy it out of the grid. */
static void encode_steps(dmx_unet_pass *p, int i, const dmx_grid *input)
{
    const dmx_level *layer = &p->unet->encoder[i].layers[0];
    p->saved[i] = dmx_grid_create(p->exec, 1, p->shapes.steps[i + 1], layer->options.out_channels, saved_margin(p, i));
    dmx_grid row = *input;
    const size_t mark = p->exec->arena.used;
    if (dmx_unet_is_freq(p->unet, i - 1)) {
        row = dmx_grid_create(p->exec, 1, p->shapes.steps[i], input->channels, dmx_unet_encoder_margin(p, i));
        dmx_grid steps = dmx_grid_as_sequence(&row);
        dmx_grid_copy(p->exec, input, &steps);
    }
    dmx_encoder_run(p->exec, layer, &row, NULL, &p->saved[i]);
    p->exec->arena.used = mark;
}

/* A level of frequencies, the time branch's first: what that hands over where it ends is injected. */
static void encode_freq(dmx_unet_pass *p, int i, const dmx_grid *input)
{
    const dmx_unet *m = p->unet;
    const dmx_multi_layer *layer = &m->encoder[i];
    p->saved[i] = dmx_grid_create(p->exec, p->shapes.steps[i + 1], p->shapes.bins[i + 1],
                                  layer->layers[0].options.out_channels, saved_margin(p, i));
    const size_t mark = p->exec->arena.used;
    dmx_grid inject = {0};
    if (m->config.hybrid) encode_time(p, i, &inject);
    if (dmx_unet_merges(m, i)) {
        dmx_grid steps = dmx_grid_as_sequence(&inject);
        dmx_multi_encoder_run(p->exec, layer, input, &steps, &p->saved[i]);
        p->saved_t[i] = inject; /* a transformer that follows at once attends to it */
        if (i + 1 < m->config.depth) p->exec->arena.used = mark;
    } else {
        dmx_multi_encoder_run(p->exec, layer, input, NULL, &p->saved[i]);
    }
}

void dmx_unet_encode(dmx_unet_pass *p)
{
    const dmx_unet *m = p->unet;
    for (int i = 0; i < m->config.depth; i++) {
        const dmx_grid *input = i == 0 ? &p->x : &p->saved[i - 1];
        if (dmx_unet_is_freq(m, i))
            encode_freq(p, i, input);
        else
            encode_steps(p, i, input);
        dmx_grid_trace(p->exec, "encoder", i, &p->saved[i]);
        if (i == 0 && m->freq_embedding != NULL) dmx_grid_add_row(p->exec, m->freq_embedding, &p->saved[0]);
        p->kept[i] = p->exec->arena.used;
    }
}
