/* hybrid_unet_stems.c - from what the U-Net predicts to waveforms; see hybrid_unet_pass.h */
#include "models/hybrid_unet_pass.h"
#include "models/masking.h"

#include <string.h>

/* _mask: complex spectrograms from what the network predicts; nothing to do where it predicts them itself. */
static dmx_grid mask(const dmx_unet_pass *p)
{
    const dmx_unet_config *c = &p->unet->config;
    if (c->cac) return p->out;
    const dmx_wiener filter = {.channels = p->unet->network.channels,
                               .sources = p->unet->network.source_count,
                               .iterations = c->wiener_iters,
                               .residual = c->wiener_residual};
    dmx_grid masked = dmx_grid_create(p->exec, p->out.steps, p->out.bins, 2 * p->out.channels, (dmx_margin){0});
    dmx_mask_run(p->exec, &filter, &p->z, &p->out, &masked);
    return masked;
}

typedef struct ispec_job {
    const dmx_unet_pass *p;
    dmx_spectrogram spectrogram;
    float *planes; /* [channels][frames] */
} ispec_job;

/* planes = iSTFT of a stretch */
static void ispec_item(void *context, size_t item, int worker)
{
    const ispec_job *job = context;
    const size_t frames = (size_t)job->p->shapes.frames[0];
    dmx_istft_item(job->p->unet->stft, &job->spectrogram, frames, item, job->planes, frames,
                   dmx_exec_scratch(job->p->exec, worker));
}

static void add_waveform(const dmx_unet_pass *p, int source, float *planes)
{
    const int channels = p->unet->network.channels, frames = p->shapes.frames[0];
    const float stdt = (float)p->stdt, meant = (float)p->meant;
    for (int c = 0; c < channels; c++) {
        const float *xt = p->out_t.data + (ptrdiff_t)source * channels + c;
        float *plane = planes + (ptrdiff_t)c * frames;
        for (ptrdiff_t i = 0; i < frames; i++) plane[i] += xt[i * p->out_t.channels] * stdt + meant;
    }
}

/* planes = _ispec(masked), and + xt * stdt + meant where there is a time branch, for one source */
static void source_planes(dmx_unet_pass *p, const dmx_grid *masked, int source, float *planes)
{
    const int channels = p->unet->network.channels;
    ispec_job job = {.p = p, .planes = planes};
    job.spectrogram = (dmx_spectrogram){
        .step_stride = (size_t)masked->step_stride, .bin_stride = (size_t)masked->channels, .planes = channels};
    if (!p->exec->planning) job.spectrogram.x = masked->data + (ptrdiff_t)source * channels * 2;
    dmx_exec_run(p->exec, dmx_istft_items(p->unet->stft, (size_t)p->shapes.frames[0]),
                 dmx_stft_scratch(p->unet->stft, channels), ispec_item, &job);
    if (p->unet->config.hybrid && !p->exec->planning) add_waveform(p, source, planes);
}

void dmx_unet_write_stems(dmx_unet_pass *p, float *stems)
{
    const int channels = p->unet->network.channels;
    const size_t length = (size_t)p->shapes.frames[0];
    dmx_grid_affine(p->exec, &p->out, (float)p->std, (float)p->mean, &p->out);
    const dmx_grid masked = mask(p);
    float *planes = dmx_arena_floats(&p->exec->arena, (size_t)channels * length);
    for (int s = 0; s < p->unet->network.source_count; s++) {
        if (!p->wanted[s]) continue;
        source_planes(p, &masked, s, planes);
        for (int c = 0; c < channels && !p->exec->planning; c++)
            memcpy(stems + ((int64_t)s * channels + c) * p->frames, planes + (size_t)c * length,
                   (size_t)p->frames * sizeof(float));
    }
}
