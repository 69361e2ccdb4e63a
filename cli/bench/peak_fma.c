/* peak_fma.c - multiply-adds in registers, level by level; see peak_loops.h
 *
 * x = x * factor + term tends to 1 whatever it starts from: no overflow and no denormals. The functions carry the CPU
 * level themselves (the target attribute), so that the rest of the file runs on any CPU. */
#include "peak_loops.h"

#include <string.h>

#define FACTOR 0.999F
#define TERM   0.001F

/* Without an FMA instruction to ask for: 128-bit vectors, which any x86-64 and any ARMv8 has. */
typedef float vector4 __attribute__((vector_size(16)));

static double fma_plain(peak_room *room)
{
    const vector4 factor = {FACTOR, FACTOR, FACTOR, FACTOR}, term = {TERM, TERM, TERM, TERM};
    vector4 sum = {0};
#define START(i) vector4 x##i = {(i), (i), (i), (i)};
#define STEP(i)  x##i = x##i * factor + term;
#define ADD(i)   sum += x##i;
    PEAK_RUN_CHAINS
#undef START
#undef STEP
#undef ADD
    room->sink = sum[0] + sum[1] + sum[2] + sum[3];
    return 2.0 * 4 * PEAK_CHAINS * PEAK_ROUNDS;
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx2,fma"))) static double fma_avx2(peak_room *room)
{
    const __m256 factor = _mm256_set1_ps(FACTOR), term = _mm256_set1_ps(TERM);
    __m256 sum = _mm256_setzero_ps();
#define START(i) __m256 x##i = _mm256_set1_ps(i);
#define STEP(i)  x##i = _mm256_fmadd_ps(x##i, factor, term);
#define ADD(i)   sum = _mm256_add_ps(sum, x##i);
    PEAK_RUN_CHAINS
#undef START
#undef STEP
#undef ADD
    room->sink = _mm256_cvtss_f32(sum);
    return 2.0 * 8 * PEAK_CHAINS * PEAK_ROUNDS;
}

__attribute__((target("avx512f"))) static double fma_avx512(peak_room *room)
{
    const __m512 factor = _mm512_set1_ps(FACTOR), term = _mm512_set1_ps(TERM);
    __m512 sum = _mm512_setzero_ps();
#define START(i) __m512 x##i = _mm512_set1_ps(i);
#define STEP(i)  x##i = _mm512_fmadd_ps(x##i, factor, term);
#define ADD(i)   sum = _mm512_add_ps(sum, x##i);
    PEAK_RUN_CHAINS
#undef START
#undef STEP
#undef ADD
    room->sink = _mm512_reduce_add_ps(sum);
    return 2.0 * 16 * PEAK_CHAINS * PEAK_ROUNDS;
}
#endif

#if defined(__aarch64__)
#include <arm_neon.h>

static double fma_neon(peak_room *room)
{
    const float32x4_t factor = vdupq_n_f32(FACTOR), term = vdupq_n_f32(TERM);
    float32x4_t sum = vdupq_n_f32(0);
    /* The accumulator is the addend here: x = term * factor + x. Twice as many chains: up to four pipes. */
#define START(i) float32x4_t x##i = vdupq_n_f32(i), y##i = vdupq_n_f32(-(i));
#define STEP(i)  x##i = vfmaq_f32(x##i, factor, term), y##i = vfmaq_f32(y##i, factor, term);
#define ADD(i)   sum = vaddq_f32(sum, vaddq_f32(x##i, y##i));
    PEAK_RUN_CHAINS
#undef START
#undef STEP
#undef ADD
    room->sink = vaddvq_f32(sum);
    return 2.0 * 4 * 2 * PEAK_CHAINS * PEAK_ROUNDS;
}
#endif

peak_loop peak_fma_loop(const char *level)
{
#if defined(__x86_64__)
    if (strncmp(level, "avx512", 6) == 0 || strcmp(level, "amx") == 0) return fma_avx512; /* avx512bf16 as well */
    if (strcmp(level, "avx2") == 0) return fma_avx2;
#elif defined(__aarch64__)
    if (strncmp(level, "neon", 4) == 0) return fma_neon; /* neonbf16 as well */
#endif
    (void)level;
    return fma_plain;
}
