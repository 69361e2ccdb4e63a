/* batch.h - which paths are given out, and which files may not be overwritten: the inside of demucs_tracks_batch. */
#ifndef DMX_TRACKS_BATCH_H
#define DMX_TRACKS_BATCH_H

#include "base/text.h"
#include "demucs_tracks.h"

/* A track while it claims: its address tells it from others, also from one with the same path. */
typedef struct dmx_claimant {
    const demucs_tracks_request *request;
    bool replaces;        /* takes paths of other tracks, but for those under way */
    struct claim *claims; /* what it has; NULL at first */
    /* After DMX_CLAIM_MET: */
    char path[DMX_SHOWN_PATH];  /* the one that is taken, as sentences show it */
    char other[DMX_SHOWN_PATH]; /* the track that has it, likewise */
    bool same_track;            /* that is the same file */
    bool same_name;             /* or another one whose name, with its ending, is the same */
    int meetings;               /* how many tracks have met it here, this one included */
} dmx_claimant;

typedef enum dmx_claim_outcome {
    DMX_CLAIM_HELD,
    DMX_CLAIM_MET,   /* another track has it */
    DMX_CLAIM_FAILED /* with a sentence */
} dmx_claim_outcome;

/* Claim `path` (copied) for a track. Fails with ARGUMENT when the track has it for another of its files, or when it is
 * a protected file or the track itself. */
dmx_claim_outcome dmx_batch_claim(demucs_tracks_batch *self, const char *path, dmx_claimant *track,
                                  demucs_error *error);

/* What was decided for a track, which a text of the caller's stands for, when it was reserved. All zeros: nothing. */
typedef struct dmx_reservation {
    int number; /* of RENAME; 1: none */
    bool told;  /* that it meets another */
} dmx_reservation;

dmx_reservation dmx_batch_reservation(demucs_tracks_batch *self, const char *key);

/* Keep what the track has claimed, and what was decided, until it comes. False without memory, with a sentence. */
bool dmx_batch_reserve(demucs_tracks_batch *self, dmx_claimant *track, const char *key, const dmx_reservation *decided,
                       demucs_error *error);

/* The track ends. When it failed, others may have its paths. */
void dmx_batch_settle(demucs_tracks_batch *self, dmx_claimant *track, bool done);

#endif
