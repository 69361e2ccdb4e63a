/* batch.h - which paths are given out, and which files may not be overwritten: the inside of demucs_tracks_batch. */
#ifndef DMX_TRACKS_BATCH_H
#define DMX_TRACKS_BATCH_H

#include "demucs_tracks.h"

/* A track while it claims: its address tells it from others, also from one with the same path. */
typedef struct dmx_claimant {
    const demucs_tracks_request *request;
    struct claim *claims; /* what it has; NULL at first */
} dmx_claimant;

/* Claim `path` (copied) for a track. Fails with ARGUMENT when another track has it, or this one for another of its
 * files, or when it is a protected file or the track itself. */
bool dmx_batch_claim(demucs_tracks_batch *self, const char *path, dmx_claimant *track, demucs_error *error);

/* The track ends. When it failed, others may have its paths. */
void dmx_batch_settle(demucs_tracks_batch *self, dmx_claimant *track, bool done);

#endif
