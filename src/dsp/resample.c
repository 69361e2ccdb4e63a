/* resample.c - see resampler.h
 *
 * The input goes into a buffer that holds what the next outputs need; pull computes outputs as long as their whole
 * window lies in it, and what no later output needs is dropped when room is wanted. The two edges, where the first and
 * the last sample are repeated, are fed into the same buffer as if the caller had pushed them. So the arithmetic never
 * knows about edges or pieces, and memory does not grow with the length.
 *
 *     x:  first first first | x[0] x[1] ...              ... x[last] | last last last
 *                              [ held .......... ]
 *                                 ^ next output's window begins at `start` */
#include "base/alloc.h"
#include "dsp/resampler.h"

#include <string.h>

enum { ROOM = 8192 }; /* frames of the buffer beyond the longest window: the most that one push takes */

static void start_over(demucs_resampler *r)
{
    r->base = 0;
    r->held = 0;
    r->pushed = 0;
    r->produced = 0;
    r->finished = false;
}

static demucs_status set_up(demucs_resampler *r, int from_hz, int to_hz, int channels, demucs_error *error)
{
    r->channels = channels;
    r->same_rate = from_hz == to_hz;
    if (r->same_rate) {
        r->kernel = (dmx_resample_kernel){.from = 1, .to = 1, .taps = 1};
    } else {
        demucs_status status = dmx_resample_kernel_init(&r->kernel, from_hz, to_hz, error);
        if (status) return status;
    }
    r->capacity = r->kernel.taps + ROOM;
    r->filter = dmx_alloc(r->kernel.taps, sizeof(float));
    r->buffer = dmx_alloc((size_t)channels * r->capacity, sizeof(float));
    if (!r->filter || !r->buffer)
        return dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to resample from %d Hz to %d Hz", from_hz,
                        to_hz);
    return DEMUCS_OK;
}

demucs_status dmx_resampler_create(demucs_resampler **resampler, int from_hz, int to_hz, int channels,
                                   demucs_error *error)
{
    *resampler = NULL;
    demucs_resampler *r = dmx_alloc(1, sizeof *r);
    if (!r) return dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for a resampler");
    demucs_status status = set_up(r, from_hz, to_hz, channels, error);
    if (status == DEMUCS_OK)
        *resampler = r;
    else
        dmx_resampler_free(r);
    return status;
}

void dmx_resampler_free(demucs_resampler *resampler)
{
    if (!resampler) return;
    dmx_resample_kernel_release(&resampler->kernel);
    dmx_free(resampler->filter);
    dmx_free(resampler->buffer);
    dmx_free(resampler);
}

uint64_t dmx_resampled_frames(uint64_t frames, int from_hz, int to_hz)
{
    uint64_t from = (uint64_t)from_hz, to = (uint64_t)to_hz;
    return frames / from * to + frames % from * to / from;
}

/* Where the window of output `produced` begins in the input. */
static int64_t next_start(const demucs_resampler *r)
{
    if (r->same_rate) return (int64_t)r->produced;
    int64_t to = r->kernel.to, j = (int64_t)r->produced;
    return j / to * r->kernel.from + dmx_resample_first(&r->kernel, j % to);
}

/* How many frames the buffer can take now, at most `wanted`. Drops what lies before the next window when that is
 * needed. */
static size_t make_room(demucs_resampler *r, size_t wanted)
{
    if (wanted <= r->capacity - r->held) return wanted;
    int64_t unused = next_start(r) - r->base;
    if (unused > (int64_t)r->held) unused = (int64_t)r->held;
    if (unused > 0) {
        r->held -= (size_t)unused;
        r->base += unused;
        for (int c = 0; c < r->channels; c++) {
            float *plane = r->buffer + (size_t)c * r->capacity;
            memmove(plane, plane + unused, r->held * sizeof *plane);
        }
    }
    size_t room = r->capacity - r->held;
    return wanted < room ? wanted : room;
}

/* Append `count` copies of one frame: `frame[c]` points at the sample of channel c. */
static void repeat_frame(demucs_resampler *r, const float *const *frame, size_t at, size_t count)
{
    for (int c = 0; c < r->channels; c++) {
        float *to = r->buffer + (size_t)c * r->capacity + r->held;
        for (size_t n = 0; n < count; n++) to[n] = frame[c][at];
    }
    r->held += count;
}

size_t dmx_resampler_push(demucs_resampler *r, const float *const *input, size_t frames)
{
    if (r->pushed == 0) {
        int64_t first = next_start(r);
        r->base = first;
        repeat_frame(r, input, 0, (size_t)-first);
    }
    size_t count = make_room(r, frames);
    for (int c = 0; c < r->channels; c++)
        memcpy(r->buffer + (size_t)c * r->capacity + r->held, input[c], count * sizeof(float));
    r->held += count;
    r->pushed += count;
    return count;
}

/* Compute the outputs whose windows lie in the buffer, at most `capacity` of them, and write them from frame `done` on.
 * Returns how many there were. */
static size_t produce(demucs_resampler *r, float *const *output, size_t done, size_t capacity, uint64_t limit)
{
    size_t count = 0, taps = r->kernel.taps;
    for (; count < capacity && r->produced < limit; count++, r->produced++) {
        int64_t at = next_start(r) - r->base;
        if (at + (int64_t)taps > (int64_t)r->held) break;
        const float *window = r->buffer + at;
        const float *filter =
            r->same_rate ? NULL : dmx_resample_filter(&r->kernel, (int64_t)r->produced % r->kernel.to, r->filter);
        for (int c = 0; c < r->channels; c++, window += r->capacity)
            output[c][done + count] = r->same_rate ? *window : dmx_resample_dot(filter, window, taps);
    }
    return count;
}

/* After the end of the input: append copies of its last frame, which is the last one in the buffer. */
static void feed_edge(demucs_resampler *r)
{
    const float *planes[DMX_RESAMPLER_MAX_CHANNELS];
    for (int c = 0; c < r->channels; c++) planes[c] = r->buffer + (size_t)c * r->capacity;
    size_t count = make_room(r, r->kernel.taps);
    repeat_frame(r, planes, r->held - 1, count);
}

size_t dmx_resampler_pull(demucs_resampler *r, float *const *output, size_t capacity)
{
    uint64_t limit = r->finished ? dmx_resampled_frames(r->pushed, (int)r->kernel.from, (int)r->kernel.to) : UINT64_MAX;
    size_t frames = produce(r, output, 0, capacity, limit);
    while (r->finished && frames < capacity && r->produced < limit) {
        feed_edge(r);
        frames += produce(r, output, frames, capacity - frames, limit);
    }
    if (r->finished && frames == 0) start_over(r);
    return frames;
}
