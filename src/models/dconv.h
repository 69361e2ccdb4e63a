/* dconv.h - DConv: the residual branch of dilated convolutions inside each encoder and decoder layer.
 *
 *     x --+-- conv k3 dilated, C -> C/compress -- norm -- GELU -- conv 1, -> 2C -- norm -- GLU -- LayerScale --+--> x
 *         |____________________________________________________________________________________________________|
 *
 * `depth` such layers follow one another, layer d with dilation 2^d. It looks along the steps; each frequency bin is an
 * instance of its own, norms included. */
#ifndef DMX_MODELS_DCONV_H
#define DMX_MODELS_DCONV_H

#include "models/weights.h"

enum { DMX_DCONV_MAX_DEPTH = 8 };

typedef struct dmx_dconv_layer {
    dmx_conv squeeze; /* layers.D.0 */
    dmx_norm norm1;   /* layers.D.1 */
    dmx_conv expand;  /* layers.D.3 */
    dmx_norm norm2;   /* layers.D.4 */
    const float *scale; /* [channels] layers.D.6.scale */
} dmx_dconv_layer;

typedef struct dmx_dconv {
    int channels, hidden, depth;
    dmx_dconv_layer layers[DMX_DCONV_MAX_DEPTH];
} dmx_dconv;

/* The constructor's arguments besides the channels. depth 0 is no branch at all. A negative depth in the official class
 * means |depth| layers without dilation. */
typedef struct dmx_dconv_options {
    int depth;
    double compress;
} dmx_dconv_options;

void dmx_dconv_load(dmx_weights *w, dmx_dconv *dconv, int channels, const dmx_dconv_options *options,
                    const char *prefix);

/* The zero steps that x needs around it. */
dmx_margin dmx_dconv_margin(const dmx_dconv *dconv);

/* x += branch(x), layer after layer, in place. */
void dmx_dconv_run(dmx_exec *exec, const dmx_dconv *dconv, const dmx_grid *x);

#endif
