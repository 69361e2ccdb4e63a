/* level.h - HEncLayer and HDecLayer of the official hdemucs.py, and MultiWrap, which runs one of them on bands.
 *
 *   encoder   conv (stride) [+ inject] -> norm1 -> GELU -> DConv -> rewrite -> norm2 -> GLU
 *   decoder   (x + skip) -> rewrite -> norm1 -> GLU -> DConv -> conv_tr (stride) -> norm2 -> trim [-> GELU]
 *
 * The layers of the time-only Demucs are the same, in the time branch's view, without padding and under other names;
 * there GELU and GLU may each be a ReLU.
 *
 * Both work on the frequency branch, [steps][bins][channels], and on the time branch, [1][frames][channels] (grid.h):
 * the strided convolution runs along bins in either view. They differ in the rewrite's kernel (square in the frequency
 * branch) and in the view that DConv takes. */
#ifndef DMX_MODELS_LAYERS_LEVEL_H
#define DMX_MODELS_LAYERS_LEVEL_H

#include "models/layers/dconv.h"

enum { DMX_MAX_BANDS = 16 };

/* int(growth * channels), the channels of the next level, but never more than any layer may have: the checks of the
 * next level then refuse it. */
int dmx_grow(int channels, double growth);

/* The constructor's arguments, common to both. */
typedef struct dmx_level_options {
    int in_channels, out_channels;
    int kernel_size, stride;
    int norm_groups; /* 0: no norms */
    bool empty;      /* just the strided convolution */
    bool freq;       /* acts on frequencies: two-dimensional weights */
    bool pad;
    bool rewrite;
    int context;
    bool context_freq;       /* decoder: the rewrite's context covers bins as well */
    bool last;               /* decoder: no GELU at the end */
    bool relu;               /* instead of GELU */
    bool no_norm2;           /* decoder: no norm after the transposed convolution, whatever norm_groups is */
    bool no_glu;             /* the rewrite keeps the channels and ends in a ReLU */
    dmx_dconv_options dconv; /* depth 0: none */
} dmx_level_options;

typedef struct dmx_level {
    dmx_level_options options;
    dmx_conv conv; /* `conv` of an encoder, `conv_tr` of a decoder */
    dmx_conv rewrite;
    dmx_norm norm1, norm2;
    dmx_dconv dconv; /* depth 0: none */
} dmx_level;

/* A layer, or one for each band. */
typedef struct dmx_multi_layer {
    int bands;                       /* 1: a plain layer */
    double ratios[DMX_MAX_BANDS];    /* [bands - 1] where the bands end, as a share of the bins */
    dmx_level layers[DMX_MAX_BANDS]; /* [bands] */
} dmx_multi_layer;

/* Where the tensors of a layer's parts are found; norm1 and norm2 in the order in which they run. */
typedef struct dmx_level_names {
    dmx_name conv, norm1, rewrite, norm2, dconv;
} dmx_level_names;

void dmx_encoder_load(dmx_weights *w, dmx_level *layer, const dmx_level_options *options, const dmx_level_names *names);
void dmx_decoder_load(dmx_weights *w, dmx_level *layer, const dmx_level_options *options, const dmx_level_names *names);

/* The same by the names of the hybrid classes: PREFIX.conv (or conv_tr), PREFIX.norm1, ... */
void dmx_hencoder_load(dmx_weights *w, dmx_level *layer, const dmx_level_options *options, const char *prefix);
void dmx_hdecoder_load(dmx_weights *w, dmx_level *layer, const dmx_level_options *options, const char *prefix);

/* Encoder.
 *   x       the input, with the margins of dmx_encoder_margin (time: bins a multiple of the stride, zeros included)
 *   inject  NULL, or what the time branch hands over, of the shape of the strided convolution's output
 *   y       the output: [steps][output bins][out_channels] */
void dmx_encoder_run(dmx_exec *exec, const dmx_level *layer, const dmx_grid *x, const dmx_grid *inject,
                     const dmx_grid *y);
dmx_margin dmx_encoder_margin(const dmx_level *layer);

/* Decoder.
 *   x     input with the skip connection already added, with the margins of dmx_decoder_margin
 *   pre   NULL, or receives what goes into the transposed convolution (of x's shape): the official second result
 *   y     output bins say what is kept after trimming. Its margins (dmx_decoder_output_margin) hold junk afterwards.
 *   add   true: y += result, which is how the next skip connection comes in; else y = result */
void dmx_decoder_run(dmx_exec *exec, const dmx_level *layer, const dmx_grid *x, const dmx_grid *pre, bool add,
                     const dmx_grid *y);
dmx_margin dmx_decoder_margin(const dmx_level *layer);
dmx_margin dmx_decoder_output_margin(const dmx_level *layer, int bins, int output_bins);

/* The same with bands (see multi_wrap.c). */
void dmx_multi_encoder_run(dmx_exec *exec, const dmx_multi_layer *multi, const dmx_grid *x, const dmx_grid *inject,
                           const dmx_grid *y);
void dmx_multi_decoder_run(dmx_exec *exec, const dmx_multi_layer *multi, const dmx_grid *x, const dmx_grid *pre,
                           bool add, const dmx_grid *y);

/* False when bands of these ratios cannot be cut from so many bins. */
bool dmx_multi_fits(const dmx_multi_layer *multi, int bins);

#endif
