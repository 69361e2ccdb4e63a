/* shapes.c - the lengths of Demucs' activations; see demucs.h
 *
 * The official valid_length goes down the levels, rounding up, and back up again. From that length on every convolution
 * comes out even, so what a decoder gives has exactly the length of the skip connection that it meets. The exception is
 * the outside: with resampling an odd length is made even, one sample longer than what comes back where the stride is
 * above 1. No sample of the stem is missing then, but it is trimmed by what came back: see forward.c. */
#include "models/demucs/demucs.h"

/* What a convolution leaves, and what the transposed one makes of it. */
static int64_t convolved(const dmx_dm_config *c, int64_t length) { return (length - c->kernel_size) / c->stride + 1; }

static int64_t returned(const dmx_dm_config *c, int64_t length) { return (length - 1) * c->stride + c->kernel_size; }

/* The length at the bottom, at least 1, when nothing may be left over above. */
static int64_t bottom_length(const dmx_dm_config *c, int64_t length)
{
    for (int i = 0; i < c->depth; i++) length = length <= c->kernel_size ? 1 : convolved(c, length + c->stride - 1);
    return length;
}

bool dmx_dm_shapes_of(const dmx_dm_config *c, int64_t frames, dmx_dm_shapes *s)
{
    *s = (dmx_dm_shapes){0};
    if (frames < 1 || frames > DMX_MAX_FRAMES) return false;
    const int rate = c->resample ? 2 : 1;
    int64_t length = bottom_length(c, frames * rate);
    for (int i = 0; i < c->depth; i++) {
        length = returned(c, length);
        if (length > DMX_MAX_FRAMES) return false;
    }
    s->padded = (int)((length + rate - 1) / rate);
    s->length[0] = s->padded * rate;
    for (int i = 0; i < c->depth; i++) s->length[i + 1] = (int)convolved(c, s->length[i]);
    s->decoded = (int)returned(c, s->length[1]);
    return true;
}

int64_t dmx_dm_valid_length(const dmx_network *network, int64_t frames)
{
    dmx_dm_shapes shapes;
    return dmx_dm_shapes_of(&((const dmx_demucs *)network)->config, frames, &shapes) ? shapes.padded : -1;
}
