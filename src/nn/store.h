/* store.h - the memory that a network's weights lie in: blocks that live and die together. */
#ifndef DMX_NN_STORE_H
#define DMX_NN_STORE_H

#include <stddef.h>

typedef struct dmx_store_block {
    void *memory;
    size_t floats; /* how many there are; 0 when it is not numbers as they were uploaded */
} dmx_store_block;

typedef struct dmx_store {
    dmx_store_block *blocks; /* [count] */
    size_t count;
    size_t bytes;                   /* of all blocks together */
    struct dmx_conv_weights *convs; /* in those blocks: a list of what was uploaded, for whoever keeps it (upload.h) */
} dmx_store;

/* `count` zeroed floats, aligned to 64 bytes, or NULL: for the numbers of tensors, in whatever order, and nothing else,
 * since a model is known by them (models/digest.h). What follows from them, and all else, is for dmx_store_bytes. */
float *dmx_store_floats(dmx_store *store, size_t count);

/* `size` zeroed bytes, or NULL. */
void *dmx_store_bytes(dmx_store *store, size_t size);
void dmx_store_clear(dmx_store *store);

#endif
