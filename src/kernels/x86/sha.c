/* sha.c - SHA-256 with Intel's SHA instructions, which keep the state as {A,B,E,F} and {C,D,G,H} and take two rounds
 * each; four rounds a step here, sixteen steps a block. */
#include "kernels/sha256.h"

#include <immintrin.h>

/* The next four words of the schedule from the sixteen before, m[0] (the oldest) to m[3]. */
static inline __m128i next_words(const __m128i m[4])
{
    const __m128i t = _mm_add_epi32(_mm_sha256msg1_epu32(m[0], m[1]), _mm_alignr_epi8(m[3], m[2], 4));
    return _mm_sha256msg2_epu32(t, m[3]);
}

static void take_block(__m128i *abef, __m128i *cdgh, const unsigned char *block)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    const __m128i abef_before = *abef, cdgh_before = *cdgh;
    __m128i m[4];
    for (int i = 0; i < 4; i++)
        m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i)), big_endian);
    for (int step = 0; step < 16; step++) {
        const __m128i k = _mm_loadu_si128((const __m128i *)(const void *)(dmx_sha256_constants + 4 * step));
        const __m128i wk = _mm_add_epi32(m[0], k);
        *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, wk);
        *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(wk, 0x0E));
        const __m128i next = next_words(m);
        m[0] = m[1];
        m[1] = m[2];
        m[2] = m[3];
        m[3] = next;
    }
    *abef = _mm_add_epi32(*abef, abef_before);
    *cdgh = _mm_add_epi32(*cdgh, cdgh_before);
}

void dmx_sha256_x86(uint32_t state[8], const unsigned char *blocks, size_t count)
{
    __m128i *memory = (__m128i *)(void *)state;
    const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(memory), 0xB1);
    const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(memory + 1), 0x1B);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
    for (; count > 0; count--, blocks += DMX_SHA256_BLOCK) take_block(&abef, &cdgh, blocks);
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128(memory, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128(memory + 1, _mm_alignr_epi8(dchg, feba, 8));
}
