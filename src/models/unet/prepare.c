/* prepare.c - the two inputs of the U-Net; see pass.h */
#include "models/unet/pass.h"
#include "nn/mask.h"

#include <assert.h>

/* A mix shorter than the network's input gets zeros on the right. */
static void set_mix(dmx_unet_pass *p)
{
    const int channels = p->unet->network.channels, length = p->shapes.frames[0];
    const dmx_grid mix = dmx_planes_of_mix(channels, (int)p->frames);
    p->mix = mix;
    if (length == p->frames) return;
    p->mix = dmx_planes_create(p->exec, channels, length);
    dmx_planes_pad(p->exec, &mix, NULL, 0, &p->mix);
}

/* x = normalised spectrogram, complex numbers as channels or magnitudes */
static void prepare_spectrogram(dmx_unet_pass *p)
{
    dmx_exec *exec = p->exec;
    const int channels = p->unet->network.channels;
    const dmx_margin margin = dmx_unet_encoder_margin(p, 0);
    const bool cac = p->unet->config.cac;
    p->moments = dmx_moments_create(exec);
    p->z = dmx_grid_create(exec, p->shapes.steps[0], p->shapes.bins[0], 2 * channels, cac ? margin : (dmx_margin){0});
    dmx_stft_run(exec, p->unet->stft, &p->mix, &p->z);
    p->x = p->z;
    if (!cac) {
        p->x = dmx_grid_create(exec, p->z.steps, p->z.bins, channels, margin);
        dmx_magnitudes(exec, &p->z, &p->x);
    }
    dmx_moments_of_grid(exec, &p->x, &p->moments);
    dmx_grid_normalise(exec, &p->moments, &p->x);
    dmx_grid_trace(exec, "encoder.0:in", -1, &p->x);
}

/* xt = normalised waveform */
static void prepare_waveform(dmx_unet_pass *p)
{
    const dmx_margin margin =
        dmx_unet_strided_margin(&p->unet->tencoder[0].conv, p->shapes.frames[0], p->shapes.frames[1]);
    p->moments_t = dmx_moments_create(p->exec);
    p->xt = dmx_grid_create(p->exec, 1, p->shapes.frames[0], p->unet->network.channels, margin);
    dmx_planes_interleave(p->exec, &p->mix, NULL, &p->xt);
    dmx_moments_of_grid(p->exec, &p->xt, &p->moments_t);
    dmx_grid_normalise(p->exec, &p->moments_t, &p->xt);
    dmx_grid_trace(p->exec, "tencoder.0:in", -1, &p->xt);
}

void dmx_unet_prepare(dmx_unet_pass *p, const dmx_unet *unet, dmx_exec *exec, int64_t frames, int64_t length,
                      const bool *wanted)
{
    *p = (dmx_unet_pass){.unet = unet, .exec = exec, .frames = frames, .wanted = wanted};
    const bool fits = dmx_unet_shapes_of(unet, length, &p->shapes);
    assert(fits);
    (void)fits;
    set_mix(p);
    prepare_spectrogram(p);
    if (unet->config.hybrid) prepare_waveform(p);
}
