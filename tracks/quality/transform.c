/* transform.c - see transform.h */
#include "tracks/quality/transform.h"

#include "base/alloc.h"

#include <libavutil/tx.h>
#include <math.h>

static const double pi = 3.14159265358979323846, window_seconds = 2048 / 44100.0;

struct dmx_transform {
    int length;
    float *hann; /* [length] */
    AVTXContext *context;
    av_tx_fn run;
    float (*input)[2], (*output)[2]; /* [length] */
};

dmx_transform *dmx_transform_create(int sample_rate_hz)
{
    const float scale = 1;
    dmx_transform *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) return NULL;
    self->length = 64;
    while (self->length < 16384 && self->length * 1.41 < window_seconds * sample_rate_hz) self->length *= 2;
    const size_t length = (size_t)self->length;
    self->hann = dmx_alloc(length, sizeof *self->hann);
    self->input = dmx_alloc(length, sizeof *self->input);
    self->output = dmx_alloc(length, sizeof *self->output);
    if (self->hann == NULL || self->input == NULL || self->output == NULL ||
        av_tx_init(&self->context, &self->run, AV_TX_FLOAT_FFT, 0, self->length, &scale, 0) < 0) {
        dmx_transform_free(self);
        return NULL;
    }
    for (int i = 0; i < self->length; i++) self->hann[i] = (float)(0.5 - 0.5 * cos(2 * pi * i / self->length));
    return self;
}

void dmx_transform_free(dmx_transform *self)
{
    if (self == NULL) return;
    av_tx_uninit(&self->context);
    dmx_free(self->hann);
    dmx_free(self->input);
    dmx_free(self->output);
    dmx_free(self);
}

int dmx_transform_length(const dmx_transform *self) { return self->length; }

const float (*dmx_transform_run(dmx_transform *self, const float *one, const float *two))[2]
{
    for (int i = 0; i < self->length; i++) {
        self->input[i][0] = one[i] * self->hann[i];
        self->input[i][1] = two[i] * self->hann[i];
    }
    self->run(self->context, self->output, self->input, sizeof(AVComplexFloat));
    return (const float(*)[2])self->output;
}
