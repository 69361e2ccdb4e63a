/* test_hdemucs_stages.c - HDemucs stage by stage, see tests/golden/stages.h: five levels of frequencies, of which the
 * last takes the time branch in, and two levels of steps beyond. */
#include "stages.h"
#include "support/test.h"

/* In the order in which the pass comes by. */
static const char *const names[] = {"encoder.0:in", "tencoder.0:in", "tencoder.0", "encoder.0",  "tencoder.1",
                                    "encoder.1",    "tencoder.2",    "encoder.2",  "tencoder.3", "encoder.3",
                                    "encoder.4",    "encoder.5",     "encoder.6",  "decoder.0",  "decoder.1",
                                    "decoder.2",    "decoder.3",     "tdecoder.0", "decoder.4",  "tdecoder.1",
                                    "decoder.5",    "tdecoder.2",    "decoder.6",  "tdecoder.3"};

/* The deepest stages are a few numbers only, behind norms over few numbers: they are further off than the output, whose
 * floor is 128.4 dB. Measured: 119 dB and more. */
static const golden_stages deep = {.model = "generated/hd_deep.safetensors",
                                   .input = "hd_deep",
                                   .file = "golden_families/hd_deep.stages.npz",
                                   .frames = 1501,
                                   .depth = 7,
                                   .time_depth = 4,
                                   .names = names,
                                   .count = sizeof names / sizeof *names,
                                   .bound_db = 112};

static void test_stages_scalar(void) { golden_run_stages(&deep, DMX_CPU_SCALAR); }
static void test_stages_best(void) { golden_run_stages(&deep, dmx_cpu_best()); }

TEST_MAIN(test_stages_scalar, test_stages_best)
