/* plan.h - run one layer the way a network does: planned first, then with exactly the memory that the plan asked for.
 */
#ifndef DEMUCS_TESTS_NN_PLAN_H
#define DEMUCS_TESTS_NN_PLAN_H

#include "nn/exec.h"
#include "nn/upload.h"

#include <stdint.h>

typedef void (*plan_fn)(dmx_exec *exec, void *context);

/* False, with a line that says why, when there is no memory. */
bool plan_run(plan_fn run, void *context, dmx_cpu_level level, int threads);

/* Run at every level of this machine, on one thread and on three, and hold *y, where `run` puts its `count` numbers,
 * against what is expected. False, with a line that says why, when a level is below `least_db` or threads change a bit.
 */
bool plan_levels_agree(plan_fn run, void *context, float **y, const float *expected, size_t count, double least_db);

/* `count` numbers in (-scale, scale) from a generator of its own; aligned as weights must be. Free with dmx_free. */
float *plan_random(uint32_t seed, size_t count, float scale);

/* values[count][row_floats] as a loader would hand them over; they must outlive the rows. */
dmx_rows plan_rows(const float *values, size_t count, size_t row_floats);

#endif
