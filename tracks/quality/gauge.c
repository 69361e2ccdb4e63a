/* gauge.c - see gauge.h */
#include "tracks/quality/gauge.h"

#include "demucs_quality.h"
#include "tracks/quality/sums.h"

#include <math.h>

static double silent_square(void) { return pow(10, DEMUCS_QUALITY_SILENT_DB / 10); }

void dmx_gauge_begin(dmx_gauge *self, int channels, int sample_rate_hz, double *sums)
{
    *self = (dmx_gauge){.channels = channels, .window_frames = (size_t)sample_rate_hz / 10, .sums = sums};
    if (self->window_frames == 0) self->window_frames = 1;
}

static void close_window(dmx_gauge *self)
{
    const double samples = (double)self->filled * self->channels;
    if (self->window_squares < silent_square() * samples) self->silent_frames += self->filled;
    self->filled = 0;
    self->window_squares = 0;
}

/* Frames that lie in one window. */
static void add_piece(dmx_gauge *self, const float *const *planes, size_t start, size_t frames)
{
    for (int channel = 0; channel < self->channels; channel++) {
        const float *samples = planes[channel] + start;
        const double squares = dmx_sum_products(samples, samples, frames);
        const float peak = dmx_sum_peak(samples, frames);
        self->sums[channel] += dmx_sum(samples, frames);
        self->squares += squares;
        self->window_squares += squares;
        if (peak > self->peak) self->peak = peak;
        for (size_t i = 0; peak > 1 && i < frames; i++) self->clipped += fabsf(samples[i]) > 1;
    }
    self->frames += frames;
    self->filled += frames;
    if (self->filled == self->window_frames) close_window(self);
}

void dmx_gauge_add(dmx_gauge *self, const float *const *planes, size_t frames)
{
    for (size_t start = 0; start < frames;) {
        const size_t room = self->window_frames - self->filled, left = frames - start;
        const size_t piece = left < room ? left : room;
        add_piece(self, planes, start, piece);
        start += piece;
    }
}

void dmx_gauge_end(dmx_gauge *self)
{
    if (self->filled > 0) close_window(self);
}

static double samples_of(const dmx_gauge *self) { return (double)self->frames * self->channels; }

double dmx_gauge_rms(const dmx_gauge *self) { return self->frames > 0 ? sqrt(self->squares / samples_of(self)) : 0; }

bool dmx_gauge_is_low(const dmx_gauge *self)
{
    return self->frames == 0 || self->squares < silent_square() * samples_of(self);
}

double dmx_gauge_dc(const dmx_gauge *self)
{
    double largest = 0;
    for (int channel = 0; channel < self->channels; channel++)
        if (fabs(self->sums[channel]) > fabs(largest)) largest = self->sums[channel];
    return self->frames > 0 ? largest / (double)self->frames : 0;
}

double dmx_gauge_silent_share(const dmx_gauge *self)
{
    return self->frames > 0 ? (double)self->silent_frames / (double)self->frames : 1;
}
