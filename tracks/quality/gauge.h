/* gauge.h - level of one signal of several channels that comes in blocks: RMS, peak, samples beyond full scale, DC and
 * silence. */
#ifndef DMX_QUALITY_GAUGE_H
#define DMX_QUALITY_GAUGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dmx_gauge {
    int channels;
    size_t window_frames; /* of 0.1 s, in which silence is looked for */
    double *sums;         /* [channels] of all samples */
    uint64_t frames, silent_frames, clipped;
    double squares; /* sum of squares, all channels together */
    float peak;
    size_t filled; /* frames of the window under way, and their squares */
    double window_squares;
} dmx_gauge;

/* `sums` [channels] zeroes of the caller's, who keeps them as long as the gauge. */
void dmx_gauge_begin(dmx_gauge *self, int channels, int sample_rate_hz, double *sums);

/* Add frames from planes[channel]. */
void dmx_gauge_add(dmx_gauge *self, const float *const *planes, size_t frames);

/* No more comes: the window under way is the last. */
void dmx_gauge_end(dmx_gauge *self);

/* The root of the mean square, and whether it is below -60 dBFS; nothing is. */
double dmx_gauge_rms(const dmx_gauge *self);
bool dmx_gauge_is_low(const dmx_gauge *self);

/* The mean of the channel where it is largest. */
double dmx_gauge_dc(const dmx_gauge *self);

/* Share of the time that is silent, 0..1. */
double dmx_gauge_silent_share(const dmx_gauge *self);

#endif
