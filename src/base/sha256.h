/* sha256.h - SHA-256 (FIPS 180-4) of bytes that come in pieces.
 *
 * The engine names a model by it and has no library for that; outside the engine there is one (digest/). Whoever starts
 * a sum says who computes its blocks: the plain code here, or kernels/sha256.h where the CPU has instructions for it.
 */
#ifndef DMX_BASE_SHA256_H
#define DMX_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { DMX_SHA256_BLOCK = 64, DMX_SHA256_BYTES = 32 };

/* Take `count` blocks of DMX_SHA256_BLOCK bytes into the state. */
typedef void (*dmx_sha256_fn)(uint32_t state[8], const unsigned char *blocks, size_t count);

typedef struct dmx_sha256 {
    dmx_sha256_fn take;
    uint32_t state[8];
    uint64_t bytes;
    unsigned char block[DMX_SHA256_BLOCK]; /* what came and is no whole block yet */
} dmx_sha256;

extern const uint32_t dmx_sha256_constants[64];

/* The plain code: what every other must agree with. */
void dmx_sha256_plain(uint32_t state[8], const unsigned char *blocks, size_t count);

void dmx_sha256_begin(dmx_sha256 *self, dmx_sha256_fn take);
void dmx_sha256_add(dmx_sha256 *self, const void *bytes, size_t count);
void dmx_sha256_end(dmx_sha256 *self, unsigned char sum[DMX_SHA256_BYTES]);

/* The sum in 64 small hexadecimal digits. */
void dmx_sha256_hex(const unsigned char sum[DMX_SHA256_BYTES], char hex[65]);

#endif
