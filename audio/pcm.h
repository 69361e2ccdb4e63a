/* pcm.h - planar float samples to interleaved ones, integers as the official writer rounds them. */
#ifndef DEMUCS_AUDIO_PCM_H
#define DEMUCS_AUDIO_PCM_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUDIO_INT16_RANGE 32768.0
#define AUDIO_INT24_RANGE 8388608.0
#define AUDIO_INT16_MAX   32767.0f
#define AUDIO_INT24_MAX   8388607.0f

/* Clamp to [-1, 1]; NaN gives 0. */
static inline float audio_to_bounded(float sample)
{
    if (sample > 1.0f) return 1.0f;
    if (sample < -1.0f) return -1.0f;
    return sample == sample ? sample : 0.0f;
}

/* Clamp to [-1, 1], scale, truncate towards zero; NaN gives 0. The product is a float32 product, as in the official
 * writer: for 24 bits it rounds, and the integers are the same only if it rounds in the same place. */
static inline int32_t audio_to_int(float sample, float scale) { return (int32_t)(audio_to_bounded(sample) * scale); }

/* The nearest integer to sample * range, where range is 2^15 or 2^23: what readers divide by. */
static inline int32_t audio_to_nearest(float sample, double range)
{
    const double at = sample == sample ? floor((double)sample * range + 0.5) : 0;
    return at >= range ? (int32_t)range - 1 : at < -range ? -(int32_t)range : (int32_t)at;
}

/* planes[channel][start .. start + frames) -> out[frames][channels]; `nearest` as in audio_format */
void audio_pcm_int16(int16_t *out, const float *const *planes, size_t start, size_t frames, int channels, bool nearest);

/* The same in 24 bits, in the upper three bytes of 32. */
void audio_pcm_int24(int32_t *out, const float *const *planes, size_t start, size_t frames, int channels, bool nearest);

/* The same as floats, clamped like integers if `bounded`, else as they are. */
void audio_pcm_float32(float *out, const float *const *planes, size_t start, size_t frames, int channels, bool bounded);

#endif
