/* mixdown.c - see mixdown.h */
#include "stream/mixdown.h"

#include <assert.h>
#include <float.h>
#include <string.h>

void dmx_mixdown_carve(dmx_mixdown *mixdown, dmx_arena *arena, int planes, int64_t capacity)
{
    mixdown->planes_count = planes;
    mixdown->capacity = capacity;
    mixdown->planes = dmx_arena_floats(arena, (size_t)planes * (size_t)capacity);
}

void dmx_mixdown_reset(dmx_mixdown *mixdown)
{
    mixdown->origin = mixdown->begin = mixdown->ready = 0;
    memset(mixdown->planes, 0, (size_t)mixdown->planes_count * (size_t)mixdown->capacity * sizeof(float));
}

void dmx_mixdown_compact(dmx_mixdown *mixdown)
{
    const size_t gone = (size_t)(mixdown->begin - mixdown->origin), kept = (size_t)mixdown->capacity - gone;
    if (gone == 0) return;
    for (int p = 0; p < mixdown->planes_count; p++) {
        float *plane = mixdown->planes + p * mixdown->capacity;
        memmove(plane, plane + gone, kept * sizeof(float));
        memset(plane + kept, 0, gone * sizeof(float));
    }
    mixdown->origin = mixdown->begin;
}

void dmx_mixdown_add(dmx_mixdown *mixdown, int plane, int64_t first, int64_t frames, float factor, const float *share,
                     const float *values)
{
    const int64_t skipped = first < 0 ? (first + frames > 0 ? -first : frames) : 0;
    assert(skipped == frames ||
           (first + skipped >= mixdown->ready && first + frames <= mixdown->origin + mixdown->capacity));
    float *out = mixdown->planes + plane * mixdown->capacity + (first - mixdown->origin);
    for (int64_t i = skipped; i < frames; i++) out[i] += factor * share[i] * values[i];
}

/* The network may make the loudest samples that there are louder still. */
static float finite(float sample) { return sample > FLT_MAX ? FLT_MAX : sample < -FLT_MAX ? -FLT_MAX : sample; }

size_t dmx_mixdown_take(dmx_mixdown *mixdown, size_t capacity, float scale, float offset, float *const *out)
{
    const size_t complete = (size_t)(mixdown->ready - mixdown->begin);
    const size_t taken = complete < capacity ? complete : capacity;
    for (int p = 0; p < mixdown->planes_count; p++) {
        const float *plane = mixdown->planes + p * mixdown->capacity + (mixdown->begin - mixdown->origin);
        for (size_t i = 0; out[p] != NULL && i < taken; i++) out[p][i] = finite(plane[i] * scale + offset);
    }
    mixdown->begin += (int64_t)taken;
    return taken;
}
