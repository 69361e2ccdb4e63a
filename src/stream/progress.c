/* progress.c - see progress.h */
#include "stream/progress.h"

bool dmx_progress_report(const demucs_stream_options *options, const dmx_lanes *lanes, const dmx_cut *cut,
                         const dmx_standing *standing)
{
    if (options->progress == NULL) return false;
    const demucs_progress progress = {.member = lanes->member_order[cut->lane->member],
                                      .members = lanes->member_count,
                                      .shift = cut->lane->shift,
                                      .shifts = lanes->shifts,
                                      .segment_offset = cut->at - cut->lane->start,
                                      .finished = standing->finished,
                                      .segments_done = standing->segments_done,
                                      .segments_total = dmx_lanes_segments(lanes, (int64_t)standing->track_frames),
                                      .audio_frames = standing->track_frames};
    return options->progress(&progress, options->progress_user);
}
