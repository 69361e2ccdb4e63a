/* blend.h - the samples of a file: sums of the track and its stems, and what is done to them before they are written.
 */
#ifndef DMX_TRACKS_BLEND_H
#define DMX_TRACKS_BLEND_H

#include <stddef.h>
#include <stdint.h>

/* One channel of a weighted sum.
 *   weights  [1 + sources] of the track, and of each stem
 *   mix      the channel of the track; not looked at where its weight is 0
 *   stems    [source * channels] that of each stem; the same
 * The order is the official one: the track, or 0 in its place, then the stems by their number, each as it is where its
 * weight is 1. One stem by itself is copied. */
void dmx_blend(float *to, size_t frames, const float *weights, const float *mix, const float *const *stems, int sources,
               int channels);

/* The mean of the channels, into the first. */
void dmx_blend_to_mono(float *const *planes, int channels, size_t frames);

/* Cut samples off at 0.99; how many. */
uint64_t dmx_blend_clamp(float *samples, size_t frames);

#endif
