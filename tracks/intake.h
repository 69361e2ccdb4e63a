/* intake.h - the first pass over a track: decode, bring to the model's channels and rate, measure, spool.
 *
 * The network needs the loudness of the whole track before its first segment. Decoding twice would be slow, and is not
 * sure to give the same samples twice (pipes, damaged files), so the track is decoded once, into a spool. */
#ifndef DMX_TRACKS_INTAKE_H
#define DMX_TRACKS_INTAKE_H

#include "tracks/carried.h"
#include "tracks/spool.h"
#include "tracks/watch.h"

typedef struct dmx_intake_format {
    int channels, sample_rate_hz; /* of the model */
    dmx_outputs *outputs;         /* that there has to be room for too; what they keep of the track is settled */
    dmx_spool_place *spool_place;
} dmx_intake_format;

/* What was read. */
typedef struct dmx_intake {
    dmx_spool *mix;   /* to be freed by the caller */
    audio_tags *tags; /* of the file, where the outputs keep them, else NULL; to be freed with dmx_carried_free_tags */
    dmx_spool *input; /* the same at the rate of the file, where the outputs need it, else NULL; likewise */
    demucs_loudness loudness;
    int channels, sample_rate_hz; /* of the file, where it begins */
    int depth;                    /* of its samples (dmx_carried) */
    uint64_t frames;              /* of the file, or its section, at that rate */
    uint64_t missing;             /* frames that the file announces and does not have */
    size_t damaged;
    uint64_t not_finite;
    int crowded_channels, taken_channels; /* of a part of the file: those that it has, and the fewer that are taken; 0:
                                             all were */
} dmx_intake;

/* Read the track that `watch` is for. Mono is copied to all channels; of more channels than the model's, the first are
 * taken, or all of them mixed, or, for a mono model, their mean; samples that are not finite become 0. A track without
 * samples is a failure; after one, `out` is all zeros. */
bool dmx_intake_read(dmx_intake *out, const dmx_intake_format *format, dmx_watch *watch, demucs_error *error);

/* Tell again what dmx_intake_read told. */
bool dmx_intake_warn(const dmx_intake *self, dmx_watch *watch, demucs_error *error);

#endif
