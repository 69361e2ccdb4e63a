/* mixes.h - further files of a request, "practice=drums+other": a name, and what the file holds (expression.h). */
#ifndef DMX_TRACKS_MIXES_H
#define DMX_TRACKS_MIXES_H

#include "base/error.h"
#include "demucs_tracks.h"

/* Cut one in two, without the blanks around both. *name is to be freed with dmx_free, and NULL on failure; *expression
 * points into `mix`. */
bool dmx_mix_split(const char *mix, char **name, const char **expression, demucs_error *error);

/* Check their form, and that each has a name of its own; with `model` not NULL also the stems, and that none is called
 * as a file of a stem would be. */
bool dmx_mixes_check(const demucs_tracks_request *request, const demucs_model *model, demucs_error *error);

#endif
