/* sum.h - files that add up to the mix (demucs_tracks_request.sum_to_mix).
 *
 *     spread    what the stems leave of the mix is added to them, to each by its share of the energy
 *     round     each sample to the steps of the format, so that what was rounded off one is in the next
 *
 * The share follows the energy of about the last 50 ms, all channels together, so it moves slowly and has no seams. */
#ifndef DMX_TRACKS_SUM_H
#define DMX_TRACKS_SUM_H

#include <stddef.h>

typedef struct dmx_sum {
    int files, channels;
    float **planes;  /* [files * channels] planes of a block: of file 0, of file 1, ... */
    double *energy;  /* [files] of the past, which fades */
    double *at_once; /* [files] scratch: of one frame, then the shares */
    double keep;     /* how much of it is left a frame later */
    double step;     /* of the format: 2^-15 or 2^-23; 0 for floats */
} dmx_sum;

/* NULL without memory. */
dmx_sum *dmx_sum_create(int files, int channels, int sample_rate_hz, double step);
void dmx_sum_free(dmx_sum *self);

/* Make the planes add up to mix[channel]. Blocks come in their order. */
void dmx_sum_spread(dmx_sum *self, const float *const *mix, size_t frames);

/* Divide the planes, which add up, by `divisor`, and round them so that their sum is off by half a step at most. */
void dmx_sum_round(dmx_sum *self, double divisor, size_t frames);

#endif
