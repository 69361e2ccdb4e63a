/* demucs.h - Demucs, the time-only network (Défossez 2019, 2021): a U-Net on the waveform, if asked with an LSTM at the
 * bottom.
 *
 *     mix -- (normalise) -- pad -- (2x up) -- encoder 0..5 -- (LSTM) -- decoder 0..5 -- (2x down) -- trim --> stems
 *
 * Its layers are those of the hybrid networks' time branch (layers/level.h) without padding, so a length must fit all
 * strided convolutions; inputs are padded to the next that does. Levels are counted from the outside here: decoder[0]
 * is the last to run, while the official names count decoders as they run.
 *
 * Files: config.c reads the constructor's arguments, load.c builds the layers, shapes.c follows the lengths, forward.c
 * is the network. */
#ifndef DMX_MODELS_DEMUCS_DEMUCS_H
#define DMX_MODELS_DEMUCS_DEMUCS_H

#include "dsp/resample_kernel.h"
#include "models/layers/blstm.h"
#include "models/layers/level.h"
#include "models/loading/arguments.h"
#include "models/network.h"

enum { DMX_DM_MAX_DEPTH = 10 };

extern const dmx_family dmx_demucs_family;

/* The constructor's arguments that matter to inference. */
typedef struct dmx_dm_config {
    int channels;
    double growth;
    int depth;
    bool rewrite;
    int lstm_layers; /* at the bottom; 0: none */
    int kernel_size, stride, context;
    bool gelu, glu;
    int norm_starts, norm_groups;
    int dconv_mode;
    dmx_dconv_options dconv;
    int dconv_attn, dconv_lstm; /* from these levels on */
    bool normalize, resample;
} dmx_dm_config;

typedef struct dmx_demucs {
    dmx_network network;
    dmx_dm_config config;
    dmx_resample_kernel up, down;        /* without a table when config.resample is off */
    dmx_level encoder[DMX_DM_MAX_DEPTH]; /* by level */
    dmx_level decoder[DMX_DM_MAX_DEPTH];
    dmx_blstm lstm;
} dmx_demucs;

/* The lengths for one mix. */
typedef struct dmx_dm_shapes {
    int padded;                       /* the mix with zeros around it: the official valid_length */
    int length[DMX_DM_MAX_DEPTH + 1]; /* [0]: what encoder 0 gets, [i + 1]: the output of level i */
    int decoded;                      /* what decoder 0 gives: length[0], or one sample less */
} dmx_dm_shapes;

void dmx_dm_config_read(dmx_arguments *arguments, dmx_dm_config *config, dmx_network *network);

/* False when the lengths grow beyond what can be run. */
bool dmx_dm_shapes_of(const dmx_dm_config *config, int64_t frames, dmx_dm_shapes *shapes);

/* See dmx_family. */
int64_t dmx_dm_valid_length(const dmx_network *network, int64_t frames);
void dmx_dm_forward(const dmx_network *network, dmx_exec *exec, int64_t frames, const bool *wanted);

#endif
