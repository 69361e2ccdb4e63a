/* peaks.c - see peaks.h
 *
 * All threads start together and repeat a loop until a short time is over; each says how fast it was, and the sum is
 * the speed of the machine. Memory is one for all, so its speed is by the clock. A core's arithmetic is its own: there
 * only the time counts that a thread really had, or on a busy machine the peak would be what others left. Everything
 * happens in a process of its own: the arrays would otherwise count as memory of the network that is measured next. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "peaks.h"
#include "base/clock.h"
#include "base/error.h"

#include "child.h"
#include "common/memory.h"
#include "peak_loops.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 12, MOST_THREADS = 1024 };
static const double run_seconds = 0.01; /* short: the best run should be one that nobody interrupted */

/* Of all arrays together: much more than the caches of any machine with so many threads. */
static const size_t least_bytes = (size_t)256 << 20, thread_bytes = (size_t)32 << 20;

/* ------------------------------------------------------------------------------------------------- threads ---- */

typedef struct team {
    peak_loop loop;
    int size;
    clockid_t clock;
    atomic_int ready;
} team;

typedef struct member {
    team *team;
    pthread_t thread;
    peak_room room;
    double rate; /* of the last run */
} member;

static double seconds_by(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void *run_member(void *context)
{
    member *self = context;
    team *all = self->team;
    atomic_fetch_add(&all->ready, 1);
    while (atomic_load(&all->ready) < all->size) sched_yield();
    const double start = dmx_clock_seconds(), counted = seconds_by(all->clock);
    double done = 0;
    do {
        done += all->loop(&self->room);
    } while (dmx_clock_seconds() - start < run_seconds);
    const double seconds = seconds_by(all->clock) - counted;
    self->rate = seconds > 0 ? done / seconds : 0;
    return NULL;
}

/* One run; 0 when the threads cannot be had. */
static double run_team(member *members, int size, peak_loop loop, clockid_t clock)
{
    team all = {.loop = loop, .size = size, .clock = clock};
    int started = 1;
    for (int i = 0; i < size; i++) members[i].team = &all;
    while (started < size && pthread_create(&members[started].thread, NULL, run_member, &members[started]) == 0)
        started++;
    if (started < size) atomic_fetch_add(&all.ready, size); /* nobody waits for those who are missing */
    run_member(&members[0]);
    double sum = members[0].rate;
    for (int i = 1; i < started; i++) {
        pthread_join(members[i].thread, NULL);
        sum += members[i].rate;
    }
    return started == size ? sum : 0;
}

static double best_of(member *members, int size, peak_loop loop, clockid_t clock)
{
    double best = 0;
    for (int run = 0; run < RUNS && loop != NULL; run++) {
        const double rate = run_team(members, size, loop, clock);
        if (rate > best) best = rate;
    }
    return best;
}

/* -------------------------------------------------------------------------------------------------- memory ---- */

/* Not more than an eighth of the machine's memory. */
static size_t words_of_thread(int threads)
{
    const double pages = (double)sysconf(_SC_PHYS_PAGES), most = pages * (double)sysconf(_SC_PAGESIZE) / 8;
    double bytes = (double)thread_bytes * threads;
    if (bytes < (double)least_bytes) bytes = (double)least_bytes;
    if (most > 0 && bytes > most) bytes = most;
    const double block = (double)(PEAK_BLOCK_WORDS * sizeof(peak_words));
    const size_t blocks = (size_t)(bytes / 3 / threads / block);
    return (blocks > 0 ? blocks : 1) * PEAK_BLOCK_WORDS;
}

/* By the thread that will use it, so that it lies in memory that is near; and so that there is memory behind it. */
static double fill_loop(peak_room *room)
{
    for (size_t i = 0; i < room->words && room->position == 0; i++) {
        const uint64_t x = (uint64_t)i;
        room->a[i] = room->b[i] = room->c[i] = (peak_words){x, x, x, x, x, x, x, x};
    }
    room->position = room->words;
    return 0;
}

static bool allocate_rooms(member *members, int threads)
{
    const size_t words = words_of_thread(threads);
    bool done = true;
    for (int i = 0; i < threads; i++) {
        peak_room *room = &members[i].room;
        void *blocks[3] = {NULL, NULL, NULL};
        for (int k = 0; k < 3; k++)
            if (posix_memalign(&blocks[k], sizeof(peak_words), words * sizeof(peak_words)) != 0) done = false;
        *room = (peak_room){.a = blocks[0], .b = blocks[1], .c = blocks[2], .words = words};
    }
    return done;
}

static void measure_memory(bench_peaks *peaks, member *members)
{
    if (allocate_rooms(members, peaks->threads)) {
        run_team(members, peaks->threads, fill_loop, CLOCK_MONOTONIC);
        for (int i = 0; i < peaks->threads; i++) members[i].room.position = 0;
        peaks->read = best_of(members, peaks->threads, peak_read_loop, CLOCK_MONOTONIC);
        peaks->triad = best_of(members, peaks->threads, peak_triad_loop, CLOCK_MONOTONIC);
    }
    for (int i = 0; i < peaks->threads; i++) {
        free(members[i].room.a);
        free(members[i].room.b);
        free(members[i].room.c);
    }
}

/* -------------------------------------------------------------------------------------------------- all ---- */

static int cores(void)
{
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 && online <= MOST_THREADS ? (int)online : 1;
}

/* More threads than cores have each less than a core. */
static void measure_both(double rates[2], member *members, int threads, peak_loop loop)
{
    const int most = cores();
    rates[0] = rates[1] = best_of(members, 1, loop, CLOCK_THREAD_CPUTIME_ID);
    if (threads > 1) rates[1] = best_of(members, threads, loop, CLOCK_THREAD_CPUTIME_ID);
    if (threads > most) rates[1] *= (double)most / threads;
}

typedef struct request {
    const char *level;
    int threads;
} request;

static bool measure(void *result, void *context, demucs_error *why)
{
    bench_peaks *peaks = result;
    const request *asked = context;
    peaks->threads = asked->threads > 0 ? asked->threads : cores();
    snprintf(peaks->level, sizeof peaks->level, "%s", asked->level);
    member *members = memory_new((size_t)peaks->threads, sizeof *members);
    measure_both(peaks->fma, members, peaks->threads, peak_fma_loop(asked->level));
    measure_both(peaks->bf16, members, peaks->threads, peak_bf16_loop());
    measure_both(peaks->tiles, members, peaks->threads, peak_tiles_loop());
    measure_memory(peaks, members);
    free(members);
    peaks->measured = peaks->fma[1] > 0;
    return peaks->measured ||
           !dmx_fail(why, DEMUCS_ERROR_IO, "cannot start %d threads to measure the peaks with", peaks->threads);
}

bool peaks_measure(bench_peaks *peaks, const char *level, int threads, demucs_error *why)
{
    request asked = {level, threads};
    return child_run(measure, &asked, peaks, sizeof *peaks, NULL, why);
}
