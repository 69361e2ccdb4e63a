/* before.h - what is found before the work: files that are there twice, and tracks that meet in one place. */
#ifndef DMX_RUNS_BEFORE_H
#define DMX_RUNS_BEFORE_H

#include "tracks/runs/rows.h"

/* Close the rows of tracks that do not begin. False with a sentence when none may begin. */
bool dmx_runs_before(demucs_run *self, demucs_error *error);

#endif
