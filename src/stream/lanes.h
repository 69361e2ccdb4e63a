/* lanes.h - which lanes a stream has: one for each shift of each member that serves a wanted stem. */
#ifndef DMX_STREAM_LANES_H
#define DMX_STREAM_LANES_H

#include "models/bag.h"
#include "stream/lane.h"

typedef struct dmx_lanes {
    dmx_lane *lane; /* [count] a member's lanes are side by side */
    int count;
    int shifts;        /* that are averaged: an unshifted run is one */
    bool *wanted;      /* [sources] */
    int wanted_count;  /* stems */
    int member_count;  /* members that have lanes */
    int *member_order; /* [members] place among those, for progress */
} dmx_lanes;

/* Choose the lanes and draw their shifts. They keep no pointer into the options. On failure nothing is left. */
demucs_status dmx_lanes_create(dmx_lanes *lanes, const demucs_model *model, const demucs_stream_options *options,
                               demucs_error *error);
void dmx_lanes_free(dmx_lanes *lanes);

/* The weights of the cross-fades, counted or assigned. Lanes of one member share them. */
void dmx_lanes_carve(dmx_lanes *lanes, dmx_arena *arena);

/* Fill in the weights, once they are carved. */
void dmx_lanes_fade(dmx_lanes *lanes);

/* Back to the beginning of a track. */
void dmx_lanes_rewind(dmx_lanes *lanes);

/* The lane to run next: the one furthest behind that is not done, or NULL. `end` is where the track ends, or INT64_MAX
 * while that is not known. */
dmx_lane *dmx_lanes_behind(const dmx_lanes *lanes, int64_t end);

/* Segments of all lanes in a track of `end` frames. */
size_t dmx_lanes_segments(const dmx_lanes *lanes, int64_t end);

#endif
