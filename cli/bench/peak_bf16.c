/* peak_bf16.c - products of bf16: on x86 of pairs (AVX512_BF16), x += a0 * b0 + a1 * b1 in each of 16 lanes; on ARM of
 * blocks (FEAT_BF16), 2 x 2 lanes += 2 x 4 times 4 x 2; see peak_loops.h */
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
    PEAK_RUN_CHAINS
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

#elif defined(__aarch64__) && (defined(__linux__) || defined(__APPLE__))
#include <arm_neon.h>
#include <stdbool.h>
#ifdef __linux__
#include <sys/auxv.h>
#else
#include <sys/sysctl.h>
#endif

#ifdef __clang__
#define WITH_BF16 __attribute__((target("bf16")))
#else
#define WITH_BF16 __attribute__((target("arch=armv8.2-a+bf16")))
#endif

/* BFMMLA is text for the assembler here, since older compilers have its intrinsic only where a whole file is built for
 * it. Twice as many chains as PEAK_CHAINS: up to four pipes. */
WITH_BF16 static double product_of_blocks(peak_room *room)
{
    const uint16x8_t a = vdupq_n_u16(0x3a83); /* 0.001 */
    float32x4_t sum = vdupq_n_f32(0);
#define PRODUCT(x) __asm__("bfmmla %0.4s, %1.8h, %1.8h" : "+w"(x) : "w"(a))
#define START(i)   float32x4_t x##i = vdupq_n_f32(i), y##i = vdupq_n_f32(-(i));
#define STEP(i)                                                                                                        \
    PRODUCT(x##i);                                                                                                     \
    PRODUCT(y##i);
#define ADD(i) sum = vaddq_f32(sum, vaddq_f32(x##i, y##i));
    PEAK_RUN_CHAINS
    room->sink = vaddvq_f32(sum);
    return 2.0 * 4 * 4 * 2 * PEAK_CHAINS * PEAK_ROUNDS;
}

static bool has_bf16(void)
{
#ifdef __linux__
    return (getauxval(AT_HWCAP2) >> 14 & 1) != 0; /* HWCAP2_BF16: older headers lack it */
#else
    int has = 0;
    size_t size = sizeof has;
    return sysctlbyname("hw.optional.arm.FEAT_BF16", &has, &size, NULL, 0) == 0 && has != 0;
#endif
}

peak_loop peak_bf16_loop(void) { return has_bf16() ? product_of_blocks : NULL; }

#else
peak_loop peak_bf16_loop(void) { return NULL; }
#endif
