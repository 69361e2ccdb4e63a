/* engine.h - the engine of a run, as large as the memory allows, and what is said of it. */
#ifndef SEPARATE_ENGINE_H
#define SEPARATE_ENGINE_H

#include "demucs_runs.h"
#include "options.h"

/* Create request->engine for the tracks of the list. Segments become shorter in options->separation where they have to;
 * *at_once: how many tracks are to be separated at the same time. */
bool engine_open(demucs_tracks_request *request, separate_options *options, demucs_model *model,
                 const demucs_runs_list *list, int *at_once, demucs_error *why);

#endif
