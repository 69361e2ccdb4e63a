/* names.h - what files are called: after a stem of the model, or as what stands beside one. */
#ifndef DMX_TRACKS_NAMES_H
#define DMX_TRACKS_NAMES_H

#include "demucs_tracks.h"

/* "" of a stem, "no_" of the others, "minus_" of the rest. */
const char *dmx_name_prefix(demucs_tracks_kind kind);

/* The stem that a name is about, by itself, as no_STEM or as minus_STEM, which *kind says; -1: none. What the model
 * calls so is a stem, and never taken for the rest beside another. */
int dmx_name_find(const demucs_model *model, const char *name, size_t length, demucs_tracks_kind *kind);

/* The stems of the model with commas between them, cut where there are too many, in `out`; returns it. */
#define DMX_NAMES_LIST 320
const char *dmx_name_list(char out[DMX_NAMES_LIST], const demucs_model *model);

#endif
