/* store.h - the memory that a network's weights lie in. */
#ifndef DMX_MODELS_LOADING_STORE_H
#define DMX_MODELS_LOADING_STORE_H

#include "nn/conv.h"

/* Blocks of memory that live and die together, and the layers whose weights lie in them. */
typedef struct dmx_store {
    void **blocks;
    size_t count;
    dmx_conv **convs;
    size_t conv_count;
} dmx_store;

/* `count` zeroed floats, or NULL. */
float *dmx_store_floats(dmx_store *store, size_t count);

/* `size` zeroed bytes, or NULL. */
void *dmx_store_bytes(dmx_store *store, size_t size);
void dmx_store_clear(dmx_store *store);

/* Remember a layer for what follows. Its place must not change any more. False when there is no memory. */
bool dmx_store_conv(dmx_store *store, dmx_conv *conv);

/* Give the layers their weights in bfloat16 as well, those that are fit for it and have none yet. False when there is
 * no memory. */
bool dmx_store_add_bf16(dmx_store *store, const dmx_kernels *kernels);

#endif
