/* child.h - run a piece of work in a process of its own.
 *
 * Memory at its highest and CPU time are kept by the system for each process and cannot be set back: what is measured
 * must not carry what was measured before it, nor leave anything to what comes after. So the work runs in a fork of
 * this process, which hands its result, a struct without pointers, back through a pipe. Fork while no thread runs. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include "base/error.h"

/* What the whole of the child took, from fork to end. */
typedef struct child_usage {
    double seconds, cpu_seconds; /* by the clock; of all its threads, in the system too */
    double peak_bytes;           /* resident memory at its highest */
} child_usage;

/* Fill `result` (zeros at first); false with a sentence when that fails. */
typedef bool (*child_work)(void *result, void *context, demucs_error *why);

/* Run `work` and copy the `size` bytes of its result to `result`. `usage` may be NULL. */
bool child_run(child_work work, void *context, void *result, size_t size, child_usage *usage, demucs_error *why);

#endif
