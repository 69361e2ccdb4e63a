/* meter.c - see meter.h */
#include "tracks/meter.h"

#include <math.h>

void dmx_meter_add(dmx_meter *self, const float *samples, size_t count)
{
    float peak = 0;
    for (size_t i = 0; i < count; i++) {
        const float size = fabsf(samples[i]);
        if (size > peak) peak = size;
        self->squares += (double)samples[i] * samples[i];
    }
    if (peak > 1)
        for (size_t i = 0; i < count; i++) self->beyond += fabsf(samples[i]) > 1;
    if (peak > self->peak) self->peak = peak;
    self->samples += count;
}

double dmx_meter_rms(const dmx_meter *self)
{
    return self->samples > 0 ? sqrt(self->squares / (double)self->samples) : 0;
}
