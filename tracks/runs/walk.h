/* walk.h - the tracks of a folder. */
#ifndef DMX_RUNS_WALK_H
#define DMX_RUNS_WALK_H

#include "tracks/runs/list.h"

/* Add the tracks of the folder `root`. A problem with a folder becomes an item. False without memory, with a sentence.
 */
bool dmx_runs_walk(demucs_runs_list *list, const char *root, const demucs_runs_search *search, demucs_error *error);

#endif
