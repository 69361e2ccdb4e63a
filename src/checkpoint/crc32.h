/* crc32.h - the checksum of zip archives (reflected polynomial 0xedb88320). */
#ifndef DMX_CHECKPOINT_CRC32_H
#define DMX_CHECKPOINT_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* tables[k][b]: what a byte b contributes when k more bytes follow it. */
typedef struct dmx_crc32_tables {
    uint32_t of[16][256];
} dmx_crc32_tables;

void dmx_crc32_init(dmx_crc32_tables *tables);

/* The checksum of what has the checksum `crc` (nothing: 0), and `size` bytes after it. */
uint32_t dmx_crc32(const dmx_crc32_tables *tables, uint32_t crc, const unsigned char *bytes, size_t size);

#endif
