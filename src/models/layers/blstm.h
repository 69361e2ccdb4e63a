/* blstm.h - BLSTM of the official demucs.py: a bidirectional LSTM, then a linear layer back to the input's width.
 *
 * A sequence of more than `max_steps` steps is cut into frames of that many, half of which overlap, and each frame is a
 * sequence of its own; of every frame the middle half is kept (of the first and last one also the outer quarter):
 *
 *     steps   0         100       200       300       400
 *     frame 0 [xxxxxxxxxxxxxxx-----]
 *     frame 1           [-----xxxxxxxxxx-----]
 *     frame 2                     [-----xxxxxxxxxx-----]     zeros beyond the last step
 */
#ifndef DMX_MODELS_LAYERS_BLSTM_H
#define DMX_MODELS_LAYERS_BLSTM_H

#include "models/loading/weights.h"

typedef struct dmx_blstm {
    dmx_lstm lstm;   /* PREFIX.lstm: channels -> 2 * channels */
    dmx_conv linear; /* PREFIX.linear: 2 * channels -> channels */
    int max_steps;   /* a multiple of 4; 0: never cut */
    bool skip;       /* add the input */
} dmx_blstm;

/* `blstm` with max_steps and skip filled in. */
void dmx_blstm_load(dmx_weights *w, dmx_blstm *blstm, int channels, int layers, const char *prefix);

/* x = blstm(x), along the steps; each bin is a sequence of its own. */
void dmx_blstm_run(dmx_exec *exec, const dmx_blstm *blstm, const dmx_grid *x);

#endif
