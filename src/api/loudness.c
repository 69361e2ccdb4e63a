/* loudness.c - demucs_loudness */
#include "dsp/loudness.h"

void demucs_loudness_add(demucs_loudness *loudness, const float *const *mix, int channels, size_t frames)
{
    if (loudness == NULL || mix == NULL || channels < 1) return;
    for (int c = 0; c < channels; c++)
        if (mix[c] == NULL) return;
    dmx_loudness_add(loudness, mix, channels, frames);
}
