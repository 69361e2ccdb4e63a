/* progress.h - what a person sees while a track is separated, and how the library learns that it should stop. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "common/bar.h"
#include "common/bar_lines.h"
#include "demucs_tracks.h"

typedef struct progress {
    bool words;   /* through a pipe: words for a log, and not the lines of the official program */
    bool waiting; /* for another process, as was said */
    progress_bar bar;
    bar_lines lines;
    double audio_seconds; /* length of the track */
} progress;

/* A track begins. `self` was all zeros before the first, but for `words`. */
void progress_begin(progress *self);

/* A demucs_tracks_event_fn; `user` is the progress: moves the bar, prints warnings, stops once a signal came. */
bool progress_event(const demucs_tracks_event *event, void *user);

/* End the line of the bar, so that something else can be said; the bar goes on after it. */
void progress_pause(progress *self);

/* Clear the bar; `done`: and say how long it took. */
void progress_end(progress *self, bool done);

#endif
