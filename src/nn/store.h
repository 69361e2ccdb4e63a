/* store.h - the memory that a network's weights lie in: blocks that live and die together. */
#ifndef DMX_NN_STORE_H
#define DMX_NN_STORE_H

#include <stddef.h>

typedef struct dmx_store {
    void **blocks; /* [count] */
    size_t count;
    size_t bytes;                   /* of all blocks together */
    struct dmx_conv_weights *convs; /* in those blocks: a list of what was uploaded, for whoever keeps it (upload.h) */
} dmx_store;

/* `count` zeroed floats, aligned to 64 bytes, or NULL. */
float *dmx_store_floats(dmx_store *store, size_t count);

/* `size` zeroed bytes, or NULL. */
void *dmx_store_bytes(dmx_store *store, size_t size);
void dmx_store_clear(dmx_store *store);

#endif
