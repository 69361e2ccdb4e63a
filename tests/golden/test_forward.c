/* test_forward.c - one forward pass of each network against the official package's, at every CPU level of this machine.
 * Two threads must give the bits that one gives. */
#include "cases.h"
#include "golden.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* The result on a fresh copy of the network, or NULL. Free with free. */
static float *forward(const golden_case *c, dmx_cpu_level level, int threads, size_t *planes)
{
    golden_run run;
    float *stems = NULL;
    if (golden_open(&run, golden_path(c->model), c->frames, level, threads)) {
        const int channels = run.network->channels;
        float *mix = golden_input(c, channels);
        *planes = (size_t)(run.network->source_count * channels);
        stems = malloc(*planes * (size_t)c->frames * sizeof *stems);
        if (mix != NULL && stems != NULL) {
            golden_forward(&run, mix, stems);
        } else {
            free(stems);
            stems = NULL;
        }
        free(mix);
    }
    golden_close(&run);
    return stems;
}

static void check_case(const golden_case *c)
{
    for (int level = (int)golden_lowest_level(); level <= (int)dmx_cpu_best(); level++) {
        if (!dmx_cpu_has((dmx_cpu_level)level)) continue;
        const char *name = dmx_cpu_level_name((dmx_cpu_level)level);
        size_t planes = 0;
        float *one = forward(c, (dmx_cpu_level)level, 1, &planes), *two = forward(c, (dmx_cpu_level)level, 2, &planes);
        CHECK(one != NULL && two != NULL, "%s does not run", c->name);
        if (one != NULL && two != NULL) {
            const size_t frames = (size_t)c->frames;
            const double snr = golden_snr_db(c->output, one, planes, frames);
            printf("  %-20s %-7s %.1f dB (floor %.1f)\n", c->name, name, snr, c->floor_db);
            CHECK(snr >= c->floor_db - GOLDEN_ROOM_DB, "%s at %s: %.1f dB", c->name, name, snr);
            CHECK(memcmp(one, two, planes * frames * sizeof *one) == 0, "%s at %s: 1 and 2 threads differ", c->name,
                  name);
        }
        free(one);
        free(two);
    }
}

static void test_forward(void)
{
    const int count = golden_each_case("forward", check_case);
    CHECK(count == GOLDEN_FORWARD_CASES, "%d cases", count);
}

TEST_MAIN(test_forward)
