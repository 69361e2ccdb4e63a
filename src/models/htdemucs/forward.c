/* forward.c - the forward pass of HTDemucs; see htdemucs.h and MODEL.md. Only what happens at the bottom is its own. */
#include "models/htdemucs/htdemucs.h"
#include "models/unet/pass.h"

/* saved[deepest] += transformer(saved[deepest]): what the first decoder gets is x + skip. */
static void run_transformer(const dmx_htdemucs *m, dmx_unet_pass *p)
{
    dmx_exec *exec = p->exec;
    const int deepest = m->unet.config.depth - 1;
    const dmx_grid *skip = &p->saved[deepest], *skip_t = &p->saved_t[deepest];
    if (m->transformer.options.layers == 0) {
        dmx_grid_add(exec, skip, skip);
        if (deepest < m->unet.time_depth && !dmx_unet_merges(&m->unet, deepest)) dmx_grid_add(exec, skip_t, skip_t);
        return;
    }
    const size_t mark = exec->arena.used;
    const int dim = m->transformer.options.dim;
    dmx_grid x = dmx_grid_create(exec, skip->steps, skip->bins, dim, (dmx_margin){0});
    dmx_grid row_t = dmx_grid_create(exec, 1, skip_t->bins, dim, (dmx_margin){0});
    dmx_grid xt = dmx_grid_as_sequence(&row_t);
    if (m->config.bottom_channels > 0) {
        dmx_conv_run(exec, &m->channel_upsampler, skip, NULL, &x);
        dmx_grid_trace(exec, "channel_upsampler", -1, &x);
        dmx_conv_run(exec, &m->channel_upsampler_t, skip_t, NULL, &row_t);
        dmx_grid_trace(exec, "channel_upsampler_t", -1, &row_t);
        dmx_transformer_run(exec, &m->transformer, &x, &xt);
        dmx_conv_run(exec, &m->channel_downsampler, &x, &(dmx_epilogue){.residual = skip}, skip);
        dmx_conv_run(exec, &m->channel_downsampler_t, &row_t, &(dmx_epilogue){.residual = skip_t}, skip_t);
    } else {
        dmx_grid_copy(exec, skip, &x);
        dmx_grid_copy(exec, skip_t, &row_t);
        dmx_transformer_run(exec, &m->transformer, &x, &xt);
        dmx_grid_add(exec, &x, skip);
        dmx_grid_add(exec, &row_t, skip_t);
    }
    exec->arena.used = mark;
}

void dmx_ht_forward(const dmx_network *network, dmx_exec *exec, int64_t frames, const bool *wanted)
{
    const dmx_htdemucs *m = (const dmx_htdemucs *)network;
    const size_t mark = exec->arena.used;
    dmx_unet_pass p;
    dmx_unet_prepare(&p, &m->unet, exec, frames, dmx_ht_valid_length(network, frames), wanted);
    dmx_unet_encode(&p);
    run_transformer(m, &p);
    dmx_unet_decode(&p);
    dmx_unet_write_stems(&p);
    exec->arena.used = mark;
}
