/* stems.c - from what the U-Net predicts to waveforms; see pass.h */
#include "models/layers/masking.h"
#include "models/unet/pass.h"

enum {
    RANGE_HOPS = 32,   /* samples that a work item makes, in hops of the spectrogram */
    BLOCK_FRAMES = 256 /* frames of all planes that fit into the first cache */
};

typedef struct stems_job {
    const dmx_unet_pass *p;
    dmx_spectrogram spectrogram;
    size_t range_frames;
    float **stems; /* [sources * channels] planes, NULL where nobody wants one */
} stems_job;

/* _mask: complex spectrograms from what the network predicts. Where it predicts them itself they need the mean and the
 * deviation of the mix only. */
static dmx_spectrogram mask(const dmx_unet_pass *p)
{
    const dmx_unet_config *c = &p->unet->config;
    const int channels = p->unet->network.channels, sources = p->unet->network.source_count;
    dmx_spectrogram masked = {.planes = sources * channels, .scale = (float)p->std, .shift = (float)p->mean};
    dmx_grid grid = p->out;
    if (!c->cac) {
        const dmx_wiener filter = {
            .channels = channels, .sources = sources, .iterations = c->wiener_iters, .residual = c->wiener_residual};
        dmx_grid_affine(p->exec, &p->out, masked.scale, masked.shift, &p->out);
        grid = dmx_grid_create(p->exec, p->out.steps, p->out.bins, 2 * p->out.channels, (dmx_margin){0});
        dmx_mask_run(p->exec, &filter, &p->z, &p->out, &grid);
        masked.scale = 1;
        masked.shift = 0;
    }
    masked.x = grid.data;
    masked.step_stride = (size_t)grid.step_stride;
    masked.bin_stride = (size_t)grid.channels;
    return masked;
}

/* stems += xt * stdt + meant, for frames [first, first + count) */
static void add_waveform(const dmx_unet_pass *p, size_t first, size_t count, float *const *stems)
{
    const size_t planes = (size_t)p->out_t.channels;
    const float stdt = (float)p->stdt, meant = (float)p->meant;
    for (size_t begin = first; begin < first + count; begin += BLOCK_FRAMES) {
        const size_t end = begin + BLOCK_FRAMES < first + count ? begin + BLOCK_FRAMES : first + count;
        for (size_t plane = 0; plane < planes; plane++) {
            const float *restrict xt = p->out_t.data + plane;
            float *restrict stem = stems[plane];
            if (stem == NULL) continue;
            for (size_t i = begin; i < end; i++) stem[i] += xt[i * planes] * stdt + meant;
        }
    }
}

/* A stretch of all stems: _ispec(masked), and the waveform branch where there is one. */
static void stems_item(void *context, size_t item, int worker)
{
    const stems_job *job = context;
    const dmx_unet_pass *p = job->p;
    const size_t first = item * job->range_frames, left = (size_t)p->frames - first;
    const size_t count = left < job->range_frames ? left : job->range_frames;
    dmx_istft_range(p->unet->stft, p->exec->kernels, &job->spectrogram, (size_t)p->shapes.frames[0], first, count,
                    job->stems, dmx_exec_scratch(p->exec, worker));
    if (p->unet->config.hybrid) add_waveform(p, first, count, job->stems);
}

void dmx_unet_write_stems(dmx_unet_pass *p, float *stems)
{
    const int channels = p->unet->network.channels, planes = p->unet->network.source_count * channels;
    const size_t frames = (size_t)p->frames;
    stems_job job = {.p = p, .spectrogram = mask(p), .range_frames = RANGE_HOPS * dmx_stft_hop(p->unet->stft)};
    job.stems = dmx_arena_carve(&p->exec->arena, (size_t)planes, sizeof *job.stems);
    for (int i = 0; i < planes && !p->exec->planning; i++)
        job.stems[i] = p->wanted[i / channels] ? stems + (size_t)i * frames : NULL;
    /* As many ranges as threads, or a multiple of that: any cut gives the same bits. */
    const size_t threads = (size_t)dmx_exec_threads(p->exec);
    const size_t rounds = (frames + threads * job.range_frames - 1) / (threads * job.range_frames);
    job.range_frames = (frames + threads * rounds - 1) / (threads * rounds);
    dmx_exec_run(p->exec, (frames + job.range_frames - 1) / job.range_frames, dmx_stft_scratch(p->unet->stft, planes),
                 stems_item, &job);
}
