/* spool.h - float audio of any length, kept on disk instead of in memory.
 *
 * What must be known of a whole track before its first sample can be used (its loudness before the network, the peak of
 * a stem before it is written) would need the track in memory, and an hour of stereo is 1.3 GB a stem. So it is written
 * to a temporary file, float32 and interleaved, that has no name: whatever ends the program, nothing is left behind. */
#ifndef SEPARATE_SPOOL_H
#define SEPARATE_SPOOL_H

#include "common/failure.h"

#include <stdint.h>

typedef struct spool spool;

/* Create an empty spool in $TMPDIR where that is set, else in `folder`. NULL on failure. */
spool *spool_create(const char *folder, int channels, failure *why);
void spool_free(spool *self);

/* Append frames from planes[channel]. */
bool spool_append(spool *self, const float *const *planes, size_t frames, failure *why);

/* Read frames from position `first` on into planes[channel]; they must be there. */
bool spool_read(const spool *self, uint64_t first, float *const *planes, size_t frames, failure *why);

uint64_t spool_frames(const spool *self);

/* The largest absolute value appended so far. */
float spool_peak(const spool *self);

#endif
