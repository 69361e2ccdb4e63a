/* peak_loops.h - the loops that peaks.c lets run against the clock.
 *
 * A loop runs for some tens of microseconds and returns how much it did: operations, or bytes. */
#ifndef BENCH_PEAK_LOOPS_H
#define BENCH_PEAK_LOOPS_H

#include <stddef.h>
#include <stdint.h>

enum {
    PEAK_ROUNDS = 4096,
    PEAK_CHAINS = 12,           /* of AVX2's 16 registers; two a cycle, each done after four: 8 would do */
    PEAK_BLOCK_WORDS = 1 << 14, /* 1 MiB of each array */
};

typedef uint64_t peak_words __attribute__((vector_size(64)));

/* What a thread's loops work on. */
typedef struct peak_room {
    float sink;             /* takes the result, or compilers would leave the work out */
    peak_words *a, *b, *c;  /* [words] each; NULL for loops in registers */
    size_t words, position; /* whole blocks; the loops go on where they stopped and wrap around */
} peak_room;

typedef double (*peak_loop)(peak_room *room);

/* Multiply-adds at a CPU level ("avx512", "avx2", "neon"; for any other name plain C). */
peak_loop peak_fma_loop(const char *level);

/* The same for pairs (on ARM 2 x 4 blocks) of bf16 and for tiles of them; NULL where compiler, CPU or system do not
 * have them. */
peak_loop peak_bf16_loop(void);
peak_loop peak_tiles_loop(void);

/* The next block of the arrays: all three read; a = b + c. */
double peak_read_loop(peak_room *room);
double peak_triad_loop(peak_room *room);

/* F(0) F(1) ... for all chains: each has to be a variable of its own to stay in a register. */
#define PEAK_EACH_CHAIN(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11)

/* A loop in registers, out of three macros of its caller: START(i) makes chain i, STEP(i) is its work, ADD(i) takes its
 * result. */
#define PEAK_RUN_CHAINS                                                                                                \
    PEAK_EACH_CHAIN(START)                                                                                             \
    for (int round = 0; round < PEAK_ROUNDS; round++) {                                                                \
        PEAK_EACH_CHAIN(STEP)                                                                                          \
    }                                                                                                                  \
    PEAK_EACH_CHAIN(ADD)

#endif
