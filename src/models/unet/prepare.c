/* prepare.c - the two inputs of the U-Net; see pass.h */
#include "models/layers/masking.h"
#include "models/unet/pass.h"

#include <assert.h>
#include <string.h>

/* A mix shorter than the network's input gets zeros on the right. */
static void set_mix(dmx_unet_pass *p, const float *mix)
{
    const int channels = p->unet->network.channels;
    const size_t length = (size_t)p->shapes.frames[0];
    p->mix = mix;
    if ((int64_t)length == p->frames) return;
    float *padded = dmx_arena_floats(&p->exec->arena, (size_t)channels * length);
    p->mix = padded;
    if (p->exec->planning) return;
    memset(padded, 0, (size_t)channels * length * sizeof(float));
    for (int c = 0; c < channels; c++)
        memcpy(padded + (size_t)c * length, mix + c * p->frames, (size_t)p->frames * sizeof(float));
}

static void spec_item(void *context, size_t step, int worker)
{
    const dmx_unet_pass *p = context;
    const size_t frames = (size_t)p->shapes.frames[0];
    dmx_stft_forward(p->unet->stft, p->exec->kernels, p->mix, frames, p->unet->network.channels, frames, step,
                     p->z.data + (ptrdiff_t)step * p->z.step_stride, dmx_exec_scratch(p->exec, worker));
}

/* x = normalised spectrogram, complex numbers as channels or magnitudes */
static void prepare_spectrogram(dmx_unet_pass *p)
{
    dmx_exec *exec = p->exec;
    const int channels = p->unet->network.channels;
    const dmx_margin margin = dmx_unet_encoder_margin(p, 0);
    const bool cac = p->unet->config.cac;
    p->z = dmx_grid_create(exec, p->shapes.steps[0], p->shapes.bins[0], 2 * channels, cac ? margin : (dmx_margin){0});
    dmx_exec_run(exec, (size_t)p->z.steps, dmx_stft_scratch(p->unet->stft, channels), spec_item, p);
    p->x = p->z;
    if (!cac) {
        p->x = dmx_grid_create(exec, p->z.steps, p->z.bins, channels, margin);
        dmx_magnitudes(exec, &p->z, &p->x);
    }
    dmx_grid_mean_deviation(exec, &p->x, &p->mean, &p->std);
    const double scale = 1 / (1e-5 + p->std);
    dmx_grid_affine(exec, &p->x, (float)scale, (float)(-p->mean * scale), &p->x);
    dmx_grid_trace(exec, "encoder.0:in", -1, &p->x);
}

static void interleave(const dmx_unet_pass *p)
{
    const int channels = p->unet->network.channels, frames = p->shapes.frames[0];
    for (int c = 0; c < channels; c++) {
        const float *plane = p->mix + (ptrdiff_t)c * frames;
        for (ptrdiff_t i = 0; i < frames; i++) p->xt.data[i * channels + c] = plane[i];
    }
}

/* xt = normalised waveform */
static void prepare_waveform(dmx_unet_pass *p)
{
    const dmx_margin margin =
        dmx_unet_strided_margin(&p->unet->tencoder[0].conv, p->shapes.frames[0], p->shapes.frames[1]);
    p->xt = dmx_grid_create(p->exec, 1, p->shapes.frames[0], p->unet->network.channels, margin);
    if (!p->exec->planning) interleave(p);
    dmx_grid_mean_deviation(p->exec, &p->xt, &p->meant, &p->stdt);
    const double scale = 1 / (1e-5 + p->stdt);
    dmx_grid_affine(p->exec, &p->xt, (float)scale, (float)(-p->meant * scale), &p->xt);
    dmx_grid_trace(p->exec, "tencoder.0:in", -1, &p->xt);
}

void dmx_unet_prepare(dmx_unet_pass *p, const dmx_unet *unet, dmx_exec *exec, const float *mix, int64_t frames,
                      int64_t length, const bool *wanted)
{
    *p = (dmx_unet_pass){.unet = unet, .exec = exec, .frames = frames, .wanted = wanted};
    const bool fits = dmx_unet_shapes_of(unet, length, &p->shapes);
    assert(fits);
    (void)fits;
    set_mix(p, mix);
    prepare_spectrogram(p);
    if (unet->config.hybrid) prepare_waveform(p);
}
