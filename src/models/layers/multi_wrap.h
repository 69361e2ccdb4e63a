/* multi_wrap.h - MultiWrap of the official hdemucs.py: a level that has a layer of its own for each band of
 * frequencies. */
#ifndef DMX_MODELS_LAYERS_MULTI_WRAP_H
#define DMX_MODELS_LAYERS_MULTI_WRAP_H

#include "models/layers/level.h"

enum { DMX_MAX_BANDS = 16 };

/* A layer, or one for each band. */
typedef struct dmx_multi_layer {
    int bands;                       /* 1: a plain layer */
    double ratios[DMX_MAX_BANDS];    /* [bands - 1] where the bands end, as a share of the bins */
    dmx_level layers[DMX_MAX_BANDS]; /* [bands] */
} dmx_multi_layer;

/* As dmx_encoder_run and dmx_decoder_run. */
void dmx_multi_encoder_run(dmx_exec *exec, const dmx_multi_layer *multi, const dmx_grid *x, const dmx_grid *inject,
                           const dmx_grid *y);
void dmx_multi_decoder_run(dmx_exec *exec, const dmx_multi_layer *multi, const dmx_grid *x, const dmx_grid *pre,
                           bool add, const dmx_grid *y);

/* False when bands of these ratios cannot be cut from so many bins. */
bool dmx_multi_fits(const dmx_multi_layer *multi, int bins);

#endif
