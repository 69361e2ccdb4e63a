/* upload.h - how a loader hands weights over to whoever will compute with them.
 *
 * The loader knows the tensors: PyTorch's shapes, and numbers that are there as float once they are read. Whoever runs
 * a network knows the form that its operations want: panels for the CPU's matrix products, say. So the loader gives
 * each layer's tensors as rows that can be read in pieces, and one of these tables makes of them what it wants and
 * keeps that in the network's store. A tensor never lies in memory as floats beside its packed self. */
#ifndef DMX_NN_UPLOAD_H
#define DMX_NN_UPLOAD_H

#include "nn/lstm.h"
#include "nn/normed_linear.h"
#include "nn/store.h"

/* A tensor in PyTorch's shape: rows are its outermost axis. */
typedef struct dmx_rows {
    size_t count;
    size_t row_floats; /* the product of the other axes */

    /* Rows [first, first + count) one after another. They are there until the next rows are read, of this tensor or of
     * another one. They may be read several times. NULL when there is no memory. */
    const float *(*read)(const struct dmx_rows *rows, size_t first, size_t count);
    void *source; /* for `read` */
} dmx_rows;

/* One direction of a layer of torch.nn.LSTM; gates are PyTorch's, row gate * hidden + unit. */
typedef struct dmx_lstm_rows {
    dmx_rows weight_ih, weight_hh; /* [4 * hidden][inputs], [4 * hidden][hidden] */
    dmx_rows bias_ih, bias_hh;     /* [4 * hidden] */
} dmx_lstm_rows;

/* All memory is the store's. Each function gives false (or NULL) when there is none, or when rows cannot be read. */
typedef struct dmx_upload {
    /* Numbers that stay as they are: all rows one after another. */
    const float *(*vector)(dmx_store *store, const dmx_rows *values);

    /* The weights of a convolution or linear layer whose sizes are filled in.
     *   weight  [out][in][kernel_bins][kernel_steps], or [in][out][kernel_bins] of a transposed one
     *   bias    [out] */
    bool (*conv)(dmx_store *store, dmx_conv *conv, const dmx_rows *weight, const dmx_rows *bias);

    /* A linear layer, whose sizes are filled in, and the norm of one group that follows it, gamma[out] and beta[out].
     */
    bool (*normed_linear)(dmx_store *store, dmx_normed_linear *layer, const dmx_rows *weight, const dmx_rows *bias,
                          const dmx_rows *gamma, const dmx_rows *beta);

    /* A layer of an LSTM of `hidden` units: forward and backward. */
    bool (*lstm_layer)(dmx_store *store, dmx_lstm_layer *layer, int hidden, const dmx_lstm_rows directions[2]);

    /* Make the weights in bfloat16 that exec->bf16 asks for beside those that are there, for the kernels given; nothing
     * to do for those that have them already. Passes may run meanwhile; two threads must not do this at once. */
    bool (*add_bf16)(dmx_store *store, const dmx_kernels *kernels);
} dmx_upload;

#endif
