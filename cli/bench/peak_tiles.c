/* peak_tiles.c - products of bf16 tiles (AMX): a tile of 16 x 16 sums += 16 x 32 times 32 x 16; see peak_loops.h
 *
 * Four tiles take sums, from two of A and two of B, as a blocked GEMM uses the eight there are. Linux gives tiles to a
 * process that asks for them; threads that start afterwards have them too. */
#define _DEFAULT_SOURCE /* syscall */
#include "peak_loops.h"

#if defined(__x86_64__) && defined(__linux__) &&                                                                       \
    ((defined(__clang__) && __clang_major__ >= 12) || (!defined(__clang__) && __GNUC__ >= 11))
#include "peak_cpuid.h"

#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TILES = 8, TILE_ROWS = 16, TILE_ROW_BYTES = 64, SUM_TILES = 4 };
enum { ASK_FOR_STATE = 0x1023, TILE_DATA = 18 }; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA: older headers lack them */

typedef struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config;

__attribute__((target("amx-tile,amx-bf16"))) static double dot_tiles(peak_room *room)
{
    uint16_t values[TILE_ROWS * TILE_ROW_BYTES / 2]; /* bf16; the same for A and B */
    float sums[TILE_ROWS * TILE_ROW_BYTES / 4];
    tile_config config = {.palette = 1};
    for (int i = 0; i < TILES; i++) {
        config.row_bytes[i] = TILE_ROW_BYTES;
        config.rows[i] = TILE_ROWS;
    }
    for (int i = 0; i < TILE_ROWS * TILE_ROW_BYTES / 2; i++) values[i] = 0x3a83; /* 0.001 */
    _tile_loadconfig(&config);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_loadd(4, values, TILE_ROW_BYTES);
    _tile_loadd(5, values, TILE_ROW_BYTES);
    _tile_loadd(6, values, TILE_ROW_BYTES);
    _tile_loadd(7, values, TILE_ROW_BYTES);
    for (int round = 0; round < PEAK_ROUNDS; round++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, sums, TILE_ROW_BYTES);
    _tile_release();
    room->sink = sums[0];
    return 2.0 * 16 * 16 * 32 * SUM_TILES * PEAK_ROUNDS;
}

peak_loop peak_tiles_loop(void)
{
    const uint32_t features = peak_cpuid(7, 0).edx;
    if ((features >> 22 & 1) == 0 || (features >> 24 & 1) == 0) return NULL; /* AMX_BF16, AMX_TILE */
    return syscall(SYS_arch_prctl, ASK_FOR_STATE, TILE_DATA) == 0 ? dot_tiles : NULL;
}

#else
peak_loop peak_tiles_loop(void) { return NULL; }
#endif
