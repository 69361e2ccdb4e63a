/* transform.c - see transform.h */
#include "tracks/quality/transform.h"

#include "base/alloc.h"

#include <libavutil/tx.h>

struct dmx_transform {
    AVTXContext *context;
    av_tx_fn run;
    float (*input)[2], (*output)[2]; /* [length] */
};

dmx_transform *dmx_transform_create(int length)
{
    const float scale = 1;
    dmx_transform *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) return NULL;
    self->input = dmx_alloc((size_t)length, sizeof *self->input);
    self->output = dmx_alloc((size_t)length, sizeof *self->output);
    if (self->input != NULL && self->output != NULL &&
        av_tx_init(&self->context, &self->run, AV_TX_FLOAT_FFT, 0, length, &scale, 0) >= 0)
        return self;
    dmx_transform_free(self);
    return NULL;
}

void dmx_transform_free(dmx_transform *self)
{
    if (self == NULL) return;
    av_tx_uninit(&self->context);
    dmx_free(self->input);
    dmx_free(self->output);
    dmx_free(self);
}

float (*dmx_transform_input(dmx_transform *self))[2] { return self->input; }

const float (*dmx_transform_run(dmx_transform *self))[2]
{
    self->run(self->context, self->output, self->input, sizeof(AVComplexFloat));
    return (const float(*)[2])self->output;
}
