/* spool.h - float audio of any length, kept on disk instead of in memory.
 *
 * What must be known of a whole track before its first sample can be used (its loudness before the network, the peak of
 * a stem before it is written) would need the track in memory, and an hour of stereo is 1.3 GB a stem. So it is written
 * to a temporary file, float32 and interleaved, that has no name: whatever ends the program, nothing is left behind. */
#ifndef DMX_TRACKS_SPOOL_H
#define DMX_TRACKS_SPOOL_H

#include "base/error.h"

typedef struct dmx_spool dmx_spool;

/* Where spools are made. */
typedef struct dmx_spool_place {
    const char *chosen; /* by the caller; else $TMPDIR where that is set, else `folder` */
    const char *folder; /* made where it is missing */
    int made;           /* how many of its last parts are ours */
} dmx_spool_place;

const char *dmx_spool_place_folder(const dmx_spool_place *place);

/* What to do when that folder will not do; the end of a sentence. */
const char *dmx_spool_place_advice(const dmx_spool_place *place);

/* A file without a name in that folder, open for reading and writing; -1, with a sentence, on failure. */
int dmx_spool_place_open(dmx_spool_place *place, demucs_error *error);

/* Say that a file there could not be written. Always false. */
bool dmx_spool_place_refuse(const dmx_spool_place *place, int failure, demucs_error *error);

/* Create an empty spool. NULL on failure. `place` outlives it. */
dmx_spool *dmx_spool_create(dmx_spool_place *place, int channels, demucs_error *error);
void dmx_spool_free(dmx_spool *self);

/* Append frames from planes[channel]. */
bool dmx_spool_append(dmx_spool *self, const float *const *planes, size_t frames, demucs_error *error);

/* Read frames from position `first` on into planes[channel]; they must be there. */
bool dmx_spool_read(const dmx_spool *self, uint64_t first, float *const *planes, size_t frames, demucs_error *error);

uint64_t dmx_spool_frames(const dmx_spool *self);

/* The largest absolute value appended so far. */
float dmx_spool_peak(const dmx_spool *self);

#endif
