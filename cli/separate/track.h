/* track.h - separate one file. */
#ifndef SEPARATE_TRACK_H
#define SEPARATE_TRACK_H

#include "common/failure.h"
#include "demucs.h"
#include "options.h"
#include "paths.h"
#include "progress.h"

/* What all tracks of a run share. */
typedef struct batch {
    const separate_options *options;
    const demucs_model *model;
    demucs_separator *separator; /* its progress goes to `progress` */
    const char *folder;          /* OUT/MODEL, which exists */
    path_claims claims;
    progress progress;
} batch;

/* Decode the track, separate it, write its stems: all of them, or none. */
bool track_separate(batch *self, const char *track, failure *why);

#endif
