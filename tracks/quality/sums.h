/* sums.h - sums over samples, in double, fast enough to be made of every sample of every stem.
 *
 * A sum in one variable is a chain in which each addition waits for the one before, and the compiler may not cut it:
 * the bits would change. Here it is cut by hand, into lanes that a CPU adds side by side, always in the same way. */
#ifndef DMX_QUALITY_SUMS_H
#define DMX_QUALITY_SUMS_H

#include <stddef.h>

/* Sum of samples, and of products of samples at the same place. */
double dmx_sum(const float *samples, size_t count);
double dmx_sum_products(const float *a, const float *b, size_t count);

/* The largest absolute value; 0 of nothing. */
float dmx_sum_peak(const float *samples, size_t count);

#endif
