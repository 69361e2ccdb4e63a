/* forward.c - the forward pass of Demucs; see demucs.h
 *
 * It reads like forward() of the official demucs.py. As in htdemucs the skip connections accumulate: a decoder adds its
 * output to the encoder's output of the level above, in place, so x always is what the next decoder wants to see. */
#include "models/demucs/demucs.h"

#include "nn/audio.h"

#include <assert.h>

/* One run on one segment. */
typedef struct pass {
    const dmx_demucs *m;
    dmx_exec *exec;
    dmx_dm_shapes shapes;
    int64_t frames;
    dmx_grid moments;                 /* mean and std of the mix; they stay unused when config.normalize is off */
    dmx_grid x;                       /* [1][length[0]][channels] */
    dmx_grid saved[DMX_DM_MAX_DEPTH]; /* [1][length[i + 1]][channels of level i] */
    size_t outer_end;                 /* of the arena's memory that x and saved[0] take */
    dmx_grid out;                     /* [1][decoded][sources * channels] */
} pass;

/* Zeros before the mix; where their number is odd, one more comes after it. */
static int front_padding(const pass *p) { return (int)(p->shapes.padded - p->frames) / 2; }

/* What is cut off before a stem: half of what there is too much at the rate of the mix. That is less than was put there
 * where the network gives an odd number of samples at twice the rate, since half of such a number is rounded down. */
static int front_trim(const pass *p)
{
    const int rate = p->m->config.resample ? 2 : 1;
    return (int)(p->shapes.decoded / rate - p->frames) / 2;
}

static const dmx_grid *moments_of(const pass *p) { return p->m->config.normalize ? &p->moments : NULL; }

/* ---- input ---- */

/* x = the normalised mix with zeros around it, at twice the rate if asked */
static void prepare(pass *p)
{
    const dmx_demucs *m = p->m;
    dmx_exec *exec = p->exec;
    const int channels = m->network.channels;
    const dmx_grid mix = dmx_planes_of_mix(channels, (int)p->frames);
    p->moments = dmx_moments_create(exec);
    if (m->config.normalize) dmx_moments_of_mix(exec, &mix, &p->moments);
    p->x = dmx_grid_create(exec, 1, p->shapes.length[0], channels, dmx_encoder_margin(&m->encoder[0]));
    const size_t mark = exec->arena.used;
    const dmx_grid padded = dmx_planes_create(exec, channels, p->shapes.padded);
    dmx_planes_pad(exec, &mix, moments_of(p), front_padding(p), &padded);
    dmx_planes_interleave(exec, &padded, m->config.resample ? &m->up : NULL, &p->x);
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

/* Each source's planes out of the grid, back to the rate of the mix, to its level, and without the padding. Where a
 * sample is missing at the end, the last one is repeated, as the resampling does beyond it. */
static void write_stems(pass *p, const bool *wanted)
{
    const dmx_demucs *m = p->m;
    dmx_exec *exec = p->exec;
    const int channels = m->network.channels;
    const dmx_grid planes = dmx_planes_create(exec, channels, p->shapes.length[0]);
    dmx_stem stem = {.front = front_trim(p), .frames = (int)p->frames, .moments = moments_of(p)};
    if (m->config.resample) stem.kernel = &m->down;
    for (stem.source = 0; stem.source < m->network.source_count; stem.source++) {
        if (!wanted[stem.source]) continue;
        dmx_planes_take(exec, &p->out, stem.source * channels, &planes);
        dmx_stem_write(exec, &planes, &stem);
    }
}

void dmx_dm_forward(const dmx_network *network, dmx_exec *exec, int64_t frames, const bool *wanted)
{
    pass p = {.m = (const dmx_demucs *)network, .exec = exec, .frames = frames};
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
    write_stems(&p, wanted);
    exec->arena.used = mark;
}
