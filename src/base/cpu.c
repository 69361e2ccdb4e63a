/* cpu.c - see cpu.h */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity, syscall */
#endif
#include "base/cpu.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#endif
#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#endif
#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

static const char *const level_names[DMX_CPU_LEVELS] = {"scalar", "avx2", "avx512",  "avx512bf16",
                                                        "amx",    "neon", "neonbf16"};

#if defined(__x86_64__) && defined(__GNUC__)
/* Tiles hold 8 KB, which Linux saves for those processes alone that have asked for it. Asking again does no harm. */
static bool may_use_tiles(void)
{
#if defined(__linux__) && defined(SYS_arch_prctl)
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
    return false;
#endif
}

/* clang 14 has no name for it. */
static bool has_amx(void)
{
    enum { AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
    unsigned a, b, c, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & AMX_BF16) != 0 && (d & AMX_TILE) != 0 && may_use_tiles();
}
#endif

#ifdef __aarch64__
/* Asked of the system: programs may not read the registers that know it. */
static bool has_arm_bf16(void)
{
#if defined(__linux__)
    enum { BF16 = 1 << 14 }; /* HWCAP2_BF16: older headers lack it */
    return (getauxval(AT_HWCAP2) & BF16) != 0;
#elif defined(__APPLE__)
    int has = 0;
    size_t size = sizeof has;
    return sysctlbyname("hw.optional.arm.FEAT_BF16", &has, &size, NULL, 0) == 0 && has != 0;
#else
    return false;
#endif
}
#endif

/* What each level needs beside all that the level before it needs. Every CPU with AVX2 has F16C; gcc 11 cannot ask for
 * it by name. */
dmx_cpu_level dmx_cpu_level_of(unsigned features)
{
    static const unsigned needs[] = {
        [DMX_CPU_SCALAR] = 0,
        [DMX_CPU_AVX2] = DMX_HAS_AVX2 | DMX_HAS_FMA,
        [DMX_CPU_AVX512] = DMX_HAS_AVX512F | DMX_HAS_AVX512VL | DMX_HAS_AVX512BW | DMX_HAS_AVX512DQ,
        [DMX_CPU_AVX512BF16] = DMX_HAS_AVX512BF16,
        [DMX_CPU_AMX] = DMX_HAS_AMX,
    };
    int level = DMX_CPU_SCALAR;
    while (level < DMX_CPU_AMX && (~features & needs[level + 1]) == 0) level++;
    return (dmx_cpu_level)level;
}

static dmx_cpu_level find_best(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    unsigned features = 0;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2")) features |= DMX_HAS_AVX2;
    if (__builtin_cpu_supports("fma")) features |= DMX_HAS_FMA;
    if (__builtin_cpu_supports("avx512f")) features |= DMX_HAS_AVX512F;
    if (__builtin_cpu_supports("avx512vl")) features |= DMX_HAS_AVX512VL;
    if (__builtin_cpu_supports("avx512bw")) features |= DMX_HAS_AVX512BW;
    if (__builtin_cpu_supports("avx512dq")) features |= DMX_HAS_AVX512DQ;
    if (__builtin_cpu_supports("avx512bf16")) features |= DMX_HAS_AVX512BF16;
    if (has_amx()) features |= DMX_HAS_AMX;
    return dmx_cpu_level_of(features);
#elif defined(__aarch64__)
    return has_arm_bf16() ? DMX_CPU_NEONBF16 : DMX_CPU_NEON;
#endif
    return DMX_CPU_SCALAR;
}

/* To ask the CPU takes long where a virtual machine answers for it: the answer is kept. */
dmx_cpu_level dmx_cpu_best(void)
{
    static _Atomic int known = -1;
    int level = atomic_load_explicit(&known, memory_order_relaxed);
    if (level < 0) {
        level = (int)find_best();
        atomic_store_explicit(&known, level, memory_order_relaxed);
    }
    return (dmx_cpu_level)level;
}

bool dmx_cpu_has(dmx_cpu_level level)
{
    const dmx_cpu_level best = dmx_cpu_best();
    return level == DMX_CPU_SCALAR || (level <= best && (level >= DMX_CPU_NEON) == (best >= DMX_CPU_NEON));
}

/* gcc 11 and clang 14 cannot ask for it by name. */
bool dmx_cpu_has_sha(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    enum { SHA = 1 << 29 };
    unsigned a, b = 0, c, d;
    __builtin_cpu_init();
    return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & SHA) != 0;
#else
    return false;
#endif
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
