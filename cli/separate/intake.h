/* intake.h - the first pass over a track: decode, bring to the model's channels and rate, measure, spool.
 *
 * The network needs the loudness of the whole track before its first segment. Decoding twice would be slow, and is not
 * sure to give the same samples twice (pipes, damaged files), so the track is decoded once, into a spool. */
#ifndef SEPARATE_INTAKE_H
#define SEPARATE_INTAKE_H

#include "demucs.h"
#include "spool.h"

typedef struct intake_format {
    int channels, sample_rate_hz; /* of the model */
    int stream;                   /* which audio stream of the file */
    const char *spool_folder;
} intake_format;

/* Read `track`. Mono is copied to all channels; of more channels than the model's, the first are taken, or, for a mono
 * model, their mean; samples that are not finite become 0. The spool is to be freed by the caller; NULL on failure, a
 * track without samples included. */
spool *intake_read(const char *track, const intake_format *format, demucs_loudness *loudness, failure *why);

#endif
