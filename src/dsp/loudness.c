/* loudness.c - mean and deviation of a track, gathered piece by piece; see loudness.h.
 *
 * Welford's method, frame by frame and in double: every frame moves the mean by its share of the distance, which never
 * subtracts two large sums. Merging statistics of blocks would be a little faster, but this way the result does not
 * depend on how the track was cut into pieces. */
#include "dsp/loudness.h"

#include <math.h>

void dmx_loudness_add(demucs_loudness *loudness, const float *const *mix, int channels, size_t frames)
{
    demucs_loudness l = *loudness;
    for (size_t n = 0; n < frames; n++) {
        double mono = 0;
        for (int c = 0; c < channels; c++) mono += isfinite(mix[c][n]) ? (double)mix[c][n] : 0;
        mono /= channels;
        double share = 1 / (double)++l.frames, distance = mono - l.mean;
        l.mean += distance * share;
        l.m2 += distance * (mono - l.mean);
    }
    *loudness = l;
}
