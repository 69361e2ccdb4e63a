/* check.h - what the kernel tests share: which levels to test, random numbers, buffers that notice a stray write. */
#ifndef TESTS_KERNELS_CHECK_H
#define TESTS_KERNELS_CHECK_H

#include "kernels/kernels.h"
#include "support/test.h"

#include <stddef.h>
#include <stdint.h>

#define EPSILON 0x1p-24 /* the relative error of one float operation */

/* The error of a sum of n products, relative to the sum of their magnitudes, in any order (Higham's gamma_n). */
static inline double gamma_n(double n) { return n * EPSILON / (1 - n * EPSILON); }

/* A level under test. */
typedef struct level {
    const char *name;
    const dmx_kernels *kernels;
} level;

extern const dmx_kernels kernels_wide;   /* wide.c; only on x86 */
extern const dmx_kernels kernels_narrow; /* narrow.c; everywhere */

/* The levels this CPU can run: the scalar one first, then the vector ones, then the stand-ins for levels that
 * other CPUs have. Returns how many; `levels` has room for 8. */
int levels_to_test(level *levels);

/* The seed of this run: DEMUCS_TEST_SEED or 1. Every message of a failed check prints the seed of its round. */
uint32_t first_seed(void);

/* A small generator (xorshift): `*state` must not be 0. */
uint32_t random_bits(uint32_t *state);
int random_int(uint32_t *state, int low, int high); /* both included */
float random_float(uint32_t *state, float low, float high);
void random_fill(uint32_t *state, float *x, size_t n, float low, float high);

/* `n` floats that are not aligned to anything but a float, between two guard zones, all filled with a canary. */
#define GUARD 64
float *guarded_alloc(size_t n);
bool guarded_intact(const float *x, size_t n); /* nothing was written before or after */
bool is_canary(float x);
void guarded_free(float *x);

/* The same, filled with random numbers. */
float *guarded_random(uint32_t *state, size_t n, float low, float high);

/* To the 8 bits of precision of bfloat16, to the nearest, ties to even. */
double to_bf16(double x);

/* The largest of |x[i] - y[i]| / (bound_abs + bound_rel * |y[i]|): above 1 is a failure. NaN counts as infinite. */
double worst_ratio(const float *x, const float *y, size_t n, double bound_abs, double bound_rel);

#endif
