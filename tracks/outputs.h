/* outputs.h - the files that one track becomes: which they are (plan.c), how they are mixed from the stems, how they
 * are written (outputs.c).
 *
 *     plan      names, paths and formats; nothing is created, so whatever is wrong here costs no time
 *     try       folders, and whether the files can be begun
 *     open      the files, or spools
 *     add       as often as stems come
 *     commit    everything appears
 *     discard   frees; what was not committed is as if it had never been begun
 *
 * A file whose rate is not the model's is resampled on the way, so that all that follows is as it will be in the file.
 * With DEMUCS_TRACKS_CLIP_RESCALE a file is divided by its peak, known only at its end: it waits in a spool till then.
 * With COMMON it is the highest peak of all.
 */
#ifndef DMX_TRACKS_OUTPUTS_H
#define DMX_TRACKS_OUTPUTS_H

#include "audio/audio.h"
#include "tracks/meter.h"
#include "tracks/pour.h"
#include "tracks/resampling.h"
#include "tracks/spool.h"
#include "tracks/together.h"
#include "tracks/watch.h"

typedef struct dmx_output {
    demucs_tracks_kind kind;
    int source; /* -1 of a mix, and of all stems in one file */
    char *name, *path;
    char *title;     /* of the file, where it keeps the tags of an input that has one; else NULL */
    audio_kept kept; /* what the writer reads */
    int parts;       /* 1; of a .stem.mp4 its streams */
    float *weights;  /* [parts][1 + sources] of the track and of each stem: a part is the sum */
    demucs_tracks_container container;
    char *folder;     /* that the path lies in; NULL before it is made */
    int made_folders; /* how many of its last parts are ours */
    bool committed;
    dmx_spool *spool;           /* with RESCALE and COMMON */
    dmx_pour *pour;             /* that of all, once bytes go to a descriptor; else NULL */
    audio_writer *writer;       /* else, and while a spool is written out */
    int sample_rate_hz;         /* of the file */
    dmx_resampling *resampling; /* to that rate; NULL where it is the model's, and with sum_to_mix */
    int channels;               /* of all parts */
    dmx_meter meter;            /* of what went to the writer */
    float divisor;              /* of RESCALE and COMMON, at least 1 */
    uint64_t clamped;           /* samples that CLAMP cut off */
} dmx_output;

typedef struct dmx_outputs {
    const demucs_tracks_request *request;
    dmx_watch *watch;
    dmx_spool_place *spool_place; /* the caller's */
    int number;                   /* that tells it from another track with the same paths; 1: none */
    int sources, channels, sample_rate_hz;
    int file_channels, file_rate_hz; /* of the files; a format may have a rate of its own */
    demucs_tracks_sample sample;     /* of the files, as far as their formats have it */
    demucs_tracks_sample for_floats; /* what a format without floats has instead */
    bool keeps_rate;                 /* that of the input */
    const audio_tags *tags;          /* of the input, for the files, the caller's; NULL: none */
    uint64_t frames;                 /* of the track, at sample_rate_hz; set before the opening */
    uint64_t input_frames;           /* of the input, at file_rate_hz, with keep_rate; set before the opening */
    const dmx_spool *input;          /* the input at file_rate_hz, the caller's, where files are to add up to it; else
                                        NULL: they add up to `mix`, below */
    dmx_output *items;               /* [count] */
    int count;
    float **planes;         /* [channels of the widest file] planes of a block */
    char *manifest;         /* of .stem.mp4 files; NULL where there are none */
    dmx_together *together; /* with sum_to_mix; else NULL */
    dmx_pour pour;          /* with a descriptor */
} dmx_outputs;

/* Decide which files there are, and what they hold, but not where. On failure, too, dmx_outputs_discard frees. */
bool dmx_outputs_list(dmx_outputs *self, const demucs_tracks_request *request, const demucs_model *model,
                      demucs_error *error);

/* Decide on the files. `number` goes into their paths when it is above 1. On failure, too, dmx_outputs_discard frees.
 */
bool dmx_outputs_plan(dmx_outputs *self, const demucs_tracks_request *request, const demucs_model *model, int number,
                      demucs_error *error);

/* Whether files that are to add up can. The plan asks, and whoever changes it. */
bool dmx_outputs_check_sum(const dmx_outputs *self, demucs_error *error);

/* The type of the samples in a file. */
audio_sample dmx_output_sample(const dmx_outputs *self, const dmx_output *item);

/* The weights of a part. */
static inline const float *dmx_output_weights(const dmx_outputs *self, const dmx_output *item, int part)
{
    return item->weights + part * (1 + self->sources);
}

/* What audio/ calls a container. */
audio_container dmx_audio_container(demucs_tracks_container container);

/* Which stems the files are made of, into needed[sources]. */
void dmx_outputs_need(const dmx_outputs *self, bool *needed);

/* Whether they wait in spools for the end of the track. */
bool dmx_outputs_wait(const dmx_outputs *self);

/* Whether `mix` below is needed. */
bool dmx_outputs_need_mix(const dmx_outputs *self);

/* Whether the input is needed at the rate of the files. */
bool dmx_outputs_need_input(const dmx_outputs *self);

/* Make the folder that the file lies in. */
bool dmx_output_make_folder(dmx_output *item, demucs_error *error);

/* Begin the file, in its folder. */
bool dmx_output_open_writer(dmx_outputs *self, dmx_output *item, demucs_error *error);

/* Make the folders, and begin and drop each file: one that cannot be written is found before the work. */
bool dmx_outputs_try(dmx_outputs *self, demucs_error *error);

bool dmx_outputs_open(dmx_outputs *self, demucs_error *error);

/* Add up to a block of frames: stems[source * channels + channel] as the engine gives them, mix[channel]. */
bool dmx_outputs_add(dmx_outputs *self, const float *const *stems, const float *const *mix, size_t frames,
                     demucs_error *error);

/* Write all and let them appear. On failure those that had appeared are removed again by dmx_outputs_discard. */
bool dmx_outputs_commit(dmx_outputs *self, demucs_error *error);

/* Tell of samples that were cut off; dmx_outputs_commit does. */
bool dmx_outputs_warn(dmx_outputs *self, demucs_error *error);

/* Samples that were cut off in a file, by CLAMP or by its format. */
uint64_t dmx_outputs_clipped(const dmx_outputs *self, const dmx_output *item);

void dmx_outputs_discard(dmx_outputs *self);

#endif
