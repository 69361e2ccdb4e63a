/* sum.c - see sum.h */
#include "tracks/sum.h"

#include "base/alloc.h"
#include "tracks/planes.h"

#include <math.h>

static const double past_seconds = 0.05;
static const double least_energy = 1e-20; /* of each file, so that silent ones share alike */

dmx_sum *dmx_sum_create(int files, int channels, int sample_rate_hz, double step)
{
    dmx_sum *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) return NULL;
    *self = (dmx_sum){.files = files,
                      .channels = channels,
                      .planes = dmx_planes_new(files * channels),
                      .energy = dmx_alloc((size_t)files, sizeof *self->energy),
                      .at_once = dmx_alloc((size_t)files, sizeof *self->at_once),
                      .keep = exp(-1 / (past_seconds * sample_rate_hz)),
                      .step = step};
    if (self->planes != NULL && self->energy != NULL && self->at_once != NULL) return self;
    dmx_sum_free(self);
    return NULL;
}

void dmx_sum_free(dmx_sum *self)
{
    if (self == NULL) return;
    dmx_free(self->planes);
    dmx_free(self->energy);
    dmx_free(self->at_once);
    dmx_free(self);
}

static float *sample(const dmx_sum *self, int file, int channel, size_t frame)
{
    return &self->planes[file * self->channels + channel][frame];
}

/* The share of each file in the frame, into at_once. */
static void find_shares(dmx_sum *self, size_t frame)
{
    double all = 0;
    for (int file = 0; file < self->files; file++) {
        double now = 0;
        for (int channel = 0; channel < self->channels; channel++) {
            const double x = *sample(self, file, channel, frame);
            now += x * x;
        }
        self->energy[file] = self->keep * self->energy[file] + now;
        all += self->energy[file] + least_energy;
    }
    for (int file = 0; file < self->files; file++) self->at_once[file] = (self->energy[file] + least_energy) / all;
}

/* What is missing to the mix, in one channel of one frame. */
static double missing(const dmx_sum *self, double mix, int channel, size_t frame)
{
    for (int file = 0; file < self->files; file++) mix -= *sample(self, file, channel, frame);
    return mix;
}

/* The sum of the files, which are floats, is not the mix to the last bit: the smallest one can take up the rest best.
 */
static void take_up_rest(dmx_sum *self, double mix, int channel, size_t frame)
{
    float *least = sample(self, 0, channel, frame);
    for (int file = 1; file < self->files; file++) {
        float *other = sample(self, file, channel, frame);
        if (fabsf(*other) < fabsf(*least)) least = other;
    }
    *least = (float)(*least + missing(self, mix, channel, frame));
}

void dmx_sum_spread(dmx_sum *self, const float *const *mix, size_t frames)
{
    for (size_t frame = 0; frame < frames; frame++) {
        find_shares(self, frame);
        for (int channel = 0; channel < self->channels; channel++) {
            const double whole = mix[channel][frame], rest = missing(self, whole, channel, frame);
            for (int file = 0; file < self->files; file++) {
                float *to = sample(self, file, channel, frame);
                *to = (float)(*to + self->at_once[file] * rest);
            }
            take_up_rest(self, whole, channel, frame);
        }
    }
}

/* A step of the first file, then the steps by which the sum grows with each other one. */
static void round_frame(dmx_sum *self, double divisor, int channel, size_t frame)
{
    double sum = 0, steps = 0;
    for (int file = 0; file < self->files; file++) {
        float *at = sample(self, file, channel, frame);
        sum += *at / divisor;
        const double now = floor(sum / self->step + 0.5);
        *at = (float)((now - steps) * self->step);
        steps = now;
    }
}

void dmx_sum_round(dmx_sum *self, double divisor, size_t frames)
{
    for (size_t frame = 0; frame < frames; frame++)
        for (int channel = 0; channel < self->channels; channel++) {
            if (self->step > 0) round_frame(self, divisor, channel, frame);
            for (int file = 0; self->step == 0 && file < self->files; file++)
                *sample(self, file, channel, frame) = (float)(*sample(self, file, channel, frame) / divisor);
        }
}
