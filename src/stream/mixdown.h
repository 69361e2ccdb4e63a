/* mixdown.h - where the lanes' results are added up, until they are complete and handed out. */
#ifndef DMX_STREAM_MIXDOWN_H
#define DMX_STREAM_MIXDOWN_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

typedef struct dmx_mixdown {
    float *planes; /* [planes_count][capacity] sums so far, for track frames from `origin` on */
    int planes_count;
    int64_t capacity;
    int64_t origin;
    int64_t begin; /* first frame that was not handed out yet */
    int64_t ready; /* frames before this are complete */
} dmx_mixdown;

void dmx_mixdown_carve(dmx_mixdown *mixdown, dmx_arena *arena, int planes, int64_t capacity);
void dmx_mixdown_reset(dmx_mixdown *mixdown);

/* Make room for what comes after `begin`: to be called before the first dmx_mixdown_add of a round of segments. */
void dmx_mixdown_compact(dmx_mixdown *mixdown);

/* plane[first + i] += factor * share[i] * values[i] for i in [0, frames); frames before the track (first < 0) are
 * dropped. */
void dmx_mixdown_add(dmx_mixdown *mixdown, int plane, int64_t first, int64_t frames, float factor, const float *share,
                     const float *values);

/* Copy up to `capacity` complete frames as x * scale + offset, or the largest float, into out[plane], where out[plane]
 * may be NULL, and forget them. Returns how many. */
size_t dmx_mixdown_take(dmx_mixdown *mixdown, size_t capacity, float scale, float offset, float *const *out);

#endif
