/* window.c - see window.h */
#include "stream/window.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* As loud as what a network gets, 240 dB above full scale. Beyond, squares and sums in the network may leave the range
 * of float, and its output would be no numbers. */
static const float LOUDEST = 1e12f;

/* (sample - mean) * scale. The difference of two samples may be infinite as float, and a number all the same once it is
 * scaled. */
static float levelled(float sample, float mean, float scale)
{
    const float level = (sample - mean) * scale;
    if (level >= -LOUDEST && level <= LOUDEST) return level;
    const double exact = ((double)sample - mean) * scale;
    return (float)fmin(fmax(exact, -LOUDEST), LOUDEST);
}

void dmx_window_carve(dmx_window *window, dmx_arena *arena, int channels, int64_t capacity)
{
    window->channels = channels;
    window->capacity = capacity;
    window->planes = dmx_arena_floats(arena, (size_t)channels * (size_t)capacity);
}

void dmx_window_reset(dmx_window *window) { window->begin = window->end = 0; }

void dmx_window_forget(dmx_window *window, int64_t frame)
{
    if (frame <= window->begin) return;
    if (frame > window->end) frame = window->end;
    const size_t kept = (size_t)(window->end - frame);
    for (int c = 0; c < window->channels; c++) {
        float *plane = window->planes + c * window->capacity;
        memmove(plane, plane + (frame - window->begin), kept * sizeof(float));
    }
    window->begin = frame;
}

size_t dmx_window_push(dmx_window *window, const float *const *mix, size_t frames, float mean, float scale)
{
    const int64_t count = window->end - window->begin, room = window->capacity - count;
    const size_t taken = frames < (size_t)room ? frames : (size_t)room;
    for (int c = 0; c < window->channels; c++) {
        float *out = window->planes + c * window->capacity + count;
        for (size_t i = 0; i < taken; i++) out[i] = levelled(isfinite(mix[c][i]) ? mix[c][i] : 0, mean, scale);
    }
    window->end += (int64_t)taken;
    return taken;
}

void dmx_window_read(const dmx_window *window, int64_t first, int64_t frames, float *out)
{
    const int64_t last = first + frames;
    const int64_t from = first > 0 ? first : 0, to = last < window->end ? last : window->end;
    memset(out, 0, (size_t)window->channels * (size_t)frames * sizeof(float));
    if (from >= to) return;
    assert(from >= window->begin);
    for (int c = 0; c < window->channels; c++)
        memcpy(out + c * frames + (from - first), window->planes + c * window->capacity + (from - window->begin),
               (size_t)(to - from) * sizeof(float));
}
