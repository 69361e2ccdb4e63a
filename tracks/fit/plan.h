/* plan.h - a separation of a certain size, what it takes, and how it is made smaller. */
#ifndef DMX_FIT_PLAN_H
#define DMX_FIT_PLAN_H

#include "base/error.h"
#include "base/memory.h"
#include "demucs_fit.h"

/* What decoding and encoding a track take: measured at most 29 MB (flac, four stems), mostly some 8. */
enum { DMX_FIT_TRACK_BYTES = 32000000 };

/* Shorter segments are no help to anybody: the official program advises 8 seconds where memory is short. */
enum { DMX_FIT_SHORTEST_SECONDS = 8 };

typedef struct dmx_fit {
    demucs_model *model;
    demucs_engine_options engine;      /* jobs among them */
    demucs_stream_options *separation; /* the caller's */
    size_t track_frames;               /* of the longest unsplit track; 0 */
    int tracks;                        /* at once */
    int kept;                          /* members in memory */
    uint64_t base_bytes;               /* what the process has besides the model */
    uint64_t limit_bytes;
    demucs_needs needs;
    uint64_t bytes; /* that all of it takes */
} dmx_fit;

/* Count what it takes. Errors: those of demucs_engine_measure. */
demucs_status dmx_fit_count(dmx_fit *self, demucs_error *error);

bool dmx_fit_is_met(const dmx_fit *self);

/* Make it smaller, as far as it has to be, in this respect, and count; false when that is not enough. */
bool dmx_fit_fewer_tracks(dmx_fit *self);
bool dmx_fit_fewer_jobs(dmx_fit *self);
bool dmx_fit_fewer_members(dmx_fit *self);
bool dmx_fit_shorter_segments(dmx_fit *self);

/* The longest segment of the members, in seconds, when nothing is asked for. */
double dmx_fit_own_segment(const demucs_model *model);

/* Members in memory. */
int dmx_fit_members_kept(const demucs_model *model);

#endif
