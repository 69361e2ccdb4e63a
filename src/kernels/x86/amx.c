/* amx.c - the bfloat16 product on AMX's tiles: see bf16_tiles.h. Compiled with this level's flags: run only where the
 * CPU has it and the process may use tiles (base/cpu.c).
 *
 * The shape of the tiles is the thread's state. It is set at the start of each call and given back at its end: a few
 * instructions, and between calls a thread has no 8 KB more to save whenever it is interrupted. */
#include "kernels/x86/simd_avx512.h"

#include "kernels/x86/bf16.h"

/* What LDTILECFG reads. */
typedef struct tile_shapes {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16]; /* only tiles 0 to 7 are there */
    uint8_t rows[16];
} tile_shapes;

static const tile_shapes whole_tiles = {
    .palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

/* gcc does not know that loading a tile reads memory: what is in the tiles' memory must be there before. */
static inline void begin_tiles(void)
{
    _tile_loadconfig(&whole_tiles);
    __asm__ volatile("" ::: "memory");
}

#define TILE_BEGIN()               begin_tiles()
#define TILE_END()                 _tile_release()
#define TILE_ZERO(t)               _tile_zero(t)
#define TILE_LOAD(t, from, stride) _tile_loadd(t, from, stride)
#define TILE_STORE(t, to, stride)  _tile_stored(t, to, stride)
#define TILE_PRODUCT(c, a, b)      _tile_dpbf16ps(c, a, b)

#include "kernels/x86/bf16_tiles.h"
#include "kernels/x86/round_avx512bf16.h"

size_t dmx_gemm_bf16_scratch_amx(size_t rows, size_t k) { return tiles_scratch(rows, k); }

void dmx_gemm_bf16_amx(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                       float *scratch)
{
    multiply_by_tiles(g, row_begin, row_end, panel_begin, panel_end, scratch);
}
