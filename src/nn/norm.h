/* norm.h - group and layer normalisation on channels-last grids, and the mean and the deviation of a whole grid. */
#ifndef DMX_NN_NORM_H
#define DMX_NN_NORM_H

#include "nn/grid.h"

#define DMX_NORM_EPS 1e-5 /* PyTorch's default for all norms */

typedef struct dmx_norm {
    int channels;
    int groups;         /* 0: no norm (PyTorch's Identity) */
    const float *gamma; /* [channels] */
    const float *beta;  /* [channels] */
} dmx_norm;

/* Over what a group norm takes its statistics. */
typedef enum dmx_norm_span {
    DMX_NORM_ALL,    /* all steps and bins together */
    DMX_NORM_PER_BIN /* all steps of one bin: bins are the batch, as inside DConv */
} dmx_norm_span;

/* x = activation(norm(x)), in place, or just the activation when there is no norm; not GLU. */
void dmx_norm_activate(dmx_exec *exec, const dmx_norm *norm, dmx_norm_span span, dmx_activation activation,
                       const dmx_grid *x);

/* y = glu(norm(x)) over the whole grid; x has twice the channels of y. groups >= 1. */
void dmx_norm_glu(dmx_exec *exec, const dmx_norm *norm, const dmx_grid *x, const dmx_grid *y);

/* y = layer_norm(x) over channels, bin by bin; y may be x. Grids without margins between bins. */
void dmx_layer_norm(dmx_exec *exec, const dmx_norm *norm, const dmx_grid *x, const dmx_grid *y);

/* ---- a whole grid ---- */

/* Mean and unbiased deviation, computed in double, and what they make of normalising: one cell of so many channels.
 * They stay where they were computed, for later operations. */
enum { DMX_MEAN, DMX_DEVIATION, DMX_SCALE, DMX_SHIFT, DMX_MOMENTS };
dmx_grid dmx_moments_create(dmx_exec *exec);

/* moments of x; scale = 1 / (1e-5 + deviation), shift = -mean * scale. */
void dmx_moments_of_grid(dmx_exec *exec, const dmx_grid *x, const dmx_grid *moments);

/* x = x * scale + shift, and x = x * deviation + mean */
void dmx_grid_normalise(dmx_exec *exec, const dmx_grid *moments, const dmx_grid *x);
void dmx_grid_restore(dmx_exec *exec, const dmx_grid *moments, const dmx_grid *x);

#endif
