/* plan.h - the segments that a stream asks the engine for at a time.
 *
 *     lanes, the one furthest behind first  --plan-->  segment at 0, at 1 stride, at 2 strides: as many as the engine
 *                                                      has jobs
 *
 * Segments are planned one after the other, each from the lane that is furthest behind then, which is the order in
 * which one job would run them. */
#ifndef DMX_STREAM_PLAN_H
#define DMX_STREAM_PLAN_H

#include "stream/lanes.h"

/* A segment, and the stretch of the track that its network sees. */
typedef struct dmx_cut {
    const dmx_lane *lane;
    int64_t at, frames;    /* the segment: `frames` frames of the track from `at` on */
    int64_t first, length; /* the network's input: the segment in its middle, and what is around it */
} dmx_cut;

typedef struct dmx_plan {
    dmx_cut *cuts; /* [room] */
    int room;
    int count; /* cuts [0, count) are planned */
} dmx_plan;

/* How much of the track is there. */
typedef struct dmx_extent {
    int64_t end;   /* frames so far */
    bool finished; /* there are no more to come */
} dmx_extent;

/* Plan until there is no room, or nothing left to plan. True when the plan is to be run; false when the mix has to go
 * on first (what is planned then stays so), or, in a finished track, when there is nothing left to run. */
bool dmx_plan_extend(dmx_plan *plan, const dmx_lanes *lanes, dmx_extent extent);

/* The segment of a lane at `at`. */
dmx_cut dmx_cut_at(const dmx_lane *lane, int64_t at, dmx_extent extent);

#endif
