/* together.h - the files of a track that add up to it (demucs_tracks_request.sum_to_mix): a block of all of them at a
 * time, since each takes up what the others leave.
 *
 *     stems -> planes --(resampled)--> sum.h --> a block of all files, which add up
 *
 * They add up to the mix, at the model's rate; or, where the files keep the rate of the input, to the input. */
#ifndef DMX_TRACKS_TOGETHER_H
#define DMX_TRACKS_TOGETHER_H

#include "tracks/resampling.h"
#include "tracks/spool.h"
#include "tracks/sum.h"

/* Takes a block: planes[file * channels + channel]. */
typedef bool (*dmx_together_fn)(void *user, const float *const *planes, size_t frames, demucs_error *error);

typedef struct dmx_together_format {
    int files, channels, sample_rate_hz; /* sample_rate_hz: of the stems */
    double step;                         /* of the samples, see sum.h */
    bool waits;                          /* blocks are rounded later, when their gain is known */
    const dmx_spool *input;              /* NULL, or the input at its own rate, which lasts as long */
    int input_rate_hz;
    const char *track; /* for sentences */
    dmx_together_fn take;
    void *user;
} dmx_together_format;

typedef struct dmx_together {
    dmx_together_format format;
    dmx_sum *sum;
    float **planes;             /* [files * channels] where the caller puts the files, made of stems */
    float **own;                /* the same, where they have to be resampled, else NULL */
    float **read;               /* [channels] a block of the input; else NULL */
    dmx_resampling *resampling; /* else NULL */
    uint64_t summed;            /* frames, at the rate of the files */
} dmx_together;

/* NULL on failure. */
dmx_together *dmx_together_create(const dmx_together_format *format, demucs_error *error);
void dmx_together_free(dmx_together *self);

/* What lies in `planes` shall add up to mix[channel], or to the input. */
bool dmx_together_add(dmx_together *self, const float *const *mix, size_t frames, demucs_error *error);

/* Hand on what is held back. */
bool dmx_together_finish(dmx_together *self, demucs_error *error);

/* Divide a block that has waited, read back into sum->planes, and round it. */
void dmx_together_round(dmx_together *self, double divisor, size_t frames);

#endif
