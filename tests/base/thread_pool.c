/* thread_pool.c - every item once, by a worker that exists, and all of them done on return; also under load, and with
 * the thread sanitizer watching. */
#include "base/thread_pool.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "support/test.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

enum { MAX_THREADS = 8, MAX_ITEMS = 3000 };

/* Plain, not atomic: an item run twice, or one still running after the return, is a race that shows. */
typedef struct job {
    int runs[MAX_ITEMS];
    int sum_of_worker[MAX_THREADS];
    bool worker_is_right;
    int threads;
} job;

static void count_item(void *context, size_t item, int worker)
{
    job *j = context;
    j->runs[item]++;
    if (worker < 0 || worker >= j->threads)
        j->worker_is_right = false;
    else
        j->sum_of_worker[worker]++; /* no two items run at a time under one worker number */
}

static void check_job(dmx_thread_pool *pool, int threads, size_t items)
{
    static job j;
    memset(&j, 0, sizeof j);
    j.worker_is_right = true;
    j.threads = threads;
    dmx_thread_pool_run(pool, items, count_item, &j);
    int total = 0;
    for (int i = 0; i < MAX_THREADS; i++) total += j.sum_of_worker[i];
    CHECK((size_t)total == items, "%d threads, %zu items: %d ran", threads, items, total);
    CHECK(j.worker_is_right, "%d threads, %zu items: a worker number out of range", threads, items);
    for (size_t i = 0; i < MAX_ITEMS; i++)
        CHECK(j.runs[i] == (i < items), "%d threads, %zu items: item %zu ran %d times", threads, items, i, j.runs[i]);
}

static void test_every_item_once(void)
{
    const size_t counts[] = {0, 1, 2, 3, 7, 8, 9, 64, 1000, MAX_ITEMS};
    for (int threads = 1; threads <= MAX_THREADS; threads++) {
        dmx_thread_pool *pool = NULL;
        demucs_error error = {0};
        REQUIRE(dmx_thread_pool_create(&pool, threads, &error) == DEMUCS_OK, "%d: %s", threads, error.message);
        CHECK(dmx_thread_pool_size(pool) == threads, "%d", dmx_thread_pool_size(pool));
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) check_job(pool, threads, counts[i]);
        dmx_thread_pool_free(pool);
    }
}

static void add_one(void *context, size_t item, int worker)
{
    (void)worker;
    ((uint32_t *)context)[item]++;
}

/* Jobs of a few items, one straight after another, as the stages of a network come. */
static void test_many_small_jobs(void)
{
    for (int threads = 2; threads <= MAX_THREADS; threads += 3) {
        dmx_thread_pool *pool = NULL;
        REQUIRE(dmx_thread_pool_create(&pool, threads, NULL) == DEMUCS_OK, "%d threads", threads);
        uint32_t sums[16] = {0}, expected[16] = {0};
        for (size_t job_number = 0; job_number < 5000; job_number++) {
            size_t items = job_number % 16 + 1;
            dmx_thread_pool_run(pool, items, add_one, sums);
            for (size_t i = 0; i < items; i++) expected[i]++;
        }
        CHECK(memcmp(sums, expected, sizeof sums) == 0, "%d threads: %u, not %u", threads, sums[0], expected[0]);
        dmx_thread_pool_free(pool);
    }
}

/* Freed at once, when the threads have hardly begun, and freed after work. */
static void test_create_and_free(void)
{
    for (int round = 0; round < 200; round++) {
        dmx_thread_pool *pool = NULL;
        uint32_t sums[16] = {0};
        REQUIRE(dmx_thread_pool_create(&pool, round % MAX_THREADS + 1, NULL) == DEMUCS_OK, "round %d", round);
        if (round % 2 == 1) dmx_thread_pool_run(pool, 16, add_one, sums);
        dmx_thread_pool_free(pool);
        CHECK(sums[0] == (uint32_t)(round % 2) && sums[15] == sums[0], "round %d: %u", round, sums[0]);
    }
    dmx_thread_pool_free(NULL);
}

static void *use_a_pool(void *context)
{
    uint32_t *failures = context;
    for (int round = 0; round < 20; round++) {
        dmx_thread_pool *pool = NULL;
        uint32_t sums[16] = {0};
        if (dmx_thread_pool_create(&pool, 4, NULL) != DEMUCS_OK) ++*failures;
        for (int i = 0; i < 50 && pool != NULL; i++) dmx_thread_pool_run(pool, 16, add_one, sums);
        dmx_thread_pool_free(pool);
        for (int i = 0; i < 16; i++) *failures += sums[i] != 50;
    }
    return NULL;
}

/* Several pools at once, on more threads than any machine here has cores. */
static void test_pools_under_load(void)
{
    pthread_t users[6];
    uint32_t failures[6] = {0};
    for (int i = 0; i < 6; i++) REQUIRE(pthread_create(&users[i], NULL, use_a_pool, &failures[i]) == 0, "user %d", i);
    for (int i = 0; i < 6; i++) {
        pthread_join(users[i], NULL);
        CHECK(failures[i] == 0, "user %d: %u failures", i, failures[i]);
    }
}

/* What items write is seen by the caller, and what the caller writes between jobs by the items. */
static void sum_neighbours(void *context, size_t item, int worker)
{
    (void)worker;
    uint32_t *values = context; /* [2][64] */
    values[64 + item] = values[item] + values[(item + 1) % 64];
}

static void test_results_are_visible(void)
{
    dmx_thread_pool *pool = NULL;
    REQUIRE(dmx_thread_pool_create(&pool, 4, NULL) == DEMUCS_OK, "4 threads");
    uint32_t values[128], expected[64];
    for (uint32_t i = 0; i < 64; i++) values[i] = expected[i] = i;
    for (int round = 0; round < 1000; round++) {
        uint32_t next[64];
        for (int i = 0; i < 64; i++) next[i] = expected[i] + expected[(i + 1) % 64];
        memcpy(expected, next, sizeof next);
        dmx_thread_pool_run(pool, 64, sum_neighbours, values);
        memcpy(values, values + 64, 64 * sizeof *values);
    }
    CHECK(memcmp(values, expected, sizeof expected) == 0, "%u, not %u", values[0], expected[0]);
    dmx_thread_pool_free(pool);
}

static void test_out_of_memory(void)
{
    for (int countdown = 0; countdown < 2; countdown++) {
        dmx_thread_pool *pool = NULL;
        demucs_error error = {0};
        dmx_alloc_fail_after(countdown);
        demucs_status status = dmx_thread_pool_create(&pool, 3, &error);
        dmx_alloc_fail_after(-1);
        CHECK(status == DEMUCS_ERROR_MEMORY && pool == NULL, "countdown %d: status %d", countdown, (int)status);
        CHECK(error.message[0] != '\0', "countdown %d: a sentence", countdown);
    }
}

typedef struct inner_pool {
    dmx_thread_pool *pool;
    uint32_t sums[16];
} inner_pool;

static void run_inner(void *context, size_t item, int worker)
{
    inner_pool *inner = (inner_pool *)context + item;
    (void)worker;
    for (int i = 0; i < 50; i++) dmx_thread_pool_run(inner->pool, 16, add_one, inner->sums);
}

/* Items that have a pool of their own, whichever thread runs them. */
static void test_pools_in_a_pool(void)
{
    inner_pool inner[4] = {{NULL, {0}}};
    dmx_thread_pool *outer = NULL;
    REQUIRE(dmx_thread_pool_create(&outer, 3, NULL) == DEMUCS_OK, "outer");
    for (int i = 0; i < 4; i++)
        REQUIRE(dmx_thread_pool_create_among(&inner[i].pool, i + 1, 10, NULL) == DEMUCS_OK, "inner %d", i);
    for (int round = 0; round < 100; round++) dmx_thread_pool_run(outer, 4, run_inner, inner);
    for (int i = 0; i < 4; i++) {
        CHECK(inner[i].sums[0] == 5000 && inner[i].sums[15] == 5000, "pool %d: %u", i, inner[i].sums[0]);
        dmx_thread_pool_free(inner[i].pool);
    }
    dmx_thread_pool_free(outer);
}

/* Pools of several engines: nobody spins while more threads are at work than there are cores, whoever they belong to.
 */
static void test_spinning(void)
{
    const int cores = dmx_cpu_cores();
    dmx_thread_pool *one = NULL, *two = NULL, *too_many = NULL;
    REQUIRE(dmx_thread_pool_create(&one, cores, NULL) == DEMUCS_OK, "one");
    REQUIRE(dmx_thread_pool_create(&two, cores, NULL) == DEMUCS_OK, "two");
    REQUIRE(dmx_thread_pool_create(&too_many, cores + 1, NULL) == DEMUCS_OK, "too many");
    CHECK(dmx_thread_pool_may_spin(one) && dmx_thread_pool_may_spin(two), "a core for each");
    CHECK(!dmx_thread_pool_may_spin(too_many), "fewer cores than threads");
    dmx_threads_begin(cores);
    CHECK(dmx_thread_pool_may_spin(one) && dmx_thread_pool_may_spin(two), "one engine is at work");
    dmx_threads_begin(cores);
    CHECK(!dmx_thread_pool_may_spin(one) && !dmx_thread_pool_may_spin(two), "two engines are at work");
    dmx_threads_end(cores);
    CHECK(dmx_thread_pool_may_spin(one) && dmx_thread_pool_may_spin(two), "one of them has ended");
    dmx_threads_end(cores);
    dmx_thread_pool_free(one);
    dmx_thread_pool_free(two);
    dmx_thread_pool_free(too_many);
}

TEST_MAIN(test_spinning, test_every_item_once, test_many_small_jobs, test_pools_in_a_pool, test_create_and_free,
          test_pools_under_load, test_results_are_visible, test_out_of_memory)
