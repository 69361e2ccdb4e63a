/* alloc.c - the allocator: zeroed, aligned, safe against overflow, and able to fail on demand. */
#include "base/alloc.h"

#include "support/test.h"

#include <stdint.h>
#include <string.h>

static bool is_zero(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0) return false;
    return true;
}

/* Dirty a block, free it and take it again: the allocator of the system likes to hand the same one out. */
static void test_zeroed_and_aligned(void)
{
    const size_t sizes[] = {1, 7, 63, 64, 65, 1000, 4096, 100003};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int round = 0; round < 3; round++) {
            unsigned char *block = dmx_alloc(sizes[i], 1);
            REQUIRE(block != NULL, "size %zu", sizes[i]);
            CHECK((uintptr_t)block % DMX_ALIGNMENT == 0, "size %zu at %p", sizes[i], (void *)block);
            CHECK(is_zero(block, sizes[i]), "size %zu, round %d", sizes[i], round);
            memset(block, 0xff, sizes[i]);
            dmx_free(block);
        }
    }
}

static void test_nothing(void)
{
    void *a = dmx_alloc(0, 8), *b = dmx_alloc(8, 0);
    CHECK(a != NULL && b != NULL && a != b, "%p %p", a, b);
    dmx_free(a);
    dmx_free(b);
    dmx_free(NULL);
}

static void test_overflow(void)
{
    const size_t halves[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1};
    for (size_t i = 0; i < 3; i++) {
        CHECK(dmx_alloc(halves[i], 8) == NULL, "%zu * 8", halves[i]);
        CHECK(dmx_alloc(8, halves[i]) == NULL, "8 * %zu", halves[i]);
    }
    CHECK(dmx_alloc(SIZE_MAX, 1) == NULL, "everything");
    CHECK(dmx_alloc(SIZE_MAX / 8 + 2, 8) == NULL, "a product that wraps round to 8");
    CHECK(dmx_strndup("x", SIZE_MAX) == NULL, "no room for the terminator");
}

static void test_realloc(void)
{
    uint32_t *block = dmx_alloc(3, sizeof *block);
    REQUIRE(block != NULL, "3 words");
    for (uint32_t i = 0; i < 3; i++) block[i] = i + 1;
    uint32_t *grown = dmx_realloc(block, 3, 100, sizeof *block);
    REQUIRE(grown != NULL, "100 words");
    CHECK(grown[0] == 1 && grown[2] == 3, "%u %u", grown[0], grown[2]);
    CHECK(is_zero((unsigned char *)(grown + 3), 97 * sizeof *grown), "new words are zero");
    CHECK(dmx_realloc(grown, 100, SIZE_MAX / 2, sizeof *grown) == NULL, "too large");
    CHECK(grown[1] == 2, "the block stays after a failure");
    uint32_t *shrunk = dmx_realloc(grown, 100, 2, sizeof *grown);
    REQUIRE(shrunk != NULL, "2 words");
    CHECK(shrunk[0] == 1 && shrunk[1] == 2, "%u %u", shrunk[0], shrunk[1]);
    dmx_free(shrunk);
    void *fresh = dmx_realloc(NULL, 0, 5, 1);
    CHECK(fresh != NULL, "from nothing");
    dmx_free(fresh);
}

static void test_make_room(void)
{
    uint32_t *list = NULL;
    size_t capacity = 0;
    for (size_t count = 0; count < 100; count++) {
        uint32_t *grown = dmx_make_room(list, count, &capacity, sizeof *list);
        REQUIRE(grown != NULL && capacity > count, "%zu items, room for %zu", count, capacity);
        list = grown;
        list[count] = (uint32_t)count;
    }
    for (uint32_t i = 0; i < 100; i++) CHECK(list[i] == i, "item %u is %u", i, list[i]);
    const size_t before = capacity;
    CHECK(dmx_make_room(list, before - 1, &capacity, sizeof *list) == list && capacity == before, "there is room");
    dmx_alloc_fail_after(0);
    CHECK(dmx_make_room(list, before, &capacity, sizeof *list) == NULL && capacity == before, "no memory");
    dmx_alloc_fail_after(-1);
    CHECK(list[99] == 99, "the list stays after a failure");
    dmx_free(list);
}

static void test_strings(void)
{
    char *copy = dmx_strdup("drums");
    char *part = dmx_strndup("vocals", 3);
    char *empty = dmx_strndup("", 0);
    REQUIRE(copy != NULL && part != NULL && empty != NULL, "three copies");
    CHECK(strcmp(copy, "drums") == 0, "%s", copy);
    CHECK(strcmp(part, "voc") == 0, "%s", part);
    CHECK(*empty == '\0', "%s", empty);
    dmx_free(copy);
    dmx_free(part);
    dmx_free(empty);
}

/* A countdown of n lets n allocations succeed and none after them, until it is turned off. */
static void test_failure_hook(void)
{
    for (int countdown = 0; countdown < 5; countdown++) {
        void *blocks[8];
        dmx_alloc_fail_after(countdown);
        for (int i = 0; i < 8; i++) blocks[i] = dmx_alloc(1, 1);
        dmx_alloc_fail_after(-1);
        for (int i = 0; i < 8; i++) {
            CHECK((blocks[i] != NULL) == (i < countdown), "countdown %d, allocation %d", countdown, i);
            dmx_free(blocks[i]);
        }
        void *after = dmx_alloc(1, 1);
        CHECK(after != NULL, "the hook is off again");
        dmx_free(after);
    }
    char *kept = dmx_strdup("kept");
    dmx_alloc_fail_after(0);
    CHECK(dmx_realloc(kept, 5, 50, 1) == NULL && dmx_strdup("x") == NULL, "every way in fails");
    dmx_alloc_fail_after(-1);
    CHECK(strcmp(kept, "kept") == 0, "%s", kept);
    dmx_free(kept);
}

TEST_MAIN(test_zeroed_and_aligned, test_nothing, test_overflow, test_realloc, test_make_room, test_strings,
          test_failure_hook)
