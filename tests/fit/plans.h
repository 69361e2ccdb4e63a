/* plans.h - what the tests of plans share: options, models of some size, and a plan with its engine. */
#ifndef DEMUCS_TESTS_PLANS_H
#define DEMUCS_TESTS_PLANS_H

#include "demucs_fit.h"

enum { ROOMY = 2000000000 }; /* bytes that all of it fits into */

/* Whether the process has in memory what the program holds, so that a plan can be told to some megabytes. Sanitizers
 * keep what is freed for a while. */
bool plans_are_exact(void);

/* The defaults. */
demucs_stream_options plans_streams(void);

/* So many tracks at once, of a hundred. */
demucs_fit_options plans_options(uint64_t max_memory_bytes, int tracks_at_once);

/* A plan for a model on 4 threads, with an engine that is freed at once. */
demucs_fit_plan plans_for(demucs_model *model, const demucs_fit_options *how, int jobs,
                          demucs_stream_options *separation);

/* A model that is made for the tests: "long.safetensors" or "bag.yaml"; NULL with a failed check. */
demucs_model *plans_load(const char *name);

#endif
