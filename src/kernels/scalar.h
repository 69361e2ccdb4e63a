/* scalar.h - what the two files of the scalar level share. */
#ifndef DMX_KERNELS_SCALAR_H
#define DMX_KERNELS_SCALAR_H

#include "kernels/kernels.h"

/* scalar_gemm.c; GLU is not one of the activations here. */
float dmx_sigmoid(float x);
float dmx_activate(float x, dmx_activation activation);

/* scalar_gemm.c: entries of the table, see kernels.h. */
size_t dmx_gemm_scratch_scalar(size_t rows, size_t k);
void dmx_gemm_f32_scalar(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                         float *scratch);
void dmx_gemm_bf16_scalar(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                          float *scratch);
void dmx_pack_f32_scalar(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                         float *packed);
void dmx_pack_bf16_scalar(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                          uint16_t *packed);

#endif
