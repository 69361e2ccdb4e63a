/* store.c - see store.h */
#include "models/loading/store.h"

#include "base/alloc.h"

static void *store_block(dmx_store *store, size_t count, size_t size)
{
    void **blocks = dmx_realloc(store->blocks, store->count, store->count + 1, sizeof *blocks);
    if (blocks == NULL) return NULL;
    store->blocks = blocks;
    void *block = dmx_alloc(count, size);
    if (block != NULL) blocks[store->count++] = block;
    return block;
}

float *dmx_store_floats(dmx_store *store, size_t count) { return store_block(store, count, sizeof(float)); }

void *dmx_store_bytes(dmx_store *store, size_t size) { return store_block(store, 1, size); }

void dmx_store_clear(dmx_store *store)
{
    for (size_t i = 0; i < store->count; i++) dmx_free(store->blocks[i]);
    dmx_free(store->blocks);
    dmx_free(store->convs);
    *store = (dmx_store){0};
}

bool dmx_store_conv(dmx_store *store, dmx_conv *conv)
{
    dmx_conv **convs = dmx_realloc(store->convs, store->conv_count, store->conv_count + 1, sizeof *convs);
    if (convs == NULL) return false;
    store->convs = convs;
    convs[store->conv_count++] = conv;
    return true;
}

bool dmx_store_add_bf16(dmx_store *store, const dmx_kernels *kernels)
{
    for (size_t i = 0; i < store->conv_count; i++) {
        dmx_conv *conv = store->convs[i];
        const size_t count = dmx_conv_bf16_count(conv);
        if (count == 0 || conv->weight_bf16 != NULL) continue;
        uint16_t *packed = store_block(store, count, sizeof *packed);
        if (packed == NULL) return false;
        dmx_conv_pack_bf16(conv, kernels, packed);
        conv->weight_bf16 = packed;
    }
    return true;
}
