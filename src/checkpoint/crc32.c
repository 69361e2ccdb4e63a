/* crc32.c - see crc32.h
 *
 * Sixteen bytes a step ("slicing"): their table look-ups do not wait for each other. For the 84 MB of a released model
 * that takes 0.05 s, where one byte a step takes 0.32 s.
 */
#include "checkpoint/crc32.h"

#include "checkpoint/reader.h"

void dmx_crc32_init(dmx_crc32_tables *tables)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        tables->of[0][b] = crc;
    }
    for (int k = 1; k < 16; k++)
        for (int b = 0; b < 256; b++) {
            uint32_t before = tables->of[k - 1][b];
            tables->of[k][b] = before >> 8 ^ tables->of[0][before & 0xff];
        }
}

uint32_t dmx_crc32(const dmx_crc32_tables *tables, uint32_t crc, const unsigned char *bytes, size_t size)
{
    const uint32_t(*t)[256] = tables->of;
    crc = ~crc;
    for (; size >= 16; bytes += 16, size -= 16) {
        uint32_t a = dmx_le32(bytes) ^ crc, b = dmx_le32(bytes + 4), c = dmx_le32(bytes + 8), d = dmx_le32(bytes + 12);
        crc = t[15][a & 0xff] ^ t[14][a >> 8 & 0xff] ^ t[13][a >> 16 & 0xff] ^ t[12][a >> 24] ^ t[11][b & 0xff] ^
              t[10][b >> 8 & 0xff] ^ t[9][b >> 16 & 0xff] ^ t[8][b >> 24] ^ t[7][c & 0xff] ^ t[6][c >> 8 & 0xff] ^
              t[5][c >> 16 & 0xff] ^ t[4][c >> 24] ^ t[3][d & 0xff] ^ t[2][d >> 8 & 0xff] ^ t[1][d >> 16 & 0xff] ^
              t[0][d >> 24];
    }
    for (; size > 0; bytes++, size--) crc = crc >> 8 ^ t[0][(crc ^ *bytes) & 0xff];
    return ~crc;
}
