/* lstm.h - a bidirectional LSTM of several layers over sequences, [steps][batch][channels].
 *
 * What a layer's input adds to the gates is one GEMM over all steps, sequences and both directions. What is left for
 * each step is h(t-1) times the recurrent weights, added to that in place, and the gates' arithmetic (lstm_gates_f32).
 * The gates of the two directions lie side by side, in the order that whoever runs it gave them (upload.h). */
#ifndef DMX_NN_LSTM_H
#define DMX_NN_LSTM_H

#include "nn/conv.h"

enum { DMX_LSTM_MAX_LAYERS = 8 };

typedef struct dmx_lstm_layer {
    dmx_conv input;            /* -> the gates of both directions; its bias is the sum of PyTorch's two */
    const float *recurrent[2]; /* as whoever runs it keeps them: hidden -> the gates, forward and backward */
} dmx_lstm_layer;

typedef struct dmx_lstm {
    int hidden, layers;
    dmx_lstm_layer layer[DMX_LSTM_MAX_LAYERS];
} dmx_lstm;

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
