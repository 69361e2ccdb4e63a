/* wide.c - the kernel templates 16 wide, built for AVX2: see simd_wide.h. The product of bfloat16 is AMX's, with its
 * eight tiles in plain C. */
#include "simd_wide.h"

#include "check.h"
#include "kernels/vector_table.h"
#include "plain_bf16.h"

enum { TILE_ROW_BYTES = 64, ROWS = 16, TILES = 8 };

/* The tiles of this thread: only one runs at a time here. They hold what the last product left until TILE_BEGIN. */
static unsigned char tiles[TILES][ROWS][TILE_ROW_BYTES];
static bool begun;

static void load_tile(int t, const void *from, size_t stride)
{
    for (size_t r = 0; r < ROWS; r++) memcpy(tiles[t][r], (const char *)from + r * stride, TILE_ROW_BYTES);
}

static void store_tile(int t, void *to, size_t stride)
{
    for (size_t r = 0; r < ROWS; r++) memcpy((char *)to + r * stride, tiles[t][r], TILE_ROW_BYTES);
}

/* c[m][n] += a[m][2 k] * b[k][n][0] + a[m][2 k + 1] * b[k][n][1], as the manual of TDPBF16PS has it. */
static void multiply_into(int c, int a, int b)
{
    for (size_t m = 0; m < ROWS; m++)
        for (size_t n = 0; n < 16; n++) {
            float sum;
            memcpy(&sum, tiles[c][m] + 4 * n, sizeof sum);
            for (size_t k = 0; k < 16 && begun; k++)
                for (size_t i = 0; i < 2; i++)
                    sum += widened(tiles[a][m] + 4 * k + 2 * i) * widened(tiles[b][k] + 4 * n + 2 * i);
            memcpy(tiles[c][m] + 4 * n, &sum, sizeof sum);
        }
}

static void begin_tiles(void)
{
    memset(tiles, 0xff, sizeof tiles); /* NaN: what is read must have been loaded */
    begun = true;
}

#define TILE_BEGIN()               begin_tiles()
#define TILE_END()                 (void)(begun = false)
#define TILE_ZERO(t)               memset(tiles[t], 0, sizeof tiles[t])
#define TILE_LOAD(t, from, stride) load_tile(t, from, stride)
#define TILE_STORE(t, to, stride)  store_tile(t, to, stride)
#define TILE_PRODUCT(c, a, b)      multiply_into(c, a, b)

#include "kernels/x86/bf16_tiles.h"

static void pack_bf16(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                      uint16_t *packed)
{
    dmx_kernels_get(DMX_CPU_SCALAR)->pack_bf16(b, row_stride, column_stride, k, columns, packed);
}

const dmx_kernels kernels_wide = {
    VECTOR_ENTRIES(DMX_CPU_AVX512), .bf16_rows = ROWS_OF_BLOCK, .gemm_bf16_scratch = tiles_scratch,
    .gemm_bf16 = multiply_by_tiles, .pack_bf16 = pack_bf16,
};
