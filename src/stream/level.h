/* level.h - the level of a track: samples go in as (x - mean) / scale, and stems come out the other way round. */
#ifndef DMX_STREAM_LEVEL_H
#define DMX_STREAM_LEVEL_H

#include "demucs.h"

typedef struct dmx_track_level {
    float mean, scale;
} dmx_track_level;

/* From the loudness of the whole track, or, when that is NULL, the level that changes nothing. */
dmx_track_level dmx_track_level_of(const demucs_loudness *loudness);

#endif
