/* cross_transformer.h - CrossTransformerEncoder of the official transformer.py: two sequences of tokens, one of the
 * frequency branch and one of the time branch, go through self-attention layers and, in between, through layers where
 * each attends to the other.
 *
 * Tokens of the frequency branch are ordered step by step, bins within a step: that is how [steps][bins][channels] lies
 * in memory already. */
#ifndef DMX_MODELS_LAYERS_CROSS_TRANSFORMER_H
#define DMX_MODELS_LAYERS_CROSS_TRANSFORMER_H

#include "models/loading/weights.h"

enum { DMX_TRANSFORMER_MAX_LAYERS = 64 };

typedef enum dmx_position_embedding {
    DMX_EMBEDDING_SIN,
    DMX_EMBEDDING_CAPE,
    DMX_EMBEDDING_SCALED
} dmx_position_embedding;

typedef struct dmx_transformer_options {
    int dim, heads, layers, hidden;
    dmx_position_embedding embedding;
    int max_positions; /* rows of the learnt embedding (SCALED) */
    double max_period;
    double weight_pos_embed;
    bool norm_in;
    int norm_in_group; /* groups of the norm over all tokens, used without norm_in; 0: none */
    int group_norm;    /* layers norm over all tokens in so many groups; 0: layer norms */
    bool norm_first;
    int norm_out; /* groups of the norm at the end of each layer; 0: none */
    bool layer_scale;
    bool gelu; /* else ReLU */
    bool cape_mean_normalize;
    bool cross_first;
} dmx_transformer_options;

/* MyTransformerEncoderLayer or CrossTransformerEncoderLayer. */
typedef struct dmx_transformer_layer {
    dmx_norm norm1, norm2, norm3; /* self layers have no norm3; cross layers use norm2 for the keys when norm_first */
    dmx_norm norm_out;
    dmx_conv q, k, v; /* dim -> dim */
    dmx_conv out_proj;
    dmx_conv linear1, linear2;
    const float *gamma_1, *gamma_2; /* [dim] or NULL */
} dmx_transformer_layer;

typedef struct dmx_transformer {
    dmx_transformer_options options;
    dmx_norm norm_in, norm_in_t;
    const float *position_embeddings;                           /* [max_positions][dim], SCALED only */
    dmx_transformer_layer layers[DMX_TRANSFORMER_MAX_LAYERS];   /* frequency branch */
    dmx_transformer_layer layers_t[DMX_TRANSFORMER_MAX_LAYERS]; /* time branch */
} dmx_transformer;

void dmx_transformer_load(dmx_weights *w, dmx_transformer *transformer, const dmx_transformer_options *options,
                          const char *prefix);

/* x [steps][bins][dim] and xt [steps][1][dim], both without margins, in place. */
void dmx_transformer_run(dmx_exec *exec, const dmx_transformer *transformer, const dmx_grid *x, const dmx_grid *xt);

#endif
