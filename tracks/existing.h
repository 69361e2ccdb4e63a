/* existing.h - a track whose files are there already. */
#ifndef DMX_TRACKS_EXISTING_H
#define DMX_TRACKS_EXISTING_H

#include "tracks/outputs.h"

/* Whether all files of the track are *there: newer than the input, of as many channels as they should have, of one
 * length, and whole, for which each is read to its end. The levels of their audio go to `outputs` then. Files that
 * cannot be read are not whole, and no failure; that is CANCELLED, or MEMORY. */
bool dmx_existing_find(dmx_outputs *outputs, dmx_watch *watch, bool *there, demucs_error *error);

#endif
