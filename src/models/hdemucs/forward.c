/* forward.c - the forward pass of HDemucs; see hdemucs.h and MODEL.md */
#include "models/hdemucs/hdemucs.h"
#include "models/unet/pass.h"

/* Lengths that are tried at most: as many as eight windows of the usual size have, and so few that a checkpoint with
 * absurd arguments costs no time. */
enum { MOST_TRIES = 1 << 15 };

/* The official class takes every length as it is, and so does this one. Only with unusual strides are there lengths
 * that the official class stumbles over: there it is the next one that fits. */
int64_t dmx_hd_valid_length(const dmx_network *network, int64_t frames)
{
    const dmx_unet *m = (const dmx_unet *)network;
    dmx_unet_shapes shapes;
    for (int64_t length = frames; length < frames + MOST_TRIES; length++)
        if (dmx_unet_shapes_of(m, length, &shapes)) return length;
    return -1;
}

void dmx_hd_forward(const dmx_network *network, dmx_exec *exec, int64_t frames, const bool *wanted)
{
    const size_t mark = exec->arena.used;
    dmx_unet_pass p;
    dmx_unet_prepare(&p, (const dmx_unet *)network, exec, frames, frames, wanted);
    dmx_unet_encode(&p);
    /* The official decoders start from zeros: all that there is goes through the skip connections. */
    dmx_unet_decode(&p);
    dmx_unet_write_stems(&p);
    exec->arena.used = mark;
}
