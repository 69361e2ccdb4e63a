/* test_stages.c - HTDemucs stage by stage, see stages.h */
#include "cases.h"
#include "stages.h"
#include "support/test.h"

/* In the order in which the pass comes by. */
static const char *const names[] = {"encoder.0:in",
                                    "tencoder.0:in",
                                    "tencoder.0",
                                    "encoder.0",
                                    "tencoder.1",
                                    "encoder.1",
                                    "tencoder.2",
                                    "encoder.2",
                                    "tencoder.3",
                                    "encoder.3",
                                    "channel_upsampler",
                                    "channel_upsampler_t",
                                    "crosstransformer.norm_in",
                                    "crosstransformer.norm_in_t",
                                    "crosstransformer.layers.0",
                                    "crosstransformer.layers_t.0",
                                    "crosstransformer.layers.1",
                                    "crosstransformer.layers_t.1",
                                    "crosstransformer.layers.2",
                                    "crosstransformer.layers_t.2",
                                    "crosstransformer.layers.3",
                                    "crosstransformer.layers_t.3",
                                    "crosstransformer.layers.4",
                                    "crosstransformer.layers_t.4",
                                    "decoder.0",
                                    "tdecoder.0",
                                    "decoder.1",
                                    "tdecoder.1",
                                    "decoder.2",
                                    "tdecoder.2",
                                    "decoder.3",
                                    "tdecoder.3"};

/* Early stages are nearer to the official ones than the output is, whose floor is 115.1 dB; the whole way down and up a
 * stage stays well within the 10 dB that the output may lose (see cases.h). Measured: 115 dB and more. */
static const golden_stages ht4 = {.model = "generated/ht4.safetensors",
                                  .input = "ht4",
                                  .file = "golden/ht4.stages.npz",
                                  .frames = 35280,
                                  .depth = 4,
                                  .time_depth = 4,
                                  .names = names,
                                  .count = sizeof names / sizeof *names,
                                  .bound_db = 108.5};

static void test_stages(void)
{
    for (int level = (int)golden_lowest_level(); level <= (int)dmx_cpu_best(); level++) {
        if (!dmx_cpu_has((dmx_cpu_level)level)) continue;
        printf("  %s\n", dmx_cpu_level_name((dmx_cpu_level)level));
        golden_run_stages(&ht4, (dmx_cpu_level)level);
    }
}

TEST_MAIN(test_stages)
