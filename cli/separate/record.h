/* record.h - the log of a run: lines of JSON for programs, in a file or on stderr. */
#ifndef SEPARATE_RECORD_H
#define SEPARATE_RECORD_H

#include "demucs_runs.h"
#include "options.h"

typedef struct record {
    int file;       /* -1: none */
    bool on_stderr; /* --progress json */
    bool names;
    char *line; /* [size + 1] for one line and its end */
    size_t size;
    int failure; /* the errno of the first line that could not be written, or 0 */
} record;

/* Open the file that the options name, if they name one: it may be none of the tracks, and no stem takes its place.
 * False with a sentence. */
bool record_open(record *self, const separate_options *options, const demucs_runs_list *list,
                 demucs_tracks_batch *batch, demucs_error *why);

/* Write the line of an event, if it has one. */
void record_event(record *self, const demucs_run *run, const demucs_runs_event *event);

/* Close. False with a sentence when something could not be written. */
bool record_close(record *self, demucs_error *why);

#endif
