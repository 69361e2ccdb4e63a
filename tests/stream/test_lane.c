/* test_lane.c - what each frame of a segment counts: over all segments of a lane that is 1 for every frame of the
 * track, whatever the overlap, and however sharp the cross-fade. */
#include "stream/lane.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

static void check_sum(int64_t segment, double overlap, double power, int64_t start)
{
    const int64_t end = 3 * segment + 17;
    float *triangle = calloc((size_t)segment, sizeof *triangle), *share = calloc((size_t)segment, sizeof *share);
    double *sum = calloc((size_t)end, sizeof *sum);
    dmx_lane lane = {.start = start, .segment = segment, .power = power, .triangle = triangle};
    lane.stride = (int64_t)((1 - overlap) * (double)segment);
    if (lane.stride < 1) lane.stride = 1;
    dmx_triangle(segment, power, triangle);
    int wrong = 0;
    for (int64_t at = start; at < end; at += lane.stride) {
        const int64_t frames = dmx_lane_frames(&lane, at, end);
        dmx_lane_share(&lane, at, frames, share);
        for (int64_t i = 0; i < frames; i++) {
            wrong += !(share[i] >= 0 && share[i] <= 1);
            if (at + i >= 0) sum[at + i] += share[i];
        }
    }
    for (int64_t i = 0; i < end; i++) wrong += !(fabs(sum[i] - 1) < 1e-5);
    CHECK(wrong == 0, "segment %lld, overlap %g, power %g: %d of %lld frames are wrong", (long long)segment, overlap,
          power, wrong, (long long)end);
    free(triangle);
    free(share);
    free(sum);
}

static void test_shares(void)
{
    const double powers[] = {1, 1.5, 3, 8, 9, 10, 20, 50, 100}, overlaps[] = {0, 0.25, 0.5, 0.6, 0.99};
    const int64_t segments[] = {1, 2, 7, 500, 30000};
    for (int s = 0; s < 5; s++)
        for (int o = 0; o < (segments[s] < 1000 ? 5 : 3); o++)
            for (int p = 0; p < 9; p++)
                for (int shift = 0; shift < 2; shift++)
                    check_sum(segments[s], overlaps[o], powers[p], -shift * (segments[s] / 3));
}

/* Not split: the whole track counts. */
static void test_unsplit(void)
{
    const dmx_lane lane = {.start = -3};
    float share[5] = {0};
    dmx_lane_share(&lane, -3, 5, share);
    for (int i = 0; i < 5; i++) CHECK(share[i] == 1, "%g", (double)share[i]);
}

TEST_MAIN(test_shares, test_unsplit)
