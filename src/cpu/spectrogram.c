/* spectrogram.c - the mix's spectrogram, and stems from spectrograms and waveforms; see nn/audio.h and dsp/stft.h */
#include "cpu/ops.h"
#include "cpu/planes.h"
#include "cpu/work.h"

enum {
    RANGE_HOPS = 32,   /* samples that a work item makes, in hops of the spectrogram */
    BLOCK_FRAMES = 256 /* frames of all planes that fit into the first cache */
};

typedef struct stft_job {
    const dmx_exec *exec;
    const dmx_planes_args *args;
} stft_job;

static void stft_item(void *context, size_t step, int worker)
{
    const stft_job *job = context;
    const dmx_grid *mix = &job->args->from, *z = &job->args->to;
    dmx_stft_forward(job->args->stft, job->exec->kernels, dmx_cpu_plane(job->exec, mix, 0), (size_t)mix->step_stride,
                     mix->steps, (size_t)mix->bins, step, z->data + (ptrdiff_t)step * z->step_stride,
                     dmx_exec_scratch(job->exec, worker));
}

void dmx_cpu_stft(dmx_exec *exec, const dmx_op *op)
{
    stft_job job = {.exec = exec, .args = &op->as.planes};
    dmx_exec_run(exec, (size_t)job.args->to.steps, dmx_stft_scratch(job.args->stft, job.args->from.steps), stft_item,
                 &job);
}

typedef struct stems_job {
    const dmx_exec *exec;
    const dmx_stems *args;
    size_t range_frames;
    int planes;
    float **stems; /* [planes], NULL where nobody wants one */
} stems_job;

static void address_item(void *context, size_t item, int worker)
{
    (void)item, (void)worker;
    const stems_job *job = context;
    for (int i = 0; i < job->planes; i++) {
        const bool wanted = job->args->wanted >> (i / job->args->channels) & 1;
        job->stems[i] = wanted ? job->exec->stems + (size_t)i * (size_t)job->args->frames : NULL;
    }
}

/* stems += waveform * deviation + mean, for frames [first, first + count) */
static void add_waveform(const dmx_stems *args, size_t first, size_t count, float *const *stems)
{
    const size_t planes = (size_t)args->waveform.channels;
    const float *moments = args->waveform_moments.data;
    const float deviation = moments[DMX_DEVIATION], mean = moments[DMX_MEAN];
    for (size_t begin = first; begin < first + count; begin += BLOCK_FRAMES) {
        const size_t end = begin + BLOCK_FRAMES < first + count ? begin + BLOCK_FRAMES : first + count;
        for (size_t plane = 0; plane < planes; plane++) {
            const float *restrict x = args->waveform.data + plane;
            float *restrict stem = stems[plane];
            if (stem == NULL) continue;
            for (size_t i = begin; i < end; i++) stem[i] += x[i * planes] * deviation + mean;
        }
    }
}

/* A stretch of all stems. */
static void stems_item(void *context, size_t item, int worker)
{
    const stems_job *job = context;
    const dmx_stems *args = job->args;
    const size_t first = item * job->range_frames, left = (size_t)args->frames - first;
    const size_t count = left < job->range_frames ? left : job->range_frames;
    const bool normed = args->moments.channels > 0;
    const dmx_spectrogram spectrogram = {.x = args->x.data,
                                         .step_stride = (size_t)args->x.step_stride,
                                         .bin_stride = (size_t)args->x.channels,
                                         .planes = job->planes,
                                         .scale = normed ? args->moments.data[DMX_DEVIATION] : 1,
                                         .shift = normed ? args->moments.data[DMX_MEAN] : 0};
    dmx_istft_range(args->stft, job->exec->kernels, &spectrogram, (size_t)args->length, first, count, job->stems,
                    dmx_exec_scratch(job->exec, worker));
    if (args->waveform.channels > 0) add_waveform(args, first, count, job->stems);
}

void dmx_cpu_stems_write(dmx_exec *exec, const dmx_op *op)
{
    const dmx_stems *args = &op->as.stems;
    const size_t mark = exec->arena.used, frames = (size_t)args->frames;
    stems_job job = {.exec = exec, .args = args, .planes = args->x.channels / 2};
    job.range_frames = RANGE_HOPS * dmx_stft_hop(args->stft);
    job.stems = dmx_arena_carve(&exec->arena, (size_t)job.planes, sizeof *job.stems);
    dmx_exec_run(exec, 1, 0, address_item, &job);
    /* As many ranges as threads, or a multiple of that: any cut gives the same bits. */
    const size_t threads = (size_t)dmx_exec_threads(exec);
    const size_t rounds = (frames + threads * job.range_frames - 1) / (threads * job.range_frames);
    job.range_frames = (frames + threads * rounds - 1) / (threads * rounds);
    dmx_exec_run(exec, (frames + job.range_frames - 1) / job.range_frames, dmx_stft_scratch(args->stft, job.planes),
                 stems_item, &job);
    exec->arena.used = mark;
}
