/* conv.h - convolutions, transposed convolutions and linear layers, all as one GEMM over channels-last rows.
 *
 * A kernel that covers `kernel_bins` bins reads one contiguous slab of kernel_bins * channels floats for each output,
 * and the next output's slab starts stride * channels further: the GEMM's A needs no im2col, only a row stride. A
 * kernel that covers several steps adds one slab ("tap") a step. With C input channels:
 *
 *   Conv1d / Conv2d [k, 1], stride s     K = k * C        row stride s * C      1 tap
 *   Conv2d [3, 3]                        K = 3 * (3 * C)  row stride C          3 taps, one step apart
 *   Conv1d dilated along steps           K = 3 * C        row stride C          3 taps, `dilation` steps apart
 *   ConvTranspose [k, 1], stride s       K = (k / s) * C  row stride C          N = s * C_out: a row gives s outputs
 *   Linear, 1x1                          K = C            row stride C          1 tap
 *
 * The borders are the grid's zero margins (grid.h); dmx_conv_margin says what is needed. */
#ifndef DMX_NN_CONV_H
#define DMX_NN_CONV_H

#include "nn/grid.h"

typedef struct dmx_conv {
    int in_channels, out_channels;
    int kernel_bins, kernel_steps;
    int stride;      /* along bins */
    int padding;     /* zeros before and after the bins; transposed: outputs dropped at the front */
    int dilation;    /* along steps */
    bool transposed; /* kernel_steps is 1 then */
    bool glu;        /* out_channels counts values and gates; the output has half of them */
    const struct dmx_conv_weights *weights; /* as whoever runs it keeps them (upload.h); NULL when there are none */
    const float *bias;                      /* [out_channels] in the order of the weights: the channels', without GLU */
} dmx_conv;

/* What the epilogue of the GEMM does besides the bias. */
typedef struct dmx_epilogue {
    dmx_activation activation; /* GLU where and only where the conv was packed for it */
    const float *scale;        /* [output channels] or NULL */
    const dmx_grid *residual;  /* of the output's shape (it may be the output), or NULL */
} dmx_epilogue;

/* Kernel slabs that meet in one row: (kernel_bins / stride, rounded up) for transposed ones. */
int dmx_conv_overlap(const dmx_conv *conv);

/* Bins that come out of `bins` bins. Transposed: of the full length, before trimming. */
int dmx_conv_output_bins(const dmx_conv *conv, int bins);

/* The zero margins that the input must have, and the margins of a transposed convolution's output that are overwritten
 * with junk when `bins` input bins give `output_bins`. */
dmx_margin dmx_conv_input_margin(const dmx_conv *conv);
dmx_margin dmx_conv_output_margin(const dmx_conv *conv, int bins, int output_bins);

/* A linear layer's sizes. */
dmx_conv dmx_linear(int in_channels, int out_channels);

/* output = epilogue(conv(input)). input.channels == in_channels. The output's steps are the input's; its bins say how
 * many outputs to compute. `epilogue` may be NULL. A transposed convolution writes junk into the output's margins:
 * clear them if somebody reads them. */
void dmx_conv_run(dmx_exec *exec, const dmx_conv *conv, const dmx_grid *input, const dmx_epilogue *epilogue,
                  const dmx_grid *output);

#endif
