/* cpu.c - names of levels and what this machine reports. */
#include "base/cpu.h"

#include "support/test.h"

#include <string.h>

static void test_names_round_trip(void)
{
    for (int i = 0; i < DMX_CPU_LEVELS; i++) {
        dmx_cpu_level level = DMX_CPU_LEVELS;
        const char *name = dmx_cpu_level_name((dmx_cpu_level)i);
        CHECK(dmx_cpu_level_parse(name, &level) && (int)level == i, "%s is %d, not %d", name, (int)level, i);
    }
    CHECK(strcmp(dmx_cpu_level_name(DMX_CPU_SCALAR), "scalar") == 0, "%s", dmx_cpu_level_name(DMX_CPU_SCALAR));
}

static void test_other_names_are_refused(void)
{
    const char *const others[] = {"", "AVX2", "avx", "avx2 ", "avx5120", "fast", "scala"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        dmx_cpu_level level = DMX_CPU_AVX2;
        CHECK(!dmx_cpu_level_parse(others[i], &level), "\"%s\"", others[i]);
        CHECK(level == DMX_CPU_AVX2, "\"%s\" changed the level", others[i]);
    }
}

static void test_this_machine(void)
{
    dmx_cpu_level best = dmx_cpu_best();
    CHECK((int)best >= 0 && best < DMX_CPU_LEVELS, "level %d", (int)best);
    CHECK(dmx_cpu_best() == best, "the answer does not change");
    int cores = dmx_cpu_cores();
    CHECK(cores >= 1 && cores < 65536, "%d cores", cores);
    for (int i = 0; i < DMX_CPU_LEVELS; i++) {
        const bool has = dmx_cpu_has((dmx_cpu_level)i);
        CHECK(!has || i <= (int)best, "%s is above the best", dmx_cpu_level_name((dmx_cpu_level)i));
        CHECK(has || (i != (int)best && i != DMX_CPU_SCALAR), "no %s", dmx_cpu_level_name((dmx_cpu_level)i));
    }
#ifdef __aarch64__
    CHECK(dmx_cpu_has(DMX_CPU_NEON) && !dmx_cpu_has(DMX_CPU_AVX2), "64-bit ARM, yet %s", dmx_cpu_level_name(best));
#else
    CHECK(!dmx_cpu_has(DMX_CPU_NEON) && !dmx_cpu_has(DMX_CPU_NEONBF16), "NEON on another machine");
#endif
#if defined(__AVX2__) && defined(__FMA__)
    CHECK(best >= DMX_CPU_AVX2, "built for AVX2 and running, yet %s", dmx_cpu_level_name(best));
#endif
}

TEST_MAIN(test_names_round_trip, test_other_names_are_refused, test_this_machine)
