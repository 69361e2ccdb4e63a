/* scalar.h - what the two files of the scalar level share. */
#ifndef DMX_KERNELS_SCALAR_H
#define DMX_KERNELS_SCALAR_H

#include "kernels/kernels.h"

#include <math.h>

static inline float dmx_sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

/* GLU is not one of the activations here. GELU uses erfc, because 1 + erf(x) cancels for negative x. Called for each
 * number, so the compiler has to see it in both files. */
static inline float dmx_activate(float x, dmx_activation activation)
{
    switch (activation) {
    case DMX_ACTIVATION_RELU: return x < 0.0f ? 0.0f : x; /* NaN stays NaN */
    case DMX_ACTIVATION_GELU: return 0.5f * x * erfcf(x * -0.70710678f);
    default: return x;
    }
}

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
