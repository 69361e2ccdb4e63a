/* lines.h - a list of tracks in a text file. */
#ifndef DMX_RUNS_LINES_H
#define DMX_RUNS_LINES_H

#include "tracks/runs/list.h"

/* Add what the lines of `file` name, "-" for standard input. False with a sentence; the list may have grown then. */
bool dmx_runs_read_lines(demucs_runs_list *list, const char *file, const demucs_runs_search *search,
                         demucs_error *error);

#endif
