/* level.c - see level.h */
#include "stream/level.h"

#include <math.h>

dmx_track_level dmx_track_level_of(const demucs_loudness *loudness)
{
    if (loudness == NULL) return (dmx_track_level){.mean = 0, .scale = 1};
    const double variance = loudness->frames > 1 ? loudness->m2 / (double)(loudness->frames - 1) : 0;
    return (dmx_track_level){.mean = (float)loudness->mean, .scale = (float)(sqrt(variance) + 1e-8)};
}
