/* round_avx512bf16.h - float32 to bfloat16 with AVX512_BF16, which the AMX level has too. */
#ifndef DMX_KERNELS_X86_ROUND_AVX512BF16_H
#define DMX_KERNELS_X86_ROUND_AVX512BF16_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* 32 floats to bfloat16, to the nearest, ties to even. */
static inline __m512i round_32(__m512 first, __m512 second) { return (__m512i)_mm512_cvtne2ps_pbh(second, first); }

/* See bf16_gemm.h. */
static void round_run(const float *from, size_t n, uint16_t *to)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32)
        _mm512_storeu_si512(to + i, round_32(_mm512_loadu_ps(from + i), _mm512_loadu_ps(from + i + 16)));
    if (i == n) return;
    const __mmask32 left = ((__mmask32)1 << (n - i)) - 1;
    const __m512 first = _mm512_maskz_loadu_ps((__mmask16)left, from + i);
    const __m512 second = _mm512_maskz_loadu_ps((__mmask16)(left >> 16), from + i + 16);
    _mm512_mask_storeu_epi16(to + i, left, round_32(first, second));
}

#endif
