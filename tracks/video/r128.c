/* r128.c - see r128.h */
#include "tracks/video/r128.h"

#include "base/alloc.h"

#include <ebur128.h>

#include <math.h>

enum { PIECE = 1024 }; /* frames that are interleaved at once */

struct dmx_r128 {
    ebur128_state *state;
    int channels;
    float *frames; /* [PIECE][channels] */
};

dmx_r128 *dmx_r128_create(int channels, int sample_rate_hz)
{
    dmx_r128 *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) return NULL;
    self->channels = channels;
    self->frames = dmx_alloc((size_t)PIECE * (size_t)channels, sizeof *self->frames);
    self->state = ebur128_init((unsigned)channels, (unsigned long)sample_rate_hz,
                               EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK | EBUR128_MODE_HISTOGRAM);
    if (self->frames != NULL && self->state != NULL) return self;
    dmx_r128_free(self);
    return NULL;
}

void dmx_r128_free(dmx_r128 *self)
{
    if (self == NULL) return;
    if (self->state != NULL) ebur128_destroy(&self->state);
    dmx_free(self->frames);
    dmx_free(self);
}

bool dmx_r128_add(dmx_r128 *self, const float *const *planes, size_t first, size_t frames)
{
    for (size_t end = first + frames; first < end;) {
        const size_t count = end - first < PIECE ? end - first : PIECE;
        for (size_t i = 0; i < count; i++)
            for (int channel = 0; channel < self->channels; channel++)
                self->frames[i * (size_t)self->channels + (size_t)channel] = planes[channel][first + i];
        if (ebur128_add_frames_float(self->state, self->frames, count) != EBUR128_SUCCESS) return false;
        first += count;
    }
    return true;
}

double dmx_r128_loudness(const dmx_r128 *self)
{
    double loudness;
    return ebur128_loudness_global(self->state, &loudness) == EBUR128_SUCCESS ? loudness : -HUGE_VAL;
}

static double highest(const dmx_r128 *self, int (*peak)(ebur128_state *, unsigned, double *))
{
    double most = 0, own;
    for (int channel = 0; channel < self->channels; channel++)
        if (peak(self->state, (unsigned)channel, &own) == EBUR128_SUCCESS && own > most) most = own;
    return most;
}

double dmx_r128_peak(const dmx_r128 *self) { return highest(self, ebur128_true_peak); }

double dmx_r128_last_peak(const dmx_r128 *self) { return highest(self, ebur128_prev_true_peak); }
