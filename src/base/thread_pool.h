/* thread_pool.h - run numbered work items on a fixed set of threads.
 *
 * A job is cut into items by its nature (rows, heads, ...), never by the number of threads, and an item writes outputs
 * that no other item touches: so one thread and N give the same bits. Items are handed out by an atomic counter. The
 * calling thread works too. */
#ifndef DMX_BASE_THREAD_POOL_H
#define DMX_BASE_THREAD_POOL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct dmx_thread_pool dmx_thread_pool;

/* item in [0, items); worker in [0, dmx_thread_pool_size): which thread runs it, to index scratch memory. */
typedef void (*dmx_work_fn)(void *context, size_t item, int worker);

/* `threads` >= 1 counts the caller; 1 starts none. */
demucs_status dmx_thread_pool_create(dmx_thread_pool **pool, int threads, demucs_error *error);

/* The same for one of several pools that work at the same time, with `all_threads` threads together: whether there is a
 * core for each, so that waiting may spin, depends on all of them. */
demucs_status dmx_thread_pool_create_among(dmx_thread_pool **pool, int threads, int all_threads, demucs_error *error);
void dmx_thread_pool_free(dmx_thread_pool *pool);

/* `threads` threads of this process begin, or end, work that keeps them busy for longer. While those of all who have
 * said so are more than there are cores, no pool spins. */
void dmx_threads_begin(int threads);
void dmx_threads_end(int threads);

/* For tests: whether a thread of the pool that waits now would spin. */
bool dmx_thread_pool_may_spin(const dmx_thread_pool *pool);
int dmx_thread_pool_size(const dmx_thread_pool *pool);

/* Run all items; returns when every one is done. Not reentrant: work items must not call it, but they may run other
 * pools, each of which then counts the worker as its caller. */
void dmx_thread_pool_run(dmx_thread_pool *pool, size_t items, dmx_work_fn work, void *context);

#endif
