/* cpu.h - which kernels this CPU can run, and how many cores this process may use. */
#ifndef DMX_BASE_CPU_H
#define DMX_BASE_CPU_H

#include <stdbool.h>

typedef enum dmx_cpu_level { DMX_CPU_SCALAR, DMX_CPU_AVX2, DMX_CPU_AVX512, DMX_CPU_LEVELS } dmx_cpu_level;

/* The best level that the CPU and the operating system support. avx2 means AVX2, FMA and F16C; avx512 means F, VL, BW
 * and DQ. */
dmx_cpu_level dmx_cpu_best(void);

/* "scalar", "avx2", "avx512"; and back (false for another text). */
const char *dmx_cpu_level_name(dmx_cpu_level level);
bool dmx_cpu_level_parse(const char *name, dmx_cpu_level *level);

/* Cores this process may run on (its affinity mask), at least 1. */
int dmx_cpu_cores(void);

#endif
