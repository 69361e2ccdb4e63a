/* level.h - HEncLayer and HDecLayer of the official hdemucs.py.
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

/* The parts of a layer that have tensors; an encoder's norm1 follows its convolution, a decoder's its rewrite. */
typedef enum dmx_level_part {
    DMX_PART_CONV,
    DMX_PART_NORM1,
    DMX_PART_REWRITE,
    DMX_PART_NORM2,
    DMX_PART_DCONV,
    DMX_LEVEL_PARTS
} dmx_level_part;

/* Where the tensors of a layer's parts are found, in the order in which the class registers the parts. */
typedef struct dmx_level_names {
    struct {
        dmx_level_part part;
        dmx_name name;
    } parts[DMX_LEVEL_PARTS];
} dmx_level_names;

/* Load the parts that a layer of these options has. */
void dmx_encoder_load(dmx_weights *w, dmx_level *layer, const dmx_level_options *options, const dmx_level_names *names);
void dmx_decoder_load(dmx_weights *w, dmx_level *layer, const dmx_level_options *options, const dmx_level_names *names);

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
/* y = the same without an activation at the end. */
void dmx_decoder_run_bare(dmx_exec *exec, const dmx_level *layer, const dmx_grid *x, const dmx_grid *y);
dmx_margin dmx_decoder_margin(const dmx_level *layer);
dmx_margin dmx_decoder_output_margin(const dmx_level *layer, int bins, int output_bins);

#endif
