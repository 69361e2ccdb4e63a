/* alloc.h - the only caller of malloc in the engine.
 *
 * One place, so that a test can make the N-th allocation fail and see every path clean up. Memory is aligned to 64
 * bytes (a cache line and the widest vector) and zeroed, and sizes are checked for overflow here and not at each call.
 */
#ifndef DMX_BASE_ALLOC_H
#define DMX_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#define DMX_ALIGNMENT 64

/* `count * size` zeroed bytes, or NULL when there is no memory or the product overflows. `count * size == 0` gives a
 * pointer that may be freed. More than the machine has in all fails here, and not later when it is used. Free with
 * dmx_free. */
void *dmx_alloc(size_t count, size_t size);

/* Grow or shrink to `count * size` bytes. Like realloc: NULL on failure, and the old block stays. New bytes are zero.
 * `old_count * size` must be the size it had. */
void *dmx_realloc(void *block, size_t old_count, size_t count, size_t size);

/* Room for one more in a list that has `count` items of `size` bytes and room for *capacity: the list itself, or a
 * longer one in its place; or NULL without memory, and the list stays as it was. */
void *dmx_make_room(void *list, size_t count, size_t *capacity, size_t size);

void dmx_free(void *block);

/* A copy of a string, or of its first `length` bytes, or NULL. */
char *dmx_strdup(const char *text);
char *dmx_strndup(const char *text, size_t length);

/* For tests: let `countdown` more allocations succeed and all after them fail; -1 turns that off. Global. */
void dmx_alloc_fail_after(int64_t countdown);

#endif
