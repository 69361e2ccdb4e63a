/* together.c - see together.h */
#include "tracks/together.h"

#include "base/alloc.h"
#include "tracks/planes.h"

#include <string.h>

/* sum->planes add up to `whole`, and go on. */
static bool pass_on(dmx_together *self, const float *const *whole, size_t frames, demucs_error *error)
{
    dmx_sum_spread(self->sum, whole, frames);
    if (!self->format.waits) dmx_sum_round(self->sum, 1, frames);
    return self->format.take(self->format.user, (const float *const *)self->sum->planes, frames, error);
}

/* The next frames of the input; silence behind its end. */
static bool read_input(dmx_together *self, size_t frames, demucs_error *error)
{
    const uint64_t all = dmx_spool_frames(self->format.input), left = all > self->summed ? all - self->summed : 0;
    const size_t there = left < frames ? (size_t)left : frames;
    if (there > 0 && !dmx_spool_read(self->format.input, self->summed, self->read, there, error)) return false;
    for (int channel = 0; channel < self->format.channels; channel++)
        memset(self->read[channel] + there, 0, (frames - there) * sizeof(float));
    self->summed += frames;
    return true;
}

/* A dmx_resampling_fn: of all files, at the rate of the input. */
static bool take_resampled(void *user, const float *const *planes, size_t frames, demucs_error *error)
{
    dmx_together *self = user;
    for (int i = 0; i < self->format.files * self->format.channels; i++)
        memcpy(self->sum->planes[i], planes[i], frames * sizeof(float));
    return read_input(self, frames, error) && pass_on(self, (const float *const *)self->read, frames, error);
}

bool dmx_together_add(dmx_together *self, const float *const *mix, size_t frames, demucs_error *error)
{
    return self->resampling != NULL
               ? dmx_resampling_push(self->resampling, (const float *const *)self->planes, frames, error)
               : pass_on(self, mix, frames, error);
}

bool dmx_together_finish(dmx_together *self, demucs_error *error)
{
    return self->resampling == NULL || dmx_resampling_finish(self->resampling, error);
}

void dmx_together_round(dmx_together *self, double divisor, size_t frames)
{
    dmx_sum_round(self->sum, divisor, frames);
}

static bool open_resampling(dmx_together *self, demucs_error *error)
{
    const dmx_together_format *format = &self->format;
    self->resampling = dmx_resampling_create(format->files * format->channels, format->input_rate_hz, format->track,
                                             take_resampled, self, error);
    if (self->resampling == NULL) return false;
    dmx_resampling_expect(self->resampling, dmx_spool_frames(format->input));
    return dmx_resampling_set_rate(self->resampling, format->sample_rate_hz, error);
}

dmx_together *dmx_together_create(const dmx_together_format *format, demucs_error *error)
{
    dmx_together *self = dmx_alloc(1, sizeof *self);
    const bool resamples = format->input != NULL;
    if (self != NULL) {
        self->format = *format;
        self->sum = dmx_sum_create(format->files, format->channels,
                                   resamples ? format->input_rate_hz : format->sample_rate_hz, format->step);
        if (resamples) self->own = dmx_planes_new(format->files * format->channels);
        if (resamples) self->read = dmx_planes_new(format->channels);
    }
    if (self == NULL || self->sum == NULL || (resamples && (self->own == NULL || self->read == NULL))) {
        dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to write the stems");
        goto fail;
    }
    self->planes = resamples ? self->own : self->sum->planes;
    if (!resamples || open_resampling(self, error)) return self;
fail:
    dmx_together_free(self);
    return NULL;
}

void dmx_together_free(dmx_together *self)
{
    if (self == NULL) return;
    dmx_resampling_free(self->resampling);
    dmx_sum_free(self->sum);
    dmx_free(self->own);
    dmx_free(self->read);
    dmx_free(self);
}
