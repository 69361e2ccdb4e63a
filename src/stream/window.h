/* window.h - the stretch of the mix that is in memory.
 *
 *        forgotten          kept, `count` frames           room
 *     ...............[begin ======================= end)..............   begin + capacity
 *
 * Frames are numbered as in the track. Outside of the track everything is zero. */
#ifndef DMX_STREAM_WINDOW_H
#define DMX_STREAM_WINDOW_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

typedef struct dmx_window {
    float *planes; /* [channels][capacity] */
    int channels;
    int64_t capacity;
    int64_t begin, end;
} dmx_window;

void dmx_window_carve(dmx_window *window, dmx_arena *arena, int channels, int64_t capacity);
void dmx_window_reset(dmx_window *window);

/* Frames before `frame` are not needed any more. */
void dmx_window_forget(dmx_window *window, int64_t frame);

/* Take as many of `frames` frames as there is room for, as (x - mean) * scale; non-finite ones as zero, and
 * what is louder than a network can take is cut to that. Returns how many. */
size_t dmx_window_push(dmx_window *window, const float *const *mix, size_t frames, float mean, float scale);

/* out[channels][frames] = frames [first, first + frames) of the track. Those outside of the track, which are before 0
 * and from `end` on, are zero; the others must be in the window. */
void dmx_window_read(const dmx_window *window, int64_t first, int64_t frames, float *out);

#endif
