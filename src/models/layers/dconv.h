/* dconv.h - DConv: the residual branch of dilated convolutions inside each encoder and decoder layer.
 *
 *     x --+-- conv k3 dilated, C -> C/compress -- norm -- GELU --> [BLSTM] --> [LocalState] --.
 *         |                                                                                   |
 *         '--------------------- (+) <-- LayerScale -- GLU -- norm -- conv 1, -> 2C ----------'
 *
 * `depth` such layers follow one another, layer d with dilation 2^d. It looks along the steps; each frequency bin is an
 * instance of its own, norms included. */
#ifndef DMX_MODELS_LAYERS_DCONV_H
#define DMX_MODELS_LAYERS_DCONV_H

#include "models/layers/blstm.h"
#include "models/layers/local_attention.h"

enum { DMX_DCONV_MAX_DEPTH = 8 };

/* The official numbers: those from `expand` on shift by one for each of `lstm` and `attention` that is there. */
typedef struct dmx_dconv_layer {
    dmx_conv squeeze;               /* layers.D.0 */
    dmx_norm norm1;                 /* layers.D.1 */
    dmx_blstm *lstm;                /* layers.D.3, or NULL */
    dmx_local_attention *attention; /* next, or NULL */
    dmx_normed_linear expand;       /* next: layers.D.3 where there is neither, and layers.D.4, its norm if any */
    const float *scale;             /* [channels] layers.D.6.scale */
} dmx_dconv_layer;

typedef struct dmx_dconv {
    int channels, depth;
    dmx_activation activation;
    dmx_dconv_layer layers[DMX_DCONV_MAX_DEPTH];
} dmx_dconv;

/* The constructor's arguments besides the channels; 0 and false are the defaults of the official class. depth 0 is no
 * branch at all. A negative depth in the official class means |depth| layers without dilation. */
typedef struct dmx_dconv_options {
    int depth;
    double compress;
    bool lstm; /* a BLSTM of two layers that cuts at 200 steps */
    bool attn; /* a LocalState of four heads and four decays */
    bool relu; /* instead of GELU */
    bool no_norm;
    int kernel; /* odd; 0: 3 */
} dmx_dconv_options;

/* NULL, or why the official class cannot be built with these arguments: a sentence. */
const char *dmx_dconv_problem(int channels, const dmx_dconv_options *options);

/* `options` without a problem. */
void dmx_dconv_load(dmx_weights *w, dmx_dconv *dconv, int channels, const dmx_dconv_options *options,
                    const char *prefix);

/* The zero steps that x needs around it. */
dmx_margin dmx_dconv_margin(const dmx_dconv *dconv);

/* Whether no layer has an LSTM or attention. */
bool dmx_dconv_is_plain(const dmx_dconv *dconv);

/* x += branch(x), layer after layer, in place. */
void dmx_dconv_run(dmx_exec *exec, const dmx_dconv *dconv, const dmx_grid *x);

#endif
