/* sums.c - see sums.h */
#include "tracks/quality/sums.h"

#include <math.h>

enum { LANES = 8 };

static double total(const double *lanes)
{
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

double dmx_sum(const float *samples, size_t count)
{
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int lane = 0; lane < LANES; lane++) lanes[lane] += (double)samples[i + (size_t)lane];
    for (; i < count; i++) lanes[0] += (double)samples[i];
    return total(lanes);
}

double dmx_sum_products(const float *a, const float *b, size_t count)
{
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            lanes[lane] += (double)a[i + (size_t)lane] * (double)b[i + (size_t)lane];
    for (; i < count; i++) lanes[0] += (double)a[i] * (double)b[i];
    return total(lanes);
}

float dmx_sum_peak(const float *samples, size_t count)
{
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            const float size = fabsf(samples[i + (size_t)lane]);
            lanes[lane] = size > lanes[lane] ? size : lanes[lane];
        }
    for (; i < count; i++) lanes[0] = fabsf(samples[i]) > lanes[0] ? fabsf(samples[i]) : lanes[0];
    for (int lane = 1; lane < LANES; lane++) lanes[0] = lanes[lane] > lanes[0] ? lanes[lane] : lanes[0];
    return lanes[0];
}
