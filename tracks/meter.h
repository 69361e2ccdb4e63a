/* meter.h - level of audio that comes in blocks. */
#ifndef DMX_TRACKS_METER_H
#define DMX_TRACKS_METER_H

#include <stddef.h>
#include <stdint.h>

/* Start from all zeros. */
typedef struct dmx_meter {
    uint64_t samples; /* of all channels together */
    uint64_t beyond;  /* samples beyond full scale */
    double peak;      /* the largest absolute value; 1 is full scale */
    double squares;   /* sum of squares */
} dmx_meter;

void dmx_meter_add(dmx_meter *self, const float *samples, size_t count);

/* The root of the mean square; 0 of nothing. */
double dmx_meter_rms(const dmx_meter *self);

#endif
