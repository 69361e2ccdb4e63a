/* pcm.c - see pcm.h */
#include "audio/pcm.h"

void audio_pcm_int16(int16_t *out, const float *const *planes, size_t start, size_t frames, int channels, bool nearest)
{
    for (size_t frame = start; frame < start + frames; frame++)
        for (int channel = 0; channel < channels; channel++)
            *out++ = (int16_t)(nearest ? audio_to_nearest(planes[channel][frame], AUDIO_INT16_RANGE)
                                       : audio_to_int(planes[channel][frame], AUDIO_INT16_MAX));
}

void audio_pcm_int24(int32_t *out, const float *const *planes, size_t start, size_t frames, int channels, bool nearest)
{
    for (size_t frame = start; frame < start + frames; frame++)
        for (int channel = 0; channel < channels; channel++)
            *out++ = (nearest ? audio_to_nearest(planes[channel][frame], AUDIO_INT24_RANGE)
                              : audio_to_int(planes[channel][frame], AUDIO_INT24_MAX)) *
                     256;
}

void audio_pcm_float32(float *out, const float *const *planes, size_t start, size_t frames, int channels, bool bounded)
{
    for (size_t frame = start; frame < start + frames; frame++)
        for (int channel = 0; channel < channels; channel++) {
            const float sample = planes[channel][frame];
            *out++ = bounded ? audio_to_bounded(sample) : sample;
        }
}
