/* peaks.h - what this machine could do at most: the measure that a stage's speed is held against.
 *
 * Arithmetic: multiply-adds that stay in registers, in as many independent chains as the latency takes, so that nothing
 * but the arithmetic units limits them. The product of bf16 pairs and the tiles (AMX) likewise, where the CPU has them.
 * Memory: arrays much larger than the caches, read, and a[i] = b[i] + c[i] (STREAM's triad). Each is the best of some
 * short runs, since a machine shared with others is slower than it can be more often than not. */
#ifndef BENCH_PEAKS_H
#define BENCH_PEAKS_H

#include "base/error.h"

typedef struct bench_peaks {
    bool measured;
    char level[16]; /* of the multiply-adds: the one that the network ran on */
    int threads;
    double fma[2];  /* operations a second, on one thread and on all; a multiplication and an addition are two */
    double bf16[2]; /* the same; 0 where the CPU has no such instruction */
    double tiles[2];
    double read, triad; /* bytes a second, all threads together */
} bench_peaks;

/* Measure with `threads` threads, 0 for one a core, in about a second. */
bool peaks_measure(bench_peaks *peaks, const char *level, int threads, demucs_error *why);

#endif
