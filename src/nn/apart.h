/* apart.h - bins that do not look at one another.
 *
 * Where the bins of the spectrogram branch are independent through several layers, the network says so and hands over
 * those layers as a body, to be run on any range of bins. Who carries out the operations takes as many bins at a time
 * as suits its memory: the CPU one or two, on an exec of their own whose arena stays in the cache of the thread; a list
 * of operations all of them.
 *
 * Statistics are those of each bin, gathered: as if its steps lay close together in a grid of one bin. So any range
 * gives the same bits. */
#ifndef DMX_NN_APART_H
#define DMX_NN_APART_H

#include "nn/grid.h"

/* Bins [first, first + bins) are at work. */
typedef struct dmx_bins {
    int first, bins;
    bool gather; /* they are worth gathering: the steps of a few bins lie far apart in memory */
} dmx_bins;

/* The layers, on some bins. `own` is what they run on; what they take from its arena they give back. */
typedef void (*dmx_bins_fn)(dmx_exec *own, const void *context, const dmx_bins *bins);

/* Run `body` on all of `bins` bins, in ranges of whole multiples of `at_once` (the last one may be shorter). The body
 * is also run for planning. */
void dmx_bins_run_apart(dmx_exec *exec, int bins, int at_once, dmx_bins_fn body, const void *context);

/* The bins of a grid that are at work. They are taken in place where gathering them does not pay, so the grid must have
 * the margin that the layers need; else they lie in `own`'s arena with such a margin, with what the grid holds (fetch)
 * or with nothing in them yet (create). */
dmx_grid dmx_bins_fetch(dmx_exec *own, const dmx_bins *bins, const dmx_grid *grid, dmx_margin margin);
dmx_grid dmx_bins_create(dmx_exec *own, const dmx_bins *bins, const dmx_grid *grid, dmx_margin margin);

/* Bring them back to where they belong. */
void dmx_bins_store(dmx_exec *own, const dmx_bins *bins, const dmx_grid *here, const dmx_grid *grid);

#endif
