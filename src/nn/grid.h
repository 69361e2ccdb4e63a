/* grid.h - a block of activations in memory, [steps][bins][channels], channels-last.
 *
 * A network hands grids from operation to operation and does not look inside: their memory may be that of a device.
 *
 * The frequency branch of a hybrid network has STFT steps and frequency bins. The time branch is a grid of one step
 * whose bins are the frames, so that its strided convolutions run along bins too; seen as a sequence (steps = frames,
 * one bin) it suits the layers that look along time. Both views share the memory.
 *
 *            margin_bins                bins * channels                 margin_bins_after
 *     step  |  0 0 0   |  b0: c0 c1 .. | b1: c0 c1 .. | ... | b(n-1)   |  0 0 0 |      <- step_stride floats -->
 *
 * Margins hold zeros: a convolution then reads beyond the border without a special case. Above the first and below the
 * last step there are `margin_steps` steps of zeros as well. Who writes junk into a margin clears it again. */
#ifndef DMX_NN_GRID_H
#define DMX_NN_GRID_H

#include "nn/exec.h"

typedef struct dmx_margin {
    int bins_before, bins_after, steps;
} dmx_margin;

typedef struct dmx_grid {
    float *data; /* the address of element [0][0][0], for who carries out operations; NULL while planning */
    int steps, bins, channels;
    ptrdiff_t step_stride; /* floats from one step to the next */
    dmx_margin margin;
} dmx_grid;

/* Take a grid from the arena. Its margins are cleared, its inside is not. */
dmx_grid dmx_grid_create(dmx_exec *exec, int steps, int bins, int channels, dmx_margin margin);

/* The larger of two margins, side by side. */
dmx_margin dmx_margin_max(dmx_margin a, dmx_margin b);

/* Set all margins to zero. */
void dmx_grid_clear_margins(dmx_exec *exec, const dmx_grid *grid);

/* One step of n bins seen as n steps of one bin. The margin between bins becomes one between steps. */
dmx_grid dmx_grid_as_sequence(const dmx_grid *grid);

/* Bins [first, first + bins) of a grid (first may lie in the margin), without margins to rely on. */
dmx_grid dmx_grid_bins(const dmx_grid *grid, int first, int bins);

/* to += from, of the same shape. */
void dmx_grid_add(dmx_exec *exec, const dmx_grid *from, const dmx_grid *to);

/* to = from, of the same shape. */
void dmx_grid_copy(dmx_exec *exec, const dmx_grid *from, const dmx_grid *to);

/* to[s][b][c] += row[b][c]; row is a weight */
void dmx_grid_add_row(dmx_exec *exec, const float *row, const dmx_grid *to);

/* to = from but for its first `shared` bins, where a band's output meets that of the band before: to += from - bias,
 * which is in both. bias [channels] is a weight. */
void dmx_grid_join_band(dmx_exec *exec, const dmx_grid *from, int shared, const float *bias, const dmx_grid *to);

/* Show a stage's result to a test that listens. PREFIX.INDEX is PyTorch's name of the module; index -1 leaves it out.
 */
void dmx_grid_trace(const dmx_exec *exec, const char *prefix, int index, const dmx_grid *grid);

#endif
