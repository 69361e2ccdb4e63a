/* plan.c - see plan.h */
#include "stream/plan.h"

dmx_cut dmx_cut_at(const dmx_lane *lane, int64_t at, dmx_extent extent)
{
    dmx_cut cut = {.lane = lane, .at = at};
    cut.frames = extent.finished ? dmx_lane_frames(lane, at, extent.end) : lane->segment;
    cut.length = dmx_lane_input_length(lane, cut.frames);
    cut.first = at - (cut.length - cut.frames) / 2;
    return cut;
}

bool dmx_plan_extend(dmx_plan *plan, const dmx_lanes *lanes, dmx_extent extent)
{
    while (plan->count < plan->room) {
        dmx_lane *lane = dmx_lanes_behind(lanes, extent.finished ? extent.end : INT64_MAX);
        if (lane == NULL) break;
        if (!extent.finished && lane->segment == 0) return false; /* the whole track is one segment */
        const dmx_cut cut = dmx_cut_at(lane, lane->next, extent);
        if (!extent.finished && cut.first + cut.length > extent.end) return false;
        plan->cuts[plan->count++] = cut;
        lane->next = lane->segment > 0 ? lane->next + lane->stride : extent.end;
    }
    return plan->count > 0;
}
