/* budget.h - whether the temporary files and the stems of a track find room, before the work that they take. */
#ifndef DMX_TRACKS_BUDGET_H
#define DMX_TRACKS_BUDGET_H

#include "tracks/outputs.h"
#include "tracks/spool.h"

/* Whether there is room for a track of `frames` at the model's rate, as far as it can be told: a disk may fill up
 * meanwhile, and nobody knows how small a flac or ALAC becomes, which is counted as nothing. The folders of the outputs
 * are made. `is_read`: its spool is there already. */
bool dmx_budget_allows(const dmx_outputs *outputs, uint64_t frames, bool is_read, demucs_error *error);

#endif
