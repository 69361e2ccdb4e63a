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

void dmx_triangle(int64_t segment, double power, float *out)
{
    const int64_t half = segment / 2;
    const double highest = (double)(segment - half);
    for (int64_t i = 0; i < segment; i++) {
        const double height = (double)(i < half ? i + 1 : segment - i) / highest;
        out[i] = (float)(power == 1 ? height : pow(height, power));
    }
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
        share[i] = lane->triangle[i] / sum;
    }
}
