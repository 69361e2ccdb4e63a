/* outputs.h - the files that one track becomes: which they are, how they are mixed from the stems, how they are
 * written.
 *
 *     plan      names, paths and formats; nothing is created, so whatever is wrong here costs no time
 *     open      folders and files
 *     add       as often as stems come
 *     commit    everything appears
 *     discard   frees; what was not committed is as if it had never been begun
 *
 * With --clip-mode rescale a stem is divided by its peak, known only at its end: it waits in a spool till then. */
#ifndef SEPARATE_OUTPUTS_H
#define SEPARATE_OUTPUTS_H

#include "audio/audio.h"
#include "demucs.h"
#include "options.h"
#include "paths.h"
#include "spool.h"

typedef enum output_kind {
    OUTPUT_STEM,   /* stem `source` */
    OUTPUT_OTHERS, /* the sum of all but `source` */
    OUTPUT_REST    /* the track minus `source` */
} output_kind;

typedef struct output {
    output_kind kind;
    int source;
    char *path;
    audio_container container;
    bool made_folder, committed;
    spool *spool;         /* with rescale */
    audio_writer *writer; /* else, and while a spool is written out */
} output;

typedef struct outputs {
    const separate_options *options;
    const char *spool_folder;
    int sources, channels, sample_rate_hz;
    output *items; /* [count] */
    int count;
    float **planes; /* [channels] planes of OUTPUTS_BLOCK frames */
} outputs;

enum { OUTPUTS_BLOCK = 16384 }; /* frames that may be added at a time */

/* Which stems the engine has to compute, into wanted[sources]; false when all of them. */
bool outputs_wanted(const separate_options *options, const demucs_model *model, bool *wanted);

/* Decide on the files of `track` inside `folder`. On failure, too, outputs_discard frees. */
bool outputs_plan(outputs *self, const separate_options *options, const demucs_model *model, const char *folder,
                  const char *track, path_claims *claims, failure *why);

/* Whether `mix` below is needed. */
bool outputs_need_mix(const outputs *self);

bool outputs_open(outputs *self, failure *why);

/* Add frames: stems[source * channels + channel] as the engine gives them, mix[channel]. */
bool outputs_add(outputs *self, const float *const *stems, const float *const *mix, size_t frames, failure *why);

/* Write all and let them appear. On failure those that had appeared are removed again. */
bool outputs_commit(outputs *self, failure *why);

void outputs_discard(outputs *self);

#endif
