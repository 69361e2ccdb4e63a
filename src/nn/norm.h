/* norm.h - group and layer normalisation on channels-last grids. */
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

/* A norm turned into y = x * scale + shift. It lives in the arena. To make rows long enough for the kernels, several
 * steps of a narrow grid are one row. */
typedef struct dmx_normalizer {
    int row_steps;     /* steps that one row of scale covers */
    size_t row_length; /* row_steps * bins * channels */
    float *scale;      /* [row_length] */
    float *shift;      /* [row_length] */
} dmx_normalizer;

/* Gather the statistics of x and make its normalizer. Threads sum fixed blocks of rows, which are then added in order:
 * the result does not depend on their number. groups >= 1. */
dmx_normalizer dmx_norm_prepare(dmx_exec *exec, const dmx_norm *norm, dmx_norm_span span, const dmx_grid *x);

/* x = activation(norm(x)), in place; not GLU. */
void dmx_norm_apply(dmx_exec *exec, const dmx_normalizer *normalizer, dmx_activation activation, const dmx_grid *x);

/* y = glu(norm(x)) over the whole grid; x has twice the channels of y. groups >= 1. */
void dmx_norm_glu(dmx_exec *exec, const dmx_norm *norm, const dmx_grid *x, const dmx_grid *y);

/* x = activation(norm(x)), or just the activation when there is no norm. */
void dmx_norm_activate(dmx_exec *exec, const dmx_norm *norm, dmx_activation activation, const dmx_grid *x);

/* y = layer_norm(x) over channels, bin by bin; y may be x. Grids without margins between bins. */
void dmx_layer_norm(dmx_exec *exec, const dmx_norm *norm, const dmx_grid *x, const dmx_grid *y);

/* Mean and unbiased standard deviation over the whole grid, in double. */
void dmx_grid_mean_deviation(dmx_exec *exec, const dmx_grid *x, double *mean, double *deviation);

/* y = x * scale + shift with two numbers for all; y may be x. */
void dmx_grid_affine(dmx_exec *exec, const dmx_grid *x, float scale, float shift, const dmx_grid *y);

#endif
