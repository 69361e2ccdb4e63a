/* test_fast.c - forward passes in bfloat16 against the official package's in float32, with the specification of the
 * product and with that of this machine, if it has one. Two threads must give the bits that one gives. */
#include "cases.h"
#include "golden.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* 8 bits of precision are 48 dB for a single number. Measured here, at both levels: 33.2 dB for a random network whose
 * norms come last, 38.8 dB and more for all others; 49.7 dB for the real htdemucs (test_real.c). */
static const double bound_db = 30;

/* ht4 has layers wide enough for bfloat16: more than this would be float32. */
static const char wide_case[] = "ht4.forward";
static const double most_db = 60;

/* The result, [*planes][frames], or NULL. Free with free. */
static float *forward(const golden_case *c, dmx_cpu_level level, int threads, size_t *planes)
{
    golden_run run;
    float *stems = NULL;
    if (golden_open_bf16(&run, golden_path(c->model), c->frames, level, threads)) {
        const int channels = run.network->channels;
        float *mix = golden_input(c, channels);
        *planes = (size_t)(run.network->source_count * channels);
        stems = calloc(*planes * (size_t)c->frames, sizeof *stems);
        if (mix != NULL && stems != NULL) golden_forward(&run, mix, stems);
        free(mix);
    }
    golden_close(&run);
    return stems;
}

static void check_level(const golden_case *c, dmx_cpu_level level)
{
    const char *name = dmx_cpu_level_name(level);
    size_t planes = 0;
    float *one = forward(c, level, 1, &planes), *two = forward(c, level, 2, &planes);
    REQUIRE(one != NULL && two != NULL, "%s does not run", c->name);
    const double snr = golden_snr_db(c->output, one, planes, (size_t)c->frames);
    printf("  %-20s %-10s %.1f dB (float32 %.1f)\n", c->name, name, snr, c->floor_db);
    CHECK(snr >= bound_db, "%s at %s: %.1f dB", c->name, name, snr);
    CHECK(snr <= most_db || strcmp(c->name, wide_case) != 0, "%s at %s: %.1f dB", c->name, name, snr);
    CHECK(memcmp(one, two, planes * (size_t)c->frames * sizeof *one) == 0, "%s at %s: 1 and 2 threads differ", c->name,
          name);
    free(one);
    free(two);
}

static void check_case(const golden_case *c)
{
    /* The specification is slow, and kernels are held against it where they are tested: one case will do. */
    if (strcmp(c->name, wide_case) == 0) check_level(c, DMX_CPU_SCALAR);
    if (dmx_kernels_get(dmx_cpu_best())->bf16_rows > 0) check_level(c, dmx_cpu_best());
}

static void test_fast(void)
{
    const int count = golden_each_case("forward", check_case);
    CHECK(count == GOLDEN_FORWARD_CASES, "%d cases", count);
}

TEST_MAIN(test_fast)
