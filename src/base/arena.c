/* arena.c - see arena.h */
#include "base/arena.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdint.h>

void *dmx_arena_carve(dmx_arena *arena, size_t count, size_t size)
{
    const size_t limit = SIZE_MAX - DMX_ALIGNMENT;
    if (arena->peak == SIZE_MAX || (size != 0 && count > limit / size) || count * size > limit - arena->used) {
        assert(arena->block == NULL);
        arena->peak = SIZE_MAX;
        return NULL;
    }
    size_t bytes = (count * size + DMX_ALIGNMENT - 1) / DMX_ALIGNMENT * DMX_ALIGNMENT;
    void *piece = arena->block != NULL ? arena->block + arena->used : NULL;
    arena->used += bytes;
    if (arena->used > arena->peak) arena->peak = arena->used;
    assert(arena->block == NULL || arena->used <= arena->size);
    return piece;
}

float *dmx_arena_floats(dmx_arena *arena, size_t count) { return dmx_arena_carve(arena, count, sizeof(float)); }
