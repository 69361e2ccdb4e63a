/* table.h - a hash table: from a key, which is bytes, to a pointer. Neither is copied: the key lies in what the pointer
 * is for, and both stay where they are while they are in the table. */
#ifndef DMX_TRACKS_TABLE_H
#define DMX_TRACKS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct dmx_slot {
    const void *key; /* [bytes], or NULL: the slot is free */
    size_t bytes;
    size_t hash;
    void *value;
} dmx_slot;

/* All zeros is an empty table. */
typedef struct dmx_table {
    dmx_slot *slots; /* [capacity] */
    size_t count, capacity;
} dmx_table;

/* What a key leads to, or NULL. */
void *dmx_table_find(const dmx_table *self, const void *key, size_t bytes);

/* Add a key that is not there. False without memory. */
bool dmx_table_add(dmx_table *self, const void *key, size_t bytes, void *value);

/* Remove a key that is there. */
void dmx_table_remove(dmx_table *self, const void *key, size_t bytes);

/* Call `release` for all values, and free the table's own memory. */
void dmx_table_clear(dmx_table *self, void (*release)(void *value));

#endif
