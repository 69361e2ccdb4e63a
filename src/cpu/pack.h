/* pack.h - weights as the CPU's matrix product wants them: panels of 16 columns, each with all
 * rows of the matrix, [panel][k][DMX_PANEL] (see kernels.h).
 *
 * With a GLU a panel holds half a panel of values and then their gates. */
#ifndef DMX_CPU_PACK_H
#define DMX_CPU_PACK_H

#include "nn/conv.h"

#include <stdatomic.h>

/* What a dmx_conv's `weights` points to. Nothing of it changes after loading but `bf16`, which somebody may add while
 * others compute with the rest. */
struct dmx_conv_weights {
    size_t k, panel_count;          /* of `panels` */
    const float *panels;            /* [panel_count][k][DMX_PANEL] */
    const float *winograd;          /* for winograd.h, where dmx_winograd_suits; else NULL */
    bool suits_bf16;                /* see dmx_conv_suits_bf16 */
    _Atomic(const uint16_t *) bf16; /* the panels in bfloat16, or NULL */
    struct dmx_conv_weights *next;  /* of all in the store */
};

/* K and N of the product: numbers that one output is a sum over, and columns. */
size_t dmx_conv_k(const dmx_conv *conv);
size_t dmx_conv_columns(const dmx_conv *conv);

/* Whether a convolution is computed in bfloat16 where exec->bf16 is set. It follows from the sizes, so planning knows.
 */
bool dmx_conv_suits_bf16(const dmx_conv *conv);

/* The place of an output channel (with GLU: values, then gates) in the packed order. */
size_t dmx_conv_packed_column(const dmx_conv *conv, size_t column);

/* Sizes of the packed arrays, in floats. */
size_t dmx_conv_weight_floats(const dmx_conv *conv);
size_t dmx_conv_bias_floats(const dmx_conv *conv);

/* Rows of PyTorch's weight, its outermost axis: outputs, or inputs when transposed. */
size_t dmx_conv_weight_rows(const dmx_conv *conv);

/* Pack rows [first, first + count) of PyTorch's weight, [out][in][kernel_bins][kernel_steps], or
 * [in][out][kernel_bins] when transposed; and the bias [out]. The arrays have those sizes, zeroed by the caller, and
 * are aligned to 64 bytes. `weight` is where row `first` begins. Whole multiples of DMX_PACK_ROWS are quickest. */
enum { DMX_PACK_ROWS = 8 };
void dmx_conv_pack_rows(const dmx_conv *conv, size_t first, size_t count, const float *weight, float *packed);
void dmx_conv_pack_bias(const dmx_conv *conv, const float *bias, float *packed);

/* ---- the gates of an LSTM ----
 *
 * Columns are ordered so that a block of DMX_PANEL units has its four gates in four panels side by side: whoever
 * computes those panels can finish the units. The last block is filled up with units whose weights are 0 and that stay
 * 0.
 *
 *     [ forward: 16 i | 16 f | 16 g | 16 o | 16 i | ...   ][ backward: the same ]
 *
 * The recurrent weights of a direction are [dmx_lstm_columns / DMX_PANEL][hidden][DMX_PANEL]. */
enum { DMX_LSTM_GATES = 4 };

/* Columns of the gates of one direction: 4 * hidden, with whole blocks. */
int dmx_lstm_columns(int hidden);

/* The column of a unit's gate in that order; gates count as in PyTorch, where they are the rows gate * hidden + unit of
 * the weights. The units of a block lie side by side. */
size_t dmx_lstm_column(size_t gate, size_t unit);

#endif
