/* bf16.h - the bfloat16 kernels of the levels above AVX-512, which are otherwise that level: avx512.c makes the tables.
 */
#ifndef DMX_KERNELS_X86_BF16_H
#define DMX_KERNELS_X86_BF16_H

#include "kernels/kernels.h"

enum { DMX_BF16_ROWS_AVX512BF16 = 12, DMX_BF16_ROWS_AMX = 32 };

/* avx512bf16.c */
size_t dmx_gemm_bf16_scratch_avx512bf16(size_t rows, size_t k);
void dmx_gemm_bf16_avx512bf16(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                              float *scratch);
void dmx_pack_bf16_avx512bf16(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                              uint16_t *packed);

/* amx.c */
size_t dmx_gemm_bf16_scratch_amx(size_t rows, size_t k);
void dmx_gemm_bf16_amx(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                       float *scratch);

#endif
