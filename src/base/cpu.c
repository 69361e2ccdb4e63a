/* cpu.c - see cpu.h */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "base/cpu.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

static const char *const level_names[DMX_CPU_LEVELS] = {"scalar", "avx2", "avx512"};

dmx_cpu_level dmx_cpu_best(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq"))
        return DMX_CPU_AVX512;
    /* Every CPU with AVX2 has F16C; gcc 11 cannot ask for it by name. */
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return DMX_CPU_AVX2;
#endif
    return DMX_CPU_SCALAR;
}

const char *dmx_cpu_level_name(dmx_cpu_level level) { return level_names[level]; }

bool dmx_cpu_level_parse(const char *name, dmx_cpu_level *level)
{
    for (int i = 0; i < DMX_CPU_LEVELS; i++) {
        if (strcmp(name, level_names[i]) != 0) continue;
        *level = (dmx_cpu_level)i;
        return true;
    }
    return false;
}

int dmx_cpu_cores(void)
{
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        int cores = CPU_COUNT(&set);
        if (cores > 0) return cores;
    }
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 && online < 4096 ? (int)online : 1;
}
