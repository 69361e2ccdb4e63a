/* positions.h - position embeddings: constants of a network and a length, which no audio changes. */
#ifndef DMX_NN_POSITIONS_H
#define DMX_NN_POSITIONS_H

#include "nn/grid.h"

typedef enum dmx_positions_kind {
    DMX_POSITIONS_SIN,    /* create_sin_embedding: cosines, then sines, of position / divisor; dim is even */
    DMX_POSITIONS_SIN_2D, /* create_2d_sin_embedding, of steps and bins; dim is a multiple of 4 */
    DMX_POSITIONS_TABLE   /* learnt: ScaledEmbedding, which keeps its weights divided by a boost of 3 */
} dmx_positions_kind;

typedef struct dmx_positions {
    dmx_positions_kind kind;
    int dim;
    double max_period;
    bool centred;       /* SIN: positions count from the middle of the sequence */
    float weight;       /* what the embedding is multiplied by */
    const float *table; /* TABLE: [steps or more][dim], a weight */
} dmx_positions;

/* x[steps][bins][dim] += weight * embedding; one bin unless SIN_2D. */
void dmx_positions_add(dmx_exec *exec, const dmx_positions *positions, const dmx_grid *x);

#endif
