/* cpu.c - names of levels and what this machine reports. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_setaffinity */
#endif
#include "base/cpu.h"

#include "support/test.h"

#include <stdio.h>
#include <string.h>
#ifdef __linux__
#include <sched.h>
#endif

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

/* Machines that are not here. A level needs all its features and all those below it. */
static void test_machines(void)
{
    enum { AVX2 = 3, AVX512 = AVX2 | 60, BF16 = AVX512 | 64, AMX = BF16 | 128, ALL = 255 };
    static const unsigned needs[] = {0, AVX2, AVX512, BF16, AMX};
    CHECK(AVX2 == (DMX_HAS_AVX2 | DMX_HAS_FMA) && (BF16 & ~AVX512) == DMX_HAS_AVX512BF16 &&
              (AMX & ~BF16) == DMX_HAS_AMX,
          "other bits");
    CHECK((AVX512 & ~AVX2) == (DMX_HAS_AVX512F | DMX_HAS_AVX512VL | DMX_HAS_AVX512BW | DMX_HAS_AVX512DQ), "AVX-512");
    for (unsigned features = 0; features <= ALL; features++) {
        int best = DMX_CPU_AMX;
        while ((features & needs[best]) != needs[best]) best--;
        CHECK((int)dmx_cpu_level_of(features) == best, "%x is %s", features,
              dmx_cpu_level_name(dmx_cpu_level_of(features)));
    }
}

/* The kernel's list of what this CPU can do, where there is one, agrees. It may keep AMX's tiles from us. */
static void test_this_machine_by_its_flags(void)
{
    static const char *const names[] = {" avx2 ",     " fma ",      " avx512f ",     " avx512vl ",
                                        " avx512bw ", " avx512dq ", " avx512_bf16 ", " amx_bf16 "};
    static char line[16384];
    FILE *file = fopen("/proc/cpuinfo", "r");
    unsigned features = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "flags", 5) != 0) continue;
        line[strcspn(line, "\n")] = ' ';
        for (unsigned i = 0; i < 8; i++) features |= strstr(line, names[i]) != NULL ? 1u << i : 0;
        break;
    }
    if (file != NULL) fclose(file);
    if (features == 0) return; /* no such list, or another kind of CPU */
    const dmx_cpu_level best = dmx_cpu_best();
    CHECK(best == dmx_cpu_level_of(features) || best == dmx_cpu_level_of(features & ~(unsigned)DMX_HAS_AMX),
          "flags %x, yet %s", features, dmx_cpu_level_name(best));
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

/* A process that may run on one core has one, however many the machine has. */
static void test_affinity(void)
{
#ifdef __linux__
    cpu_set_t before, one;
    REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0, "no affinity");
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
    CHECK(dmx_cpu_cores() == CPU_COUNT(&before), "%d cores, not %d", dmx_cpu_cores(), CPU_COUNT(&before));
    if (sched_setaffinity(0, sizeof one, &one) == 0) CHECK(dmx_cpu_cores() == 1, "%d cores", dmx_cpu_cores());
    sched_setaffinity(0, sizeof before, &before);
#endif
}

TEST_MAIN(test_affinity, test_names_round_trip, test_other_names_are_refused, test_machines,
          test_this_machine_by_its_flags, test_this_machine)
