/* decode.c - the levels up; see pass.h */
#include "models/unet/pass.h"

static void create_outputs(dmx_unet_pass *p)
{
    const dmx_unet *m = p->unet;
    const int planes = m->network.source_count * m->network.channels;
    dmx_margin margin = {0};
    if (m->decoder[0].bands == 1)
        margin = dmx_decoder_output_margin(&m->decoder[0].layers[0], p->shapes.bins[1], p->shapes.bins[0]);
    const int channels = m->config.cac ? 2 * planes : planes;
    p->out = dmx_grid_create(p->exec, p->shapes.steps[0], p->shapes.bins[0], channels, margin);
    if (!m->config.hybrid) return;
    margin = dmx_decoder_output_margin(&m->tdecoder[0], p->shapes.frames[1], p->shapes.frames[0]);
    p->out_t = dmx_grid_create(p->exec, 1, p->shapes.frames[0], planes, margin);
}

/* Where level i of the decoder writes: the skip connection above it, or the output. */
static const dmx_grid *decoder_target(const dmx_unet_pass *p, int i) { return i == 0 ? &p->out : &p->saved[i - 1]; }

/* A level beyond the frequencies: when the one above has frequencies its layout differs, so the result passes through a
 * row of its own. */
static void decode_steps(dmx_unet_pass *p, int i)
{
    const dmx_level *layer = &p->unet->decoder[i].layers[0];
    const dmx_grid *target = decoder_target(p, i);
    const int place = p->unet->config.depth - 1 - i;
    if (!dmx_unet_is_freq(p->unet, i - 1)) {
        dmx_decoder_run(p->exec, layer, &p->saved[i], NULL, true, target);
        dmx_grid_clear_margins(p->exec, target);
        dmx_grid_trace(p->exec, "decoder", place, target);
        return;
    }
    const size_t mark = p->exec->arena.used;
    const dmx_margin margin = dmx_decoder_output_margin(layer, p->shapes.steps[i + 1], p->shapes.steps[i]);
    dmx_grid row = dmx_grid_create(p->exec, 1, p->shapes.steps[i], target->channels, margin);
    dmx_decoder_run(p->exec, layer, &p->saved[i], NULL, false, &row);
    dmx_grid steps = dmx_grid_as_sequence(&row);
    dmx_grid_add(p->exec, &steps, target);
    dmx_grid_trace(p->exec, "decoder", place, target);
    p->exec->arena.used = mark;
}

/* `pre` is what goes into the frequency branch's last transposed convolution where the branches part. */
static void decode_time(dmx_unet_pass *p, int i, const dmx_grid *pre)
{
    const dmx_level *layer = &p->unet->tdecoder[i];
    const dmx_grid *target = i == 0 ? &p->out_t : &p->saved_t[i - 1];
    dmx_decoder_run(p->exec, layer, pre != NULL ? pre : &p->saved_t[i], NULL, i > 0, target);
    dmx_grid_clear_margins(p->exec, target);
    dmx_grid_trace(p->exec, "tdecoder", p->unet->time_depth - 1 - i, target);
}

/* A level of frequencies, and the time branch's after it. */
static void decode_freq(dmx_unet_pass *p, int i)
{
    const dmx_unet *m = p->unet;
    const dmx_grid *target = decoder_target(p, i);
    const size_t mark = p->exec->arena.used;
    dmx_grid row = {0}, pre = {0};
    const bool parts = dmx_unet_merges(m, i);
    if (parts) {
        row = dmx_grid_create(p->exec, 1, p->shapes.steps[i + 1], p->saved[i].channels,
                              dmx_decoder_margin(&m->tdecoder[i]));
        pre = dmx_grid_as_sequence(&row);
    }
    dmx_multi_decoder_run(p->exec, &m->decoder[i], &p->saved[i], parts ? &pre : NULL, i > 0, target);
    dmx_grid_clear_margins(p->exec, target);
    dmx_grid_trace(p->exec, "decoder", m->config.depth - 1 - i, target);
    if (m->config.hybrid) decode_time(p, i, parts ? &row : NULL);
    p->exec->arena.used = mark;
}

void dmx_unet_decode(dmx_unet_pass *p)
{
    const int depth = p->unet->config.depth;
    for (int i = depth - 1; i >= 0; i--) {
        p->exec->arena.used = p->kept[i]; /* what the levels below have saved is used up */
        if (i == 0) create_outputs(p);
        if (dmx_unet_is_freq(p->unet, i))
            decode_freq(p, i);
        else
            decode_steps(p, i);
    }
}
