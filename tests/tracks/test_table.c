/* test_table.c - the table finds what was put into it and nothing else, after any order of adding and removing. */
#include "tracks/table.h"

#include "base/alloc.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS = 2000, STEPS = 200000 };

typedef struct item {
    char key[16];
    bool there;
} item;

static unsigned next_random(unsigned *state) { return (*state = *state * 1664525u + 1013904223u) >> 8; }

static int released;
static void count_one(void *value)
{
    released++;
    ((item *)value)->there = false;
}

/* Against flags beside the keys, with many removals, so that searches cross what was moved up. */
static void test_any_order(void)
{
    static item items[KEYS];
    dmx_table table = {0};
    unsigned state = 1;
    size_t count = 0;
    for (int i = 0; i < KEYS; i++) snprintf(items[i].key, sizeof items[i].key, "out/%d", i);
    for (int step = 0; step < STEPS; step++) {
        item *one = &items[next_random(&state) % KEYS];
        const size_t bytes = strlen(one->key);
        if (dmx_table_find(&table, one->key, bytes) != (one->there ? one : NULL)) {
            CHECK(false, "step %d: %s", step, one->key);
            break;
        }
        if (one->there)
            dmx_table_remove(&table, one->key, bytes);
        else
            REQUIRE(dmx_table_add(&table, one->key, bytes, one), "room");
        one->there = !one->there;
        count += one->there ? 1 : (size_t)-1;
    }
    CHECK(table.count == count && table.capacity >= 2 * count, "%zu keys, not %zu", table.count, count);
    for (int i = 0; i < KEYS; i++)
        if (dmx_table_find(&table, items[i].key, strlen(items[i].key)) != (items[i].there ? &items[i] : NULL))
            CHECK(false, "in the end: %s", items[i].key);
    CHECK(dmx_table_find(&table, "out/1", 4) == NULL, "a part of a key");
    dmx_table_clear(&table, count_one);
    CHECK(released == (int)count && table.slots == NULL && table.count == 0, "%d released", released);
    CHECK(dmx_table_find(&table, "out/1", 5) == NULL, "an empty table");
}

static void test_no_memory(void)
{
    item one = {.key = "a"};
    dmx_table table = {0};
    dmx_alloc_fail_after(0);
    CHECK(!dmx_table_add(&table, one.key, 1, &one), "without memory");
    dmx_alloc_fail_after(-1);
    CHECK(dmx_table_find(&table, one.key, 1) == NULL && dmx_table_add(&table, one.key, 1, &one), "and with it again");
    dmx_table_clear(&table, count_one);
}

TEST_MAIN(test_any_order, test_no_memory)
