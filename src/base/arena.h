/* arena.h - carve one block into arrays.
 *
 * A carve function is written once and run twice: on an arena without a block it only counts, on an arena with one it
 * hands out pointers. So the size that is reserved and the addresses that are used cannot disagree.
 *
 *     static void carve(struct state *s, dmx_arena *arena) { s->x = dmx_arena_floats(arena, n); ... }
 *
 *     dmx_arena count = {0};           carve(&s, &count);                 // count.used bytes are needed
 *     void *block = dmx_alloc(count.used, 1);
 *     dmx_arena real = {.block = block, .size = count.used};  carve(&s, &real);
 *
 * What lives at different times may share memory: remember arena.used, carve, and set it back; `peak` keeps the
 * largest `used` there was, and is what has to be reserved. */
#ifndef DMX_BASE_ARENA_H
#define DMX_BASE_ARENA_H

#include <stddef.h>

typedef struct dmx_arena {
    char *block; /* NULL: count only */
    size_t size;
    size_t used; /* bytes handed out, each piece rounded up to 64 */
    size_t peak; /* the largest `used` so far */
} dmx_arena;

/* The next `count * size` bytes, aligned to 64, or NULL while counting. Overflow of the sum is caught: `peak` sticks
 * at SIZE_MAX, which no allocation can satisfy. Carving past `size` is a bug and asserts. */
void *dmx_arena_carve(dmx_arena *arena, size_t count, size_t size);

/* The same for floats, the usual case. */
float *dmx_arena_floats(dmx_arena *arena, size_t count);

#endif
