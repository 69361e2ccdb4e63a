/* gains.h - gains that change in time: of an accompaniment under a narration, and of a limiter.
 *
 * Time is cut into units of 5 ms. A gain has a value where each begins and where the last one ends, `units` + 1 in all,
 * and is a straight line between them. */
#ifndef DMX_VIDEO_GAINS_H
#define DMX_VIDEO_GAINS_H

#include "demucs_video.h"

#define DMX_UNIT_SECONDS 0.005

/* The accompaniment: turned down where a unit's `levels` (mean squares of the narration) are above `least`. The way
 * down takes the attack and ends where the narration begins; the way up begins when it was quiet for the hold, and
 * takes the release. */
void dmx_gains_duck(float *gains, const float *levels, size_t units, double least, const demucs_video_options *options);

/* The limiter of a sound whose units have the true `peaks`: such that none is above `ceiling`. */
void dmx_gains_limit(float *gains, const float *peaks, size_t units, double ceiling);

/* Multiply `frames` frames of a unit, from the gain `first` to the gain `last` at its end, which is frame `length`. */
void dmx_gains_apply(float *samples, size_t frames, size_t length, float first, float last, double factor);

#endif
