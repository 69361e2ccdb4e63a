/* loudness.h - mean and deviation of a track, gathered piece by piece. */
#ifndef DMX_DSP_LOUDNESS_H
#define DMX_DSP_LOUDNESS_H

#include "demucs.h"

void dmx_loudness_add(demucs_loudness *loudness, const float *const *mix, int channels, size_t frames);

#endif
