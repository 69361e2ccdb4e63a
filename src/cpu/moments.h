/* moments.h - a grid as rows, and sums over them.
 *
 * Statistics run down the rows: for each position in a row a sum and a sum of squares, in double, over all rows. That
 * is one contiguous pass whatever a norm's groups are; positions are folded into groups at the end, when only one row
 * is left. Threads sum fixed blocks of rows, which are then added in order: the result does not depend on their number.
 */
#ifndef DMX_CPU_MOMENTS_H
#define DMX_CPU_MOMENTS_H

#include "nn/grid.h"

/* A grid seen as rows of joined steps, so that rows are long enough for the kernels. The last row may be short. */
typedef struct dmx_row_view {
    const dmx_grid *grid;
    int row_steps;
    size_t step_length, row_length, rows;
} dmx_row_view;

dmx_row_view dmx_row_view_of(const dmx_grid *grid);

/* The same for two grids that are gone through together: steps are joined only where both allow it. */
dmx_row_view dmx_row_view_with(const dmx_grid *grid, const dmx_grid *other);

/* A single step would be one enormous row: see it as a sequence. Only where bins are no batch. */
dmx_grid dmx_row_view_narrowed(const dmx_grid *grid);

/* Where a row begins, and its floats. */
float *dmx_row_view_at(const dmx_row_view *view, size_t row);
size_t dmx_row_view_length(const dmx_row_view *view, size_t row);

typedef struct dmx_cpu_moments {
    const dmx_kernels *kernels;
    dmx_row_view view;
    size_t block_rows, blocks;
    double *sum;        /* [blocks][row_length] */
    double *square_sum; /* [blocks][row_length] */
} dmx_cpu_moments;

/* Sums over the rows of each block, in the arena. Then, in a work item: over all rows, left in block 0. */
dmx_cpu_moments dmx_cpu_moments_gather(dmx_exec *exec, const dmx_grid *x);
void dmx_cpu_moments_add_blocks(const dmx_cpu_moments *moments);

#endif
