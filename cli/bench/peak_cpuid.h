/* peak_cpuid.h - the cpuid instruction, for features that __builtin_cpu_supports of older compilers does not know. */
#ifndef BENCH_PEAK_CPUID_H
#define BENCH_PEAK_CPUID_H

#include <stdbool.h>
#include <stdint.h>

typedef struct peak_cpuid_words {
    uint32_t eax, ebx, ecx, edx;
} peak_cpuid_words;

/* All zeros for a leaf that the CPU does not have. */
static inline peak_cpuid_words peak_cpuid(uint32_t leaf, uint32_t subleaf)
{
    peak_cpuid_words w = {0};
    uint32_t last;
    __asm__ volatile("cpuid" : "=a"(last), "=b"(w.ebx), "=c"(w.ecx), "=d"(w.edx) : "a"(0), "c"(0));
    if (last < leaf) return (peak_cpuid_words){0};
    __asm__ volatile("cpuid" : "=a"(w.eax), "=b"(w.ebx), "=c"(w.ecx), "=d"(w.edx) : "a"(leaf), "c"(subleaf));
    return w;
}

#endif
