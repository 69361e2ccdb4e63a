/* arena.c - one carve function, run on nothing and on a block, must agree; overflow must stick. */
#include "base/arena.h"

#include "base/alloc.h"
#include "support/test.h"

#include <stdint.h>
#include <string.h>

enum { PIECES = 40 };

typedef struct layout {
    char *piece[PIECES];
    size_t bytes[PIECES];
} layout;

/* Pieces of many sizes; every fourth pair shares memory with what follows it. */
static void carve(layout *l, dmx_arena *arena)
{
    for (size_t i = 0; i < PIECES; i++) {
        size_t mark = arena->used;
        l->bytes[i] = (i * 37) % 300 * (i % 5);
        l->piece[i] = dmx_arena_carve(arena, (i * 37) % 300, i % 5);
        if (i % 4 == 3) arena->used = mark;
    }
}

static void test_count_equals_carve(void)
{
    layout counted, carved;
    dmx_arena count = {0};
    carve(&counted, &count);
    for (int i = 0; i < PIECES; i++) CHECK(counted.piece[i] == NULL, "piece %d while counting", i);

    char *block = dmx_alloc(count.peak, 1);
    REQUIRE(block != NULL, "%zu bytes", count.peak);
    dmx_arena real = {.block = block, .size = count.peak};
    carve(&carved, &real);
    CHECK(real.used == count.used && real.peak == count.peak, "used %zu, %zu; peak %zu, %zu", real.used, count.used,
          real.peak, count.peak);
    for (int i = 0; i < PIECES; i++) {
        CHECK((uintptr_t)carved.piece[i] % DMX_ALIGNMENT == 0, "piece %d", i);
        CHECK(carved.piece[i] >= block && carved.piece[i] + carved.bytes[i] <= block + count.peak, "piece %d", i);
        memset(carved.piece[i], i, carved.bytes[i]); /* the address sanitizer watches */
    }
    dmx_free(block);
}

static void test_pieces_do_not_overlap(void)
{
    char *block = dmx_alloc(10 * 64, 1);
    REQUIRE(block != NULL, "640 bytes");
    dmx_arena arena = {.block = block, .size = 640};
    char *a = dmx_arena_carve(&arena, 1, 1), *b = dmx_arena_carve(&arena, 65, 1), *c = dmx_arena_carve(&arena, 64, 1);
    char *none = dmx_arena_carve(&arena, 0, 4), *d = (char *)dmx_arena_floats(&arena, 16);
    CHECK(a == block && b == block + 64 && c == block + 192, "at %td, %td", b - block, c - block);
    CHECK(none == d && d == block + 256, "an empty piece takes nothing");
    CHECK(arena.used == 320 && arena.peak == 320, "%zu", arena.used);
    dmx_free(block);
}

/* Neither a product nor a sum may wrap round to something that could be reserved. */
static void test_overflow_sticks(void)
{
    const struct {
        size_t first, count, size;
    } cases[] = {
        {0, SIZE_MAX, 2},  {0, SIZE_MAX / 2 + 1, 2},  {64, SIZE_MAX - 64, 1},
        {64, SIZE_MAX, 1}, {0, SIZE_MAX / 4 + 16, 4}, {SIZE_MAX / 2, SIZE_MAX / 2, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dmx_arena arena = {0};
        dmx_arena_carve(&arena, cases[i].first, 1);
        CHECK(dmx_arena_carve(&arena, cases[i].count, cases[i].size) == NULL, "case %zu", i);
        CHECK(arena.peak == SIZE_MAX, "case %zu: peak %zu", i, arena.peak);
        dmx_arena_carve(&arena, 1, 1);
        CHECK(arena.peak == SIZE_MAX, "case %zu: forgotten by the next piece", i);
        CHECK(dmx_alloc(arena.peak, 1) == NULL, "case %zu: nothing can satisfy it", i);
    }
}

TEST_MAIN(test_count_equals_carve, test_pieces_do_not_overlap, test_overflow_sticks)
