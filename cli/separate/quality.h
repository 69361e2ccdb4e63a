/* quality.h - what `demucs` does with the figures of a separation: words, a file of them, a page, an exit status. */
#ifndef SEPARATE_QUALITY_H
#define SEPARATE_QUALITY_H

#include "base/file.h"
#include "demucs_runs.h"
#include "options.h"

/* What all tracks of a run share. */
typedef struct quality_check {
    const separate_options *options;
    const demucs_runs_list *list;
    const demucs_model *model;
    const char **unusual; /* [unusual_count] tracks with an outlier */
    int unusual_count;
    dmx_file *json;                /* --quality-json, under way */
    int written;                   /* tracks in it */
    demucs_quality_report *report; /* --report, under way */
    demucs_error failure;          /* of either; the first */
} quality_check;

/* Begin, before the first track of the list: files that cannot be written, or that are one of the tracks, are found
 * here. `request` is that of all tracks, and is told what to measure. */
bool quality_open(quality_check *self, const separate_options *options, demucs_tracks_request *request,
                  const demucs_runs_list *list, demucs_error *error);

/* A track is done, of this audio stream. What goes wrong with the files is kept for the end: the stems are there. */
void quality_take(quality_check *self, const char *track, int stream, const demucs_tracks_result *result);

/* No more comes: the files appear, and a run of several tracks says which were unusual. */
bool quality_close(quality_check *self, demucs_error *error);

/* Free; files that did not appear are gone. */
void quality_discard(quality_check *self);

#endif
