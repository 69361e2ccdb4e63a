/* sha256.c - see sha256.h */
#include "base/sha256.h"

#include <string.h>

const uint32_t dmx_sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, int bits) { return x >> bits | x << (32 - bits); }

static uint32_t read_word(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The names are those of the standard. */
static void take_block(uint32_t state[8], const unsigned char *block)
{
    uint32_t w[64], a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 16; t++) w[t] = read_word(block + 4 * t);
    for (int t = 16; t < 64; t++)
        w[t] = w[t - 16] + (turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ w[t - 15] >> 3) + w[t - 7] +
               (turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ w[t - 2] >> 10);
    for (int t = 0; t < 64; t++) {
        const uint32_t t1 =
            h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + dmx_sha256_constants[t] + w[t];
        const uint32_t t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    const uint32_t sums[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++) state[i] += sums[i];
}

void dmx_sha256_plain(uint32_t state[8], const unsigned char *blocks, size_t count)
{
    for (; count > 0; count--, blocks += DMX_SHA256_BLOCK) take_block(state, blocks);
}

void dmx_sha256_begin(dmx_sha256 *self, dmx_sha256_fn take)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    self->take = take;
    self->bytes = 0;
    memcpy(self->state, start, sizeof start);
}

void dmx_sha256_add(dmx_sha256 *self, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    const size_t waiting = (size_t)(self->bytes % DMX_SHA256_BLOCK);
    self->bytes += count;
    if (waiting > 0) {
        const size_t room = DMX_SHA256_BLOCK - waiting, some = count < room ? count : room;
        memcpy(self->block + waiting, at, some);
        at += some;
        count -= some;
        if (some == room) self->take(self->state, self->block, 1);
    }
    const size_t whole = count / DMX_SHA256_BLOCK;
    if (whole > 0) self->take(self->state, at, whole);
    if (count % DMX_SHA256_BLOCK > 0) memcpy(self->block, at + whole * DMX_SHA256_BLOCK, count % DMX_SHA256_BLOCK);
}

void dmx_sha256_end(dmx_sha256 *self, unsigned char sum[DMX_SHA256_BYTES])
{
    unsigned char length[8], end[DMX_SHA256_BLOCK] = {0x80};
    const uint64_t bits = self->bytes * 8;
    const size_t waiting = (size_t)(self->bytes % DMX_SHA256_BLOCK);
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)(bits >> (56 - 8 * i));
    dmx_sha256_add(self, end, (waiting < 56 ? 56 : 56 + DMX_SHA256_BLOCK) - waiting);
    dmx_sha256_add(self, length, sizeof length);
    for (int i = 0; i < DMX_SHA256_BYTES; i++) sum[i] = (unsigned char)(self->state[i / 4] >> (24 - i % 4 * 8));
}

void dmx_sha256_hex(const unsigned char sum[DMX_SHA256_BYTES], char hex[65])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < DMX_SHA256_BYTES; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[64] = '\0';
}
