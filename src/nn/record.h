/* record.h - a forward pass as a list of operations, to be carried out later, by somebody else, or again.
 *
 * Recording runs the forward pass on an exec whose table only appends to a list. Nothing is computed and no activation
 * is touched: the arena is an address to reckon with, such as that of a device's buffer, and the grids in the list hold
 * addresses from there on. The list holds nothing of the audio, so it serves every mix of its length: it belongs to a
 * network, a length and a choice of stems, and lives no longer than the network's weights.
 *
 * Bins that do not look at one another (apart.h) are recorded once for all of them; such operations have `apart` set.
 */
#ifndef DMX_NN_RECORD_H
#define DMX_NN_RECORD_H

#include "nn/ops.h"

typedef struct dmx_op_list {
    dmx_op *ops; /* [count] */
    size_t count, capacity;
    bool apart;  /* a body of dmx_bins_run_apart is being recorded */
    bool failed; /* for want of memory: the list has a gap */
} dmx_op_list;

/* Appends to exec->list, or, where that is NULL, only counts what of the arena is in use. */
extern const dmx_ops dmx_record_ops;

/* Give its memory back; the list is empty afterwards. */
void dmx_op_list_clear(dmx_op_list *list);

#endif
