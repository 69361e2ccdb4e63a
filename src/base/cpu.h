/* cpu.h - which kernels this CPU can run, and how many cores this process may use. */
#ifndef DMX_BASE_CPU_H
#define DMX_BASE_CPU_H

#include <stdbool.h>

/* Of all machines. On each, those that it has go up in this order. */
typedef enum dmx_cpu_level {
    DMX_CPU_SCALAR,
    DMX_CPU_AVX2,
    DMX_CPU_AVX512,
    DMX_CPU_AVX512BF16, /* as avx512 but for the products of bfloat16; so is the next */
    DMX_CPU_AMX,
    DMX_CPU_NEON,
    DMX_CPU_NEONBF16, /* as neon but for the products of bfloat16 */
    DMX_CPU_LEVELS
} dmx_cpu_level;

/* What levels are made of, as bits. AMX is both AMX-TILE and AMX-BF16, and that the system lets us use tiles. */
enum {
    DMX_HAS_AVX2 = 1,
    DMX_HAS_FMA = 2,
    DMX_HAS_AVX512F = 4,
    DMX_HAS_AVX512VL = 8,
    DMX_HAS_AVX512BW = 16,
    DMX_HAS_AVX512DQ = 32,
    DMX_HAS_AVX512BF16 = 64,
    DMX_HAS_AMX = 128
};

/* The best level of an x86 CPU that has these. */
dmx_cpu_level dmx_cpu_level_of(unsigned features);

/* The best level that the CPU and the operating system support. avx2 means AVX2, FMA and F16C; avx512 means F, VL, BW
 * and DQ; avx512bf16 AVX512_BF16 as well; amx AMX-TILE and AMX-BF16 as well. On Linux a process has to ask for the
 * memory of AMX's tiles: this does, and where it is refused there is no amx. neon is a part of every 64-bit ARM;
 * neonbf16 means FEAT_BF16 as well. */
dmx_cpu_level dmx_cpu_best(void);

/* Whether this machine can run a level: those up to the best, without those of another machine. */
bool dmx_cpu_has(dmx_cpu_level level);

/* "scalar", "avx2", "avx512", "avx512bf16", "amx", "neon", "neonbf16"; and back (false for another text). */
const char *dmx_cpu_level_name(dmx_cpu_level level);
bool dmx_cpu_level_parse(const char *name, dmx_cpu_level *level);

/* Whether it has Intel's SHA instructions, and SSSE3 and SSE4.1 beside them. */
bool dmx_cpu_has_sha(void);

/* Cores this process may run on (its affinity mask), at least 1. */
int dmx_cpu_cores(void);

#endif
