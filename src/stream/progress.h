/* progress.h - tell the caller where a track stands. */
#ifndef DMX_STREAM_PROGRESS_H
#define DMX_STREAM_PROGRESS_H

#include "stream/plan.h"

typedef struct dmx_standing {
    size_t segments_done;
    size_t track_frames; /* 0: unknown */
    bool finished;       /* the segment of the report */
} dmx_standing;

/* Report one segment. True when the caller wants to stop. */
bool dmx_progress_report(const demucs_stream_options *options, const dmx_lanes *lanes, const dmx_cut *cut,
                         const dmx_standing *standing);

#endif
