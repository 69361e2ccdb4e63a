/* progress.h - what a person sees while a track is separated, and how the engine learns that it should stop. */
#ifndef SEPARATE_PROGRESS_H
#define SEPARATE_PROGRESS_H

#include "common/bar.h"
#include "demucs.h"

typedef struct progress {
    progress_bar bar;
    double audio_seconds; /* length of the track */
} progress;

/* A track of so many seconds is about to be separated. `self` was all zeros before the first time. */
void progress_begin(progress *self, double audio_seconds);

/* A demucs_progress_fn; `user` is the progress. Stops the separation once a signal came. */
bool progress_report(const demucs_progress *report, void *user);

/* Clear the bar; `done`: and say how long it took. */
void progress_end(progress *self, bool done);

#endif
