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

/* False, with a line on stderr, when it cannot be loaded. Close it in either case. */
bool golden_open(golden_run *run, const char *checkpoint_path, int64_t frames, dmx_cpu_level level, int threads);
void golden_close(golden_run *run);

/* The same for computing in bfloat16. The level has a product for it: some vector levels do, and the scalar one, with
 * which nobody but a test computes. */
bool golden_open_bf16(golden_run *run, const char *checkpoint_path, int64_t frames, dmx_cpu_level level, int threads);

/* stems[sources][channels][frames] = network(mix[channels][frames]) */
void golden_forward(golden_run *run, const float *mix, float *stems);

/* stems[sources][channels][frames] = the separation of mix[channels][frames] by the public functions. False, with a
 * line on stderr, when something fails. */
bool golden_separate(const demucs_model *model, const demucs_options *options, const float *mix, size_t frames,
                     float *stems);

/* test_path of support/test.h. */
const char *golden_path(const char *name);

#endif
