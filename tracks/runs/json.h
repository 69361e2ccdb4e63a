/* json.h - the summary of a run as JSON, and a word that it shares with the log. */
#ifndef DMX_RUNS_JSON_H
#define DMX_RUNS_JSON_H

#include "base/file.h"
#include "tracks/runs/rows.h"

/* Write the summary of a run that took `seconds` into a file that is open. False with a sentence. */
bool dmx_runs_write_summary(demucs_run *self, double seconds, dmx_file *file, demucs_error *error);

/* "done", "cached", ... */
const char *dmx_runs_outcome_name(demucs_runs_outcome outcome);

#endif
