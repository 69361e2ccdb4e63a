/* forward.c - the forward pass of Demucs; see demucs.h
 *
 * It reads like forward() of the official demucs.py. As in htdemucs the skip connections accumulate: a decoder adds its
 * output to the encoder's output of the level above, in place, so x always is what the next decoder wants to see. */
#include "models/demucs/demucs.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { BLOCK_FRAMES = 1 << 14 }; /* what a work item resamples or rearranges */

/* One run on one segment. */
typedef struct pass {
    const dmx_demucs *m;
    dmx_exec *exec;
    dmx_dm_shapes shapes;
    const float *mix; /* [channels][frames] */
    int64_t frames;
    float mean, std;
    dmx_grid x;                       /* [1][length[0]][channels] */
    dmx_grid saved[DMX_DM_MAX_DEPTH]; /* [1][length[i + 1]][channels of level i] */
    size_t outer_end;                 /* of the arena's memory that x and saved[0] take */
    dmx_grid out;                     /* [1][decoded][sources * channels] */
} pass;

static size_t blocks_of(int length) { return ((size_t)length + BLOCK_FRAMES - 1) / BLOCK_FRAMES; }

static size_t block_frames(int length, size_t first)
{
    return (size_t)length - first < BLOCK_FRAMES ? (size_t)length - first : BLOCK_FRAMES;
}

/* Zeros before the mix; where their number is odd, one more comes after it. */
static int64_t front_padding(const pass *p) { return (p->shapes.padded - p->frames) / 2; }

/* ---- input ---- */

/* Mean and unbiased deviation of the channels' mean. The official code gets NaN from a single sample. */
static void measure(pass *p)
{
    const int channels = p->m->network.channels;
    double sum = 0, square_sum = 0;
    for (int64_t i = 0; i < p->frames; i++) {
        double mono = 0;
        for (int c = 0; c < channels; c++) mono += p->mix[c * p->frames + i];
        mono /= channels;
        sum += mono;
        square_sum += mono * mono;
    }
    const double mean = sum / (double)p->frames, m2 = square_sum - sum * mean;
    p->mean = (float)mean;
    p->std = p->frames > 1 && m2 > 0 ? (float)sqrt(m2 / (double)(p->frames - 1)) : 0;
}

/* planes[channels][padded] = the normalised mix with zeros around it */
static void pad(const pass *p, float *planes)
{
    const int64_t padded = p->shapes.padded, front = front_padding(p);
    const float scale = p->m->config.normalize ? 1 / (1e-5f + p->std) : 1;
    memset(planes, 0, (size_t)p->m->network.channels * (size_t)padded * sizeof *planes);
    for (int c = 0; c < p->m->network.channels; c++)
        for (int64_t i = 0; i < p->frames; i++)
            planes[c * padded + front + i] = (p->mix[c * p->frames + i] - p->mean) * scale;
}

typedef struct resample_job {
    const pass *p;
    const float *from; /* [channels][padded], or [channels][length[0]] on the way back */
    float *to;         /* [channels][length[0]], or [channels][padded] */
    int source;
    float *stems; /* [channels][frames] of the source */
} resample_job;

static void interleave(const dmx_grid *x, const float *planes, int length, size_t first, size_t count)
{
    for (int c = 0; c < x->channels; c++) {
        const float *plane = planes + (ptrdiff_t)c * length;
        for (size_t i = first; i < first + count; i++) x->data[i * (size_t)x->channels + (size_t)c] = plane[i];
    }
}

/* A block of x from the padded mix. */
static void input_item(void *context, size_t item, int worker)
{
    const resample_job *job = context;
    const pass *p = job->p;
    const int length = p->shapes.length[0];
    const size_t first = item * BLOCK_FRAMES, count = block_frames(length, first);
    float *scratch = dmx_exec_scratch(p->exec, worker);
    for (int c = 0; p->m->config.resample && c < p->x.channels; c++)
        dmx_resample_range(&p->m->up, job->from + (ptrdiff_t)c * p->shapes.padded, (size_t)p->shapes.padded,
                           job->to + (ptrdiff_t)c * length, first, count, scratch);
    interleave(&p->x, p->m->config.resample ? job->to : job->from, length, first, count);
}

static void prepare(pass *p)
{
    const dmx_demucs *m = p->m;
    dmx_exec *exec = p->exec;
    const size_t channels = (size_t)m->network.channels;
    p->mean = 0;
    p->std = 1;
    if (m->config.normalize && !exec->planning) measure(p);
    p->x = dmx_grid_create(exec, 1, p->shapes.length[0], (int)channels, dmx_encoder_margin(&m->encoder[0]));
    const size_t mark = exec->arena.used;
    float *padded = dmx_arena_floats(&exec->arena, channels * (size_t)p->shapes.padded);
    resample_job job = {.p = p, .from = padded};
    if (m->config.resample) job.to = dmx_arena_floats(&exec->arena, channels * (size_t)p->shapes.length[0]);
    if (!exec->planning) pad(p, padded);
    dmx_exec_run(exec, blocks_of(p->shapes.length[0]), 2 * m->up.taps, input_item, &job);
    exec->arena.used = mark;
    dmx_grid_trace(exec, "encoder.0:in", -1, &p->x);
}

/* ---- the network ---- */

/* What the layers around the output of level i need to find beside it. */
static dmx_margin saved_margin(const pass *p, int i)
{
    const dmx_margin margin = dmx_decoder_margin(&p->m->decoder[i]);
    if (i + 1 == p->m->config.depth) return margin;
    const int next = p->shapes.length[i + 2], length = p->shapes.length[i + 1];
    return dmx_margin_max(margin, dmx_decoder_output_margin(&p->m->decoder[i + 1], next, length));
}

static void encode(pass *p, int i)
{
    const dmx_level *layer = &p->m->encoder[i];
    p->saved[i] = dmx_grid_create(p->exec, 1, p->shapes.length[i + 1], layer->options.out_channels, saved_margin(p, i));
    if (i == 0) p->outer_end = p->exec->arena.used;
    dmx_encoder_run(p->exec, layer, i == 0 ? &p->x : &p->saved[i - 1], NULL, &p->saved[i]);
    dmx_grid_trace(p->exec, "encoder", i, &p->saved[i]);
}

/* saved[deepest] += lstm(saved[deepest]): what the first decoder gets is x + skip. */
static void run_bottom(pass *p)
{
    dmx_exec *exec = p->exec;
    const dmx_grid *skip = &p->saved[p->m->config.depth - 1];
    if (p->m->config.lstm_layers == 0) {
        dmx_grid_add(exec, skip, skip);
        return;
    }
    const size_t mark = exec->arena.used;
    dmx_grid x = dmx_grid_create(exec, 1, skip->bins, skip->channels, (dmx_margin){0});
    dmx_grid_copy(exec, skip, &x);
    dmx_grid sequence = dmx_grid_as_sequence(&x);
    dmx_blstm_run(exec, &p->m->lstm, &sequence);
    dmx_grid_trace(exec, "lstm", -1, &x);
    dmx_grid_add(exec, &x, skip);
    exec->arena.used = mark;
}

static void decode(pass *p, int i)
{
    const dmx_level *layer = &p->m->decoder[i];
    const dmx_grid *target = i == 0 ? &p->out : &p->saved[i - 1];
    dmx_decoder_run(p->exec, layer, &p->saved[i], NULL, i > 0, target);
    dmx_grid_clear_margins(p->exec, target);
    dmx_grid_trace(p->exec, "decoder", p->m->config.depth - 1 - i, target);
}

/* The last decoder reads saved[0] and nothing else: its output, the widest there is, lies where the deeper levels were.
 */
static void create_output(pass *p)
{
    const int planes = p->m->network.source_count * p->m->network.channels;
    const dmx_margin margin = dmx_decoder_output_margin(&p->m->decoder[0], p->shapes.length[1], p->shapes.decoded);
    p->exec->arena.used = p->outer_end;
    p->out = dmx_grid_create(p->exec, 1, p->shapes.decoded, planes, margin);
}

/* ---- output ---- */

/* A block of the source's planes [channels][length[0]] out of the grid. Where a sample is missing at the end, the last
 * one is repeated, as the resampling does beyond it. */
static void planes_item(void *context, size_t item, int worker)
{
    (void)worker;
    const resample_job *job = context;
    const pass *p = job->p;
    const int channels = p->m->network.channels, length = p->shapes.length[0], last = p->shapes.decoded - 1;
    const size_t first = item * BLOCK_FRAMES, count = block_frames(length, first);
    float *planes = job->to;
    for (int c = 0; c < channels; c++) {
        const float *from = p->out.data + (ptrdiff_t)job->source * channels + c;
        for (int i = (int)first; i < (int)(first + count); i++)
            planes[(ptrdiff_t)c * length + i] = from[(ptrdiff_t)(i < last ? i : last) * p->out.channels];
    }
}

/* A block of the source's stems from its planes: back to the rate of the mix, to its level, and without the padding. */
static void stems_item(void *context, size_t item, int worker)
{
    const resample_job *job = context;
    const pass *p = job->p;
    const int length = p->shapes.length[0], padded = p->shapes.padded;
    const int64_t first = (int64_t)(item * BLOCK_FRAMES), front = front_padding(p);
    const int64_t end = first + (int64_t)block_frames(padded, (size_t)first);
    const int64_t kept = first > front ? first : front, kept_end = end < front + p->frames ? end : front + p->frames;
    float *scratch = dmx_exec_scratch(p->exec, worker);
    for (int c = 0; c < p->m->network.channels; c++) {
        const float *plane = job->from + (ptrdiff_t)c * length;
        if (p->m->config.resample) {
            float *resampled = job->to + (ptrdiff_t)c * padded;
            dmx_resample_range(&p->m->down, plane, (size_t)length, resampled, (size_t)first, (size_t)(end - first),
                               scratch);
            plane = resampled;
        }
        for (int64_t i = kept; i < kept_end; i++) job->stems[c * p->frames + i - front] = plane[i] * p->std + p->mean;
    }
}

static void write_stems(pass *p, const bool *wanted, float *stems)
{
    const dmx_demucs *m = p->m;
    dmx_exec *exec = p->exec;
    const size_t channels = (size_t)m->network.channels;
    float *planes = dmx_arena_floats(&exec->arena, channels * (size_t)p->shapes.length[0]);
    float *resampled = m->config.resample ? dmx_arena_floats(&exec->arena, channels * (size_t)p->shapes.padded) : NULL;
    for (int s = 0; s < m->network.source_count; s++) {
        if (!wanted[s]) continue;
        resample_job job = {.p = p, .to = planes, .source = s};
        dmx_exec_run(exec, blocks_of(p->shapes.length[0]), 0, planes_item, &job);
        job = (resample_job){.p = p, .from = planes, .to = resampled};
        if (!exec->planning) job.stems = stems + s * m->network.channels * p->frames;
        dmx_exec_run(exec, blocks_of(p->shapes.padded), 2 * m->down.taps, stems_item, &job);
    }
}

void dmx_dm_forward(const dmx_network *network, dmx_exec *exec, const float *mix, int64_t frames, const bool *wanted,
                    float *stems)
{
    pass p = {.m = (const dmx_demucs *)network, .exec = exec, .mix = mix, .frames = frames};
    const int depth = p.m->config.depth;
    const size_t mark = exec->arena.used;
    const bool fits = dmx_dm_shapes_of(&p.m->config, frames, &p.shapes);
    assert(fits);
    (void)fits;
    prepare(&p);
    for (int i = 0; i < depth; i++) encode(&p, i);
    run_bottom(&p);
    for (int i = depth - 1; i > 0; i--) decode(&p, i);
    create_output(&p);
    decode(&p, 0);
    write_stems(&p, wanted, stems);
    exec->arena.used = mark;
}
