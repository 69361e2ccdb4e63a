/* blend.c - see blend.h */
#include "tracks/blend.h"

#include <string.h>

static void add(float *to, size_t frames, float weight, const float *from)
{
    for (size_t i = 0; i < frames; i++) to[i] += weight * from[i];
}

static void copy(float *to, size_t frames, float weight, const float *from)
{
    for (size_t i = 0; i < frames; i++) to[i] = weight * from[i];
}

void dmx_blend(float *to, size_t frames, const float *weights, const float *mix, const float *const *stems, int sources,
               int channels)
{
    int terms = 0;
    for (int i = 0; i <= sources; i++) terms += weights[i] != 0;
    memset(to, 0, frames * sizeof *to);
    if (weights[0] != 0) copy(to, frames, weights[0], mix);
    for (int source = 0; source < sources; source++) {
        const float weight = weights[1 + source];
        if (weight == 0) continue;
        /* 0 + x is x but for -0, so this matters to the last bit */
        (terms == 1 ? copy : add)(to, frames, weight, stems[source * channels]);
    }
}

void dmx_blend_to_mono(float *const *planes, int channels, size_t frames)
{
    for (size_t i = 0; i < frames; i++) {
        float sum = 0;
        for (int channel = 0; channel < channels; channel++) sum += planes[channel][i];
        planes[0][i] = sum / (float)channels;
    }
}

uint64_t dmx_blend_clamp(float *samples, size_t frames)
{
    uint64_t count = 0;
    for (size_t i = 0; i < frames; i++) {
        const float bound = samples[i] > 0.99F ? 0.99F : samples[i] < -0.99F ? -0.99F : samples[i];
        count += samples[i] > 0.99F || samples[i] < -0.99F;
        samples[i] = bound;
    }
    return count;
}
