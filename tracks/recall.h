/* recall.h - a track that may have been separated before: find its result in the cache, or keep it there.
 *
 * What is wrong with the cache never stops a track: the caller is told by an event, and it is computed. */
#ifndef DMX_TRACKS_RECALL_H
#define DMX_TRACKS_RECALL_H

#include "tracks/cache/cache.h"
#include "tracks/intake.h"
#include "tracks/key.h"

typedef struct dmx_recall {
    demucs_cache *cache; /* NULL: there is none, or it is of no use for this track */
    dmx_key key;
    dmx_cache_claim claim;
    int64_t computed_unix; /* of what was found */
} dmx_recall;

/* Begin the phase READ, and look for the track. When it was *found, its files are there, and `intake` (without a mix),
 * `outputs` and `watch` as if it had been computed. Else nobody computes it beside this track until dmx_recall_end. */
bool dmx_recall_begin(dmx_recall *self, dmx_intake *intake, dmx_outputs *outputs, dmx_watch *watch, bool *found,
                      demucs_error *error);

/* Its files are there: keep them. */
void dmx_recall_keep(dmx_recall *self, const dmx_intake *intake, const dmx_outputs *outputs, dmx_watch *watch);

void dmx_recall_end(dmx_recall *self);

#endif
