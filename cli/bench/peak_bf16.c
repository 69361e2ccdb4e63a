/* peak_bf16.c - the dot product of bf16 pairs (AVX512_BF16): x += a0 * b0 + a1 * b1 in each of 16 lanes; see
 * peak_loops.h */
#include "peak_loops.h"

#if defined(__x86_64__) && ((defined(__clang__) && __clang_major__ >= 9) || (!defined(__clang__) && __GNUC__ >= 10))
#include "peak_cpuid.h"

#include <immintrin.h>

__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) static double dot_avx512(peak_room *room)
{
    const __m512 small = _mm512_set1_ps(1e-3F);
    const __m512bh a = _mm512_cvtne2ps_pbh(small, small);
    __m512 sum = _mm512_setzero_ps();
#define START(i) __m512 x##i = _mm512_set1_ps(i);
#define STEP(i)  x##i = _mm512_dpbf16_ps(x##i, a, a);
#define ADD(i)   sum = _mm512_add_ps(sum, x##i);
    PEAK_EACH_CHAIN(START)
    for (int round = 0; round < PEAK_ROUNDS; round++) {
        PEAK_EACH_CHAIN(STEP)
    }
    PEAK_EACH_CHAIN(ADD)
    room->sink = _mm512_reduce_add_ps(sum);
    return 2.0 * 2 * 16 * PEAK_CHAINS * PEAK_ROUNDS;
}

peak_loop peak_bf16_loop(void)
{
    __builtin_cpu_init();
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512vl"); /* asks the system, too, whether it keeps the registers */
    return avx512 && (peak_cpuid(7, 1).eax >> 5 & 1) != 0 ? dot_avx512 : NULL;
}

#else
peak_loop peak_bf16_loop(void) { return NULL; }
#endif
