/* lstm.h - a bidirectional LSTM of several layers over sequences, [steps][batch][channels].
 *
 * What a layer's input adds to the gates is one GEMM over all steps, sequences and both directions. What is left for
 * each step is h(t-1) times the recurrent weights, added to that in place, and the gates' arithmetic (lstm_gates_f32).
 *
 * Columns are ordered so that a block of DMX_PANEL units has its four gates in four panels side by side: whoever
 * computes those panels can finish the units. The last block is filled up with units whose weights are 0 and that stay
 * 0.
 *
 *     [ forward: 16 i | 16 f | 16 g | 16 o | 16 i | ...   ][ backward: the same ]  */
#ifndef DMX_NN_LSTM_H
#define DMX_NN_LSTM_H

#include "nn/conv.h"

enum { DMX_LSTM_GATES = 4, DMX_LSTM_MAX_LAYERS = 8 };

typedef struct dmx_lstm_layer {
    dmx_conv input;            /* -> 2 * dmx_lstm_columns; its bias is the sum of PyTorch's two */
    const float *recurrent[2]; /* packed [dmx_lstm_columns / DMX_PANEL][hidden][DMX_PANEL], forward and backward */
} dmx_lstm_layer;

typedef struct dmx_lstm {
    int hidden, layers;
    dmx_lstm_layer layer[DMX_LSTM_MAX_LAYERS];
} dmx_lstm;

/* Columns of the gates of one direction: 4 * hidden, with whole blocks. */
int dmx_lstm_columns(int hidden);

/* The column of a unit's gate in the order above; gates count as in PyTorch, where they are the rows gate * hidden +
 * unit of the weights. The units of a block lie side by side. */
size_t dmx_lstm_column(size_t gate, size_t unit);

/* y[steps][batch][2 * hidden] = the hidden states of the last layer, forward then backward, from
 * x[steps][batch][input]. y has no margins. */
void dmx_lstm_run(dmx_exec *exec, const dmx_lstm *lstm, const dmx_grid *x, const dmx_grid *y);

/* A sequence [steps][bins][channels] and frames of it, `stride` steps apart, whose steps lie side by side:
 * frames[width][count * bins][channels], the bins of frame 0 first. Each frame is a sequence of its own for the LSTM.
 */
typedef struct dmx_framing {
    int stride, count;
    dmx_grid sequence, frames;
} dmx_framing;

/* The frames out of the sequence, with zeros beyond its last step. */
void dmx_framing_cut(dmx_exec *exec, const dmx_framing *framing);

/* The sequence out of the frames: of every frame the middle `stride` steps, of the first and last one also the outer
 * ones. */
void dmx_framing_join(dmx_exec *exec, const dmx_framing *framing);

#endif
