/* golden.h - run a network or a separation on reference data, the way the golden tests need it. */
#ifndef DEMUCS_TESTS_GOLDEN_H
#define DEMUCS_TESTS_GOLDEN_H

#include "demucs.h"
#include "models/network.h"

/* A loaded network with what it takes to run it on `frames` frames. */
typedef struct golden_run {
    dmx_network *network;
    dmx_exec exec;
    int64_t frames;
} golden_run;

bool golden_open(golden_run *run, const char *checkpoint_path, int64_t frames, dmx_cpu_level level, int threads);
void golden_close(golden_run *run);

/* stems[sources][channels][frames] = network(mix[channels][frames]) */
void golden_forward(golden_run *run, const float *mix, float *stems);

/* stems = the official apply_model(mix) with these options (normalize is set to false). */
bool golden_apply(const char *model_path, demucs_options *options, const float *mix, int64_t frames, float *stems);

/* The folder of the tests' data with a file name, in a static buffer. */
const char *golden_path(const char *name);

#endif
