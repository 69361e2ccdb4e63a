/* gather.h - the tracks that a command line names: files, folders, and the lines of a list. */
#ifndef SEPARATE_GATHER_H
#define SEPARATE_GATHER_H

#include "demucs_runs.h"
#include "options.h"

/* The list of all tracks, or NULL and a sentence. `folder` is the one of the results of this model: there, and in those
 * of other models beside it, no tracks are looked for. */
demucs_runs_list *gather_tracks(const separate_options *options, const char *folder, demucs_error *why);

#endif
