/* lane.h - one run over the track: one member of the bag with one shift.
 *
 * A lane cuts the track into segments that overlap, `stride` apart, beginning at `start`: 0, or up to half a second
 * before the track when shifted (that is the official shift: pad by half a second, drop a random part of the padding).
 *
 *     track            |0 ................................................. end)
 *     lane      start |---- segment ----|
 *                               |---- segment ----|       each faded in and out by a triangle
 *                                         |---- segm-|    the last one is short
 *
 * Where segments overlap they are averaged with the triangle as weight. Since a segment exists wherever the track still
 * goes on, the sum of the weights over a frame follows from its position alone; so each segment can be divided by it at
 * once, and all lanes add into one place. */
#ifndef DMX_STREAM_LANE_H
#define DMX_STREAM_LANE_H

#include "models/network.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct dmx_lane {
    int member, shift;
    const dmx_network *network; /* of the member; maybe without weights */
    int64_t asked;              /* what the network's input is padded to, or 0: as the network likes it */
    int64_t start;              /* track frame of the first segment */
    int64_t segment;            /* frames of a full segment; 0 stands for the whole rest of the track (no split) */
    int64_t stride;
    int64_t next;    /* track frame of the next segment to plan */
    double power;    /* of the cross-fade */
    float *triangle; /* [segment] weights */
} dmx_lane;

/* Frames of the segment that begins at `at`, in a track that ends at `end`: 0 when the lane is done there. */
int64_t dmx_lane_frames(const dmx_lane *lane, int64_t at, int64_t end);

/* Segments that the lane has in a track of `end` frames. */
int64_t dmx_lane_segments(const dmx_lane *lane, int64_t end);

/* The length that a segment of `frames` is padded to before it enters the network, or -1 when that cannot run on it. */
int64_t dmx_lane_input_length(const dmx_lane *lane, int64_t frames);

/* The triangle, normalised by its maximum, to the power `power`; out[segment]. */
void dmx_triangle(int64_t segment, double power, float *out);

/* share[i] for the `frames` frames of the segment at track frame `at`: its weight over the sum of all segments' weights
 * there. */
void dmx_lane_share(const dmx_lane *lane, int64_t at, int64_t frames, float *share);

#endif
