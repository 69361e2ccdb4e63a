/* r128.h - the loudness and the true peak of a sound, by EBU R128 (ITU-R BS.1770): libebur128. */
#ifndef DMX_VIDEO_R128_H
#define DMX_VIDEO_R128_H

#include <stdbool.h>
#include <stddef.h>

typedef struct dmx_r128 dmx_r128;

/* NULL without memory. */
dmx_r128 *dmx_r128_create(int channels, int sample_rate_hz);
void dmx_r128_free(dmx_r128 *self);

/* Add frames of planes[channel] from `first` on. False without memory. */
bool dmx_r128_add(dmx_r128 *self, const float *const *planes, size_t first, size_t frames);

/* The integrated loudness of all that was added, LUFS; -HUGE_VAL for silence, and for less than 0.4 s. */
double dmx_r128_loudness(const dmx_r128 *self);

/* The true peak, 1 is full scale: of all that was added, and of what was added last. */
double dmx_r128_peak(const dmx_r128 *self);
double dmx_r128_last_peak(const dmx_r128 *self);

#endif
