/* stems.c - from what the U-Net predicts to waveforms; see pass.h */
#include "models/unet/pass.h"
#include "nn/mask.h"

/* _mask: complex spectrograms from what the network predicts. Where it predicts them itself they need the mean and the
 * deviation of the mix only. */
static void mask(const dmx_unet_pass *p, dmx_stems *stems)
{
    const dmx_unet_config *c = &p->unet->config;
    stems->x = p->out;
    stems->moments = p->moments;
    if (c->cac) return;
    const dmx_mask filter = {.channels = p->unet->network.channels,
                             .sources = p->unet->network.source_count,
                             .iterations = c->wiener_iters,
                             .residual = c->wiener_residual};
    dmx_grid_restore(p->exec, &p->moments, &p->out);
    stems->x = dmx_grid_create(p->exec, p->out.steps, p->out.bins, 2 * p->out.channels, (dmx_margin){0});
    stems->moments = (dmx_grid){0};
    dmx_mask_run(p->exec, &filter, &p->z, &p->out, &stems->x);
}

/* _ispec(masked), and the waveform branch where there is one. */
void dmx_unet_write_stems(dmx_unet_pass *p)
{
    const dmx_network *network = &p->unet->network;
    dmx_stems stems = {.stft = p->unet->stft, .channels = network->channels, .frames = (int)p->frames};
    stems.length = p->shapes.frames[0];
    for (int s = 0; s < network->source_count; s++) stems.wanted |= (uint64_t)p->wanted[s] << s;
    mask(p, &stems);
    if (p->unet->config.hybrid) {
        stems.waveform = p->out_t;
        stems.waveform_moments = p->moments_t;
    }
    dmx_stems_write(p->exec, &stems);
}
