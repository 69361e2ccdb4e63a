/* thread_pool.c - see thread_pool.h
 *
 * Workers sleep on a condition variable between jobs. Everything that decides who may touch a job is one atomic word:
 *
 *     state = [ generation : 47 ][ closed : 1 ][ inside : 16 ]
 *
 * A job opens with a new generation, not closed, nobody inside. A worker enters by counting itself into `inside` while
 * the job is open, draws items from an atomic counter until none is left, and leaves. The caller does the same, then
 * closes the job and waits for those inside only: a worker that has not woken by then is late, finds the job closed and
 * goes back to sleep. So a short job never waits for the system to schedule a thread that has nothing to do, which is
 * what a pool costs when other programs want the cores too.
 *
 * Waiting spins a little first, since the stages of a network follow one another within microseconds and waking a
 * sleeper costs more than that; but not with more threads than cores, where a spinner holds up one that works. Several
 * engines in one process may have more threads than cores together, so what counts is how many are at work now. */
#include "base/thread_pool.h"

#include "base/alloc.h"
#include "base/cpu.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define INSIDE         UINT64_C(0xffff)
#define CLOSED         UINT64_C(0x10000)
#define ONE_GENERATION UINT64_C(0x20000)

enum { SPINS = 4000, MAX_THREADS = 0xffff }; /* a pause is 10 to 50 ns: a spin lasts 40 to 200 us */

typedef struct worker {
    struct dmx_thread_pool *pool;
    pthread_t thread;
    int index;
} worker;

struct dmx_thread_pool {
    int threads;
    int started; /* workers that run, threads - 1 when creation succeeded */
    int cores;
    bool may_spin;   /* there is a core for each of its threads */
    worker *workers; /* [threads], the first one unused: it is the caller */
    pthread_mutex_t mutex;
    pthread_cond_t work_ready;

    /* The job: written while it is closed and nobody is inside, read by those inside. */
    dmx_work_fn work;
    void *context;
    size_t items;
    bool quit; /* an order to all, looked at when the generation changes */

    _Atomic uint64_t state;
    atomic_size_t next_item;
};

static atomic_int threads_at_work;

void dmx_threads_begin(int threads) { atomic_fetch_add(&threads_at_work, threads); }
void dmx_threads_end(int threads) { atomic_fetch_sub(&threads_at_work, threads); }

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

bool dmx_thread_pool_may_spin(const dmx_thread_pool *pool)
{
    return pool->may_spin && atomic_load_explicit(&threads_at_work, memory_order_relaxed) <= pool->cores;
}

static int spins_of(const dmx_thread_pool *pool) { return dmx_thread_pool_may_spin(pool) ? SPINS : 0; }

static uint64_t generation_of(uint64_t state) { return state / ONE_GENERATION; }

static void run_items(dmx_thread_pool *pool, int index)
{
    for (;;) {
        size_t item = atomic_fetch_add_explicit(&pool->next_item, 1, memory_order_relaxed);
        if (item >= pool->items) return;
        pool->work(pool->context, item, index);
    }
}

/* Wait for another generation than `seen`: first spinning, then asleep. */
static uint64_t wait_for_work(dmx_thread_pool *pool, uint64_t seen)
{
    const int spins = spins_of(pool);
    for (int i = 0; i < spins; i++) {
        uint64_t state = atomic_load_explicit(&pool->state, memory_order_acquire);
        if (generation_of(state) != seen) return state;
        relax();
    }
    pthread_mutex_lock(&pool->mutex);
    uint64_t state;
    while (generation_of(state = atomic_load_explicit(&pool->state, memory_order_acquire)) == seen)
        pthread_cond_wait(&pool->work_ready, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    return state;
}

/* Count oneself into the job, unless it is closed. *state becomes what was found. */
static bool enter(dmx_thread_pool *pool, uint64_t *state)
{
    while (!(*state & CLOSED))
        if (atomic_compare_exchange_weak_explicit(&pool->state, state, *state + 1, memory_order_acquire,
                                                  memory_order_acquire))
            return true;
    return false;
}

static void *worker_main(void *argument)
{
    worker *self = argument;
    dmx_thread_pool *pool = self->pool;
    uint64_t seen = 0;
    for (;;) {
        uint64_t state = wait_for_work(pool, seen);
        bool entered = enter(pool, &state);
        seen = generation_of(state);
        if (!entered) continue;
        if (pool->quit) return NULL;
        run_items(pool, self->index);
        atomic_fetch_sub_explicit(&pool->state, 1, memory_order_release);
    }
}

/* Open a job. The lock is what keeps a worker from falling asleep between its last look and the broadcast. */
static void announce(dmx_thread_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    uint64_t generation = generation_of(atomic_load_explicit(&pool->state, memory_order_relaxed)) + 1;
    atomic_store_explicit(&pool->state, generation * ONE_GENERATION, memory_order_release);
    pthread_cond_broadcast(&pool->work_ready);
    pthread_mutex_unlock(&pool->mutex);
}

/* Let nobody else in, and wait until those inside have left. Who is still inside computes an item; when that takes
 * long, it may be because it was descheduled, so give it the core. */
static void close_job(dmx_thread_pool *pool)
{
    atomic_fetch_or_explicit(&pool->state, CLOSED, memory_order_acquire);
    const int spins = spins_of(pool);
    for (int i = 0; atomic_load_explicit(&pool->state, memory_order_acquire) & INSIDE; i++) {
        if (i < spins)
            relax();
        else
            sched_yield();
    }
}

static demucs_status start_workers(dmx_thread_pool *pool, demucs_error *error)
{
    for (int i = 1; i < pool->threads; i++) {
        worker *w = &pool->workers[i];
        w->pool = pool;
        w->index = i;
        if (pthread_create(&w->thread, NULL, worker_main, w) != 0)
            return dmx_fail(error, DEMUCS_ERROR_MEMORY, "The system refused to start %d threads; ask for fewer.",
                            pool->threads);
        pool->started++;
    }
    return DEMUCS_OK;
}

demucs_status dmx_thread_pool_create(dmx_thread_pool **out, int threads, demucs_error *error)
{
    return dmx_thread_pool_create_among(out, threads, threads, error);
}

demucs_status dmx_thread_pool_create_among(dmx_thread_pool **out, int threads, int all_threads, demucs_error *error)
{
    assert(threads >= 1 && threads <= MAX_THREADS && all_threads >= threads);
    *out = NULL;
    dmx_thread_pool *pool = dmx_alloc(1, sizeof *pool);
    worker *workers = dmx_alloc((size_t)threads, sizeof *workers);
    if (pool == NULL || workers == NULL) {
        dmx_free(pool);
        dmx_free(workers);
        return dmx_fail(error, DEMUCS_ERROR_MEMORY, "Out of memory while starting threads.");
    }
    pool->threads = threads;
    pool->workers = workers;
    pool->cores = dmx_cpu_cores();
    pool->may_spin = all_threads <= pool->cores;
    atomic_init(&pool->state, CLOSED);
    atomic_init(&pool->next_item, 0);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work_ready, NULL);
    demucs_status status = start_workers(pool, error);
    if (status != DEMUCS_OK) {
        dmx_thread_pool_free(pool);
        return status;
    }
    *out = pool;
    return DEMUCS_OK;
}

void dmx_thread_pool_free(dmx_thread_pool *pool)
{
    if (pool == NULL) return;
    pool->quit = true;
    announce(pool);
    for (int i = 1; i <= pool->started; i++) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->work_ready);
    pthread_mutex_destroy(&pool->mutex);
    dmx_free(pool->workers);
    dmx_free(pool);
}

int dmx_thread_pool_size(const dmx_thread_pool *pool) { return pool->threads; }

void dmx_thread_pool_run(dmx_thread_pool *pool, size_t items, dmx_work_fn work, void *context)
{
    if (items == 0) return;
    if (pool->started == 0 || items == 1) {
        for (size_t i = 0; i < items; i++) work(context, i, 0);
        return;
    }
    pool->work = work;
    pool->context = context;
    pool->items = items;
    atomic_store_explicit(&pool->next_item, 0, memory_order_relaxed);
    announce(pool);
    run_items(pool, 0);
    close_job(pool);
}
