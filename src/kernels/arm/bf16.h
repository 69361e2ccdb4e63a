/* bf16.h - the bfloat16 kernels of the level above NEON, which is otherwise that level: neon.c makes the tables. */
#ifndef DMX_KERNELS_ARM_BF16_H
#define DMX_KERNELS_ARM_BF16_H

#include "kernels/kernels.h"

enum { DMX_BF16_ROWS_NEONBF16 = 12 };

size_t dmx_gemm_bf16_scratch_neonbf16(size_t rows, size_t k);
void dmx_gemm_bf16_neonbf16(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                            float *scratch);
void dmx_pack_bf16_neonbf16(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                            uint16_t *packed);

#endif
