/* table.c - see table.h. Open addressing: a key lies in the slot that its hash names or, when that is taken, in the
 * next one that is free. At most half of the slots are taken, so a search is short and always ends at a free one. */
#include "tracks/table.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { LEAST_SLOTS = 64 }; /* a power of two, as all capacities */

/* FNV-1a, with its high bits folded into the low ones, which choose the slot. */
static size_t hash_of(const void *key, size_t bytes)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ ((const unsigned char *)key)[i]) * 0x100000001b3u;
    return (size_t)(hash ^ hash >> 32);
}

/* The slot of a key, or the free one where it belongs. */
static size_t locate(const dmx_table *self, const void *key, size_t bytes, size_t hash)
{
    size_t at = hash & (self->capacity - 1);
    for (; self->slots[at].key != NULL; at = (at + 1) & (self->capacity - 1)) {
        const dmx_slot *slot = &self->slots[at];
        if (slot->hash == hash && slot->bytes == bytes && memcmp(slot->key, key, bytes) == 0) break;
    }
    return at;
}

void *dmx_table_find(const dmx_table *self, const void *key, size_t bytes)
{
    if (self->count == 0) return NULL;
    return self->slots[locate(self, key, bytes, hash_of(key, bytes))].value;
}

static bool grow(dmx_table *self)
{
    dmx_table larger = {.count = self->count, .capacity = self->capacity > 0 ? 2 * self->capacity : LEAST_SLOTS};
    larger.slots = dmx_alloc(larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL) return false;
    for (size_t i = 0; i < self->capacity; i++) {
        const dmx_slot *slot = &self->slots[i];
        if (slot->key != NULL) larger.slots[locate(&larger, slot->key, slot->bytes, slot->hash)] = *slot;
    }
    dmx_free(self->slots);
    *self = larger;
    return true;
}

bool dmx_table_add(dmx_table *self, const void *key, size_t bytes, void *value)
{
    if (2 * (self->count + 1) > self->capacity && !grow(self)) return false;
    const size_t hash = hash_of(key, bytes), at = locate(self, key, bytes, hash);
    assert(self->slots[at].key == NULL);
    self->slots[at] = (dmx_slot){.key = key, .bytes = bytes, .hash = hash, .value = value};
    self->count++;
    return true;
}

/* The slots behind the one that becomes free move up where they may, so that no search ends before its key. */
void dmx_table_remove(dmx_table *self, const void *key, size_t bytes)
{
    const size_t mask = self->capacity - 1;
    size_t hole = locate(self, key, bytes, hash_of(key, bytes));
    assert(self->slots[hole].key != NULL);
    for (size_t at = (hole + 1) & mask; self->slots[at].key != NULL; at = (at + 1) & mask) {
        const size_t from_home = (at - self->slots[at].hash) & mask;
        if (from_home < ((at - hole) & mask)) continue; /* it would lie before the slot where its search begins */
        self->slots[hole] = self->slots[at];
        hole = at;
    }
    self->slots[hole] = (dmx_slot){0};
    self->count--;
}

void dmx_table_clear(dmx_table *self, void (*release)(void *value))
{
    for (size_t i = 0; i < self->capacity; i++)
        if (self->slots[i].key != NULL) release(self->slots[i].value);
    dmx_free(self->slots);
    *self = (dmx_table){0};
}
