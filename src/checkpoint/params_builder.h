/* params_builder.h - what params.c and params_hybrid.c share: a growing list and the name of the module at hand. */
#ifndef DMX_CHECKPOINT_PARAMS_BUILDER_H
#define DMX_CHECKPOINT_PARAMS_BUILDER_H

#include "checkpoint/params.h"

typedef struct dmx_params_builder {
    const dmx_checkpoint *checkpoint;
    dmx_parameters *list;
    char path[DMX_PARAMETER_NAME]; /* "encoder.0." */
    size_t path_length;
    bool too_long, no_memory;
    const char *bad_argument; /* the first one out of range, or NULL */
} dmx_params_builder;

/* Enter a module, "%s%d" without the number when it is negative; and leave it: the length before is to be kept. */
size_t dmx_params_enter(dmx_params_builder *b, const char *name, int index);
void dmx_params_leave(dmx_params_builder *b, size_t length);

/* One parameter of the module at hand. */
void dmx_params_add(dmx_params_builder *b, const char *name, int rank, int64_t a, int64_t c, int64_t d, int64_t e);

/* weight and bias of a child module: of any kind, of a norm, and of a linear layer or 1-d convolution. */
void dmx_params_norm(dmx_params_builder *b, const char *module, int index, int64_t channels);
void dmx_params_linear(dmx_params_builder *b, const char *module, int64_t in, int64_t out);
void dmx_params_conv1d(dmx_params_builder *b, const char *module, int index, int64_t in, int64_t out, int64_t kernel);

/* An argument by name, within bounds; else the first bad one is remembered and `low` is returned. */
int64_t dmx_params_integer(dmx_params_builder *b, const char *key, int64_t value_if_missing, int64_t low, int64_t high);
double dmx_params_number(dmx_params_builder *b, const char *key, double value_if_missing, double low, double high);
int64_t dmx_params_sources(dmx_params_builder *b);

/* The residual branch of a layer (DConv), and the two-way LSTM with its linear layer (BLSTM), as a child module. */
typedef struct dmx_dconv {
    int depth;
    double compress;
    bool attention, lstm;
} dmx_dconv;

void dmx_params_dconv(dmx_params_builder *b, const char *module, int index, int64_t channels, const dmx_dconv *shape);
void dmx_params_blstm(dmx_params_builder *b, const char *module, int index, int64_t channels, int layers);

/* The three classes. */
void dmx_params_of_demucs(dmx_params_builder *b);
void dmx_params_of_hybrid(dmx_params_builder *b, bool transformer);

#endif
