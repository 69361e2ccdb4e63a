/* follow.h - what a person sees of a run: tracks as they begin, progress, what went wrong, and what is missing in the
 * end. */
#ifndef SEPARATE_FOLLOW_H
#define SEPARATE_FOLLOW_H

#include "common/progress.h"
#include "demucs_runs.h"
#include "device.h"
#include "record.h"

typedef struct follow {
    progress progress;
    bool quiet;    /* neither bars nor how long it took */
    record record; /* for programs */
    demucs_run *run;
    bool together;  /* several tracks at once: one bar for all of them */
    double *shares; /* [tracks] how much is done of each, with `together` */
    size_t tracks, ended;
    device_notice device;
    size_t timed; /* the track by which the device is timed, from 1 */
    bool told;    /* why the track that is left out is left out */
} follow;

/* The rest of `self` is all zeros, but for `record` and `device`. `mode` is that of --progress. */
void follow_begin(follow *self, size_t tracks, int at_once, const char *mode);
void follow_end(follow *self);

/* A demucs_runs_event_fn; `user` is the follow. */
bool follow_event(const demucs_runs_event *event, void *user);

/* Say at the end what is missing, since the messages may have scrolled away. Returns the exit status. */
int follow_summarize(const demucs_run *run);

/* The same where the end came before the run. */
void follow_name_all(const demucs_runs_list *list);

#endif
