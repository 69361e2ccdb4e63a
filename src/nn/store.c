/* store.c - see store.h */
#include "nn/store.h"

#include "base/alloc.h"

static void *store_block(dmx_store *store, size_t count, size_t size, size_t floats)
{
    const size_t used = store->count;
    if ((used & (used - 1)) == 0) { /* full: a power of two, which is doubled */
        dmx_store_block *blocks = dmx_realloc(store->blocks, used, used == 0 ? 1 : 2 * used, sizeof *blocks);
        if (blocks == NULL) return NULL;
        store->blocks = blocks;
    }
    void *block = dmx_alloc(count, size);
    if (block == NULL) return NULL;
    store->blocks[store->count++] = (dmx_store_block){block, floats};
    store->bytes += count * size;
    return block;
}

float *dmx_store_floats(dmx_store *store, size_t count) { return store_block(store, count, sizeof(float), count); }

void *dmx_store_bytes(dmx_store *store, size_t size) { return store_block(store, 1, size, 0); }

void dmx_store_clear(dmx_store *store)
{
    for (size_t i = 0; i < store->count; i++) dmx_free(store->blocks[i].memory);
    dmx_free(store->blocks);
    *store = (dmx_store){0};
}
