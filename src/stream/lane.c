/* lane.c - see lane.h */
#include "stream/lane.h"

#include <math.h>

int64_t dmx_lane_frames(const dmx_lane *lane, int64_t at, int64_t end)
{
    const int64_t left = end - at;
    if (left <= 0) return 0;
    return lane->segment == 0 || left < lane->segment ? left : lane->segment;
}

int64_t dmx_lane_segments(const dmx_lane *lane, int64_t end)
{
    if (end <= 0) return 0;
    return lane->segment == 0 ? 1 : (end - lane->start + lane->stride - 1) / lane->stride;
}

int64_t dmx_lane_input_length(const dmx_lane *lane, int64_t frames)
{
    const dmx_network *network = lane->network;
    if (lane->asked == 0) return network->family->valid_length(network, frames);
    return lane->asked < frames || network->family->valid_length(network, lane->asked) < 0 ? -1 : lane->asked;
}

/* Of the triangle: 1 in the middle. */
static double height(int64_t segment, int64_t i)
{
    const int64_t half = segment / 2;
    return (double)(i < half ? i + 1 : segment - i) / (double)(segment - half);
}

void dmx_triangle(int64_t segment, double power, float *out)
{
    for (int64_t i = 0; i < segment; i++)
        out[i] = (float)(power == 1 ? height(segment, i) : pow(height(segment, i), power));
}

/* A sum of weights as float that is smaller has lost some of their digits, or all. */
static const float SMALLEST_SUM = 0x1p-100f;

/* The share of frame i of a segment with `earlier` segments before it, from weights relative to the largest of those
 * that cover it: that one is 1, and others may vanish. */
static float careful_share(const dmx_lane *lane, int64_t i, int64_t earlier)
{
    double largest = 0, sum = 0;
    const int64_t covering = (lane->segment - 1 - i) / lane->stride; /* segments before this that reach as far */
    const int64_t first = i + (earlier < covering ? earlier : covering) * lane->stride;
    for (int64_t j = first; j >= 0; j -= lane->stride) largest = fmax(largest, height(lane->segment, j));
    for (int64_t j = first; j >= 0; j -= lane->stride) sum += pow(height(lane->segment, j) / largest, lane->power);
    return (float)(pow(height(lane->segment, i) / largest, lane->power) / sum);
}

void dmx_lane_share(const dmx_lane *lane, int64_t at, int64_t frames, float *share)
{
    const int64_t earlier = lane->stride > 0 ? (at - lane->start) / lane->stride : 0; /* segments before this */
    for (int64_t i = 0; i < frames; i++) {
        if (lane->segment == 0) {
            share[i] = 1;
            continue;
        }
        float sum = lane->triangle[i];
        for (int64_t j = i - lane->stride; j >= 0; j -= lane->stride) sum += lane->triangle[j];
        int64_t before = earlier;
        for (int64_t j = i + lane->stride; j < lane->segment && before > 0; j += lane->stride, before--)
            sum += lane->triangle[j];
        share[i] = sum >= SMALLEST_SUM ? lane->triangle[i] / sum : careful_share(lane, i, earlier);
    }
}
