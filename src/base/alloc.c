/* alloc.c - see alloc.h */
#include "base/alloc.h"

#include "base/memory.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE_BYTES = 1 << 28 };

static _Atomic int64_t fail_countdown = -1;

static bool told_to_fail(void)
{
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) < 0) return false;
    int64_t left = atomic_load(&fail_countdown);
    while (left > 0 && !atomic_compare_exchange_weak(&fail_countdown, &left, left - 1)) {
    }
    return left == 0;
}

void dmx_alloc_fail_after(int64_t countdown) { atomic_store(&fail_countdown, countdown); }

/* More than the machine has. The system would promise it all the same, and end the process when it is used. */
static bool beyond_machine(size_t bytes) { return bytes >= LARGE_BYTES && bytes >= dmx_machine_memory(); }

void *dmx_alloc(size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX / 2) / size) return NULL;
    if (told_to_fail() || beyond_machine(count * size)) return NULL;
    /* calloc knows which memory comes from the system full of zeros: hundreds of megabytes need not be written twice.
     * It does not align enough; where its block begins is kept in front of ours. */
    char *whole = calloc(1, count * size + DMX_ALIGNMENT + sizeof(void *));
    if (whole == NULL) return NULL;
    char *block = whole + sizeof(void *);
    block += -(uintptr_t)block % DMX_ALIGNMENT;
    memcpy(block - sizeof(void *), &whole, sizeof whole);
    return block;
}

void *dmx_realloc(void *block, size_t old_count, size_t count, size_t size)
{
    void *grown = dmx_alloc(count, size);
    if (grown == NULL) return NULL;
    size_t kept = old_count < count ? old_count : count;
    if (block != NULL && kept * size > 0) memcpy(grown, block, kept * size);
    dmx_free(block);
    return grown;
}

void *dmx_make_room(void *list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) return list;
    const size_t larger = 2 * *capacity + 16;
    void *grown = dmx_realloc(list, *capacity, larger, size);
    if (grown != NULL) *capacity = larger;
    return grown;
}

void dmx_free(void *block)
{
    void *whole = NULL;
    if (block != NULL) memcpy(&whole, (char *)block - sizeof whole, sizeof whole);
    free(whole);
}

char *dmx_strndup(const char *text, size_t length)
{
    if (length == SIZE_MAX) return NULL;
    char *copy = dmx_alloc(length + 1, 1);
    if (copy != NULL && length > 0) memcpy(copy, text, length);
    return copy;
}

char *dmx_strdup(const char *text) { return dmx_strndup(text, strlen(text)); }
