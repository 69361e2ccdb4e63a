/* collision.h - a track claims the paths of its files, and what becomes of it when another track of its batch has them.
 */
#ifndef DMX_TRACKS_COLLISION_H
#define DMX_TRACKS_COLLISION_H

#include "tracks/batch.h"
#include "tracks/outputs.h"

/* Plan the files of the track that `watch` is for, and claim their paths. What it meets is told, unless it was when the
 * track was reserved. No files where SKIP leaves it out. On failure, too, dmx_outputs_discard and dmx_batch_settle
 * free. */
bool dmx_outputs_claim(dmx_outputs *self, demucs_tracks_batch *batch, dmx_claimant *track, dmx_watch *watch,
                       demucs_error *error);

/* The same for a track that is still to come: the batch keeps its paths and remembers what was told. */
bool dmx_outputs_reserve(dmx_outputs *self, demucs_tracks_batch *batch, dmx_claimant *track, dmx_watch *watch,
                         demucs_error *error);

#endif
