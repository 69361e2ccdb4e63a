/* vector_table.h - all the templates, and their table.
 *
 * Template. Parameters: those of a simd_*.h. Gives VECTOR_KERNELS, and VECTOR_ENTRIES for a table with further entries:
 *     const dmx_kernels dmx_kernels_avx2 = VECTOR_KERNELS(DMX_CPU_AVX2); */
#ifndef DMX_KERNELS_VECTOR_TABLE_H
#define DMX_KERNELS_VECTOR_TABLE_H

#include "kernels/fft_passes.h"
#include "kernels/vector_elements.h"
#include "kernels/vector_gemm.h"
#include "kernels/vector_rows.h"
#include "kernels/vector_wiener.h"
#include "kernels/vector_winograd.h"

#define VECTOR_KERNELS(cpu_level)                                                                                      \
    {                                                                                                                  \
        VECTOR_ENTRIES(cpu_level)                                                                                      \
    }

#define VECTOR_ENTRIES(cpu_level)                                                                                      \
    .level = (cpu_level), .gemm_rows = TILE_ROWS, .gemm_scratch = LEVEL(gemm_scratch), .gemm_f32 = LEVEL(gemm_f32),    \
    .pack_f32 = LEVEL(pack_f32), .softmax_f32 = LEVEL(softmax_f32), .scale_rows_f32 = LEVEL(scale_rows_f32),           \
    .moments_f32 = LEVEL(moments_f32), .gram_f32 = LEVEL(gram_f32), .affine_f32 = LEVEL(affine_f32),                   \
    .affine_glu_f32 = LEVEL(affine_glu_f32), .add_f32 = LEVEL(add_f32), .layer_norm_f32 = LEVEL(layer_norm_f32),       \
    .winograd_input_f32 = LEVEL(winograd_input_f32), .winograd_output_glu_f32 = LEVEL(winograd_output_glu_f32),        \
    .lstm_gates_f32 = LEVEL(lstm_gates_f32), .phase_f32 = LEVEL(phase_f32), .wiener_f32 = LEVEL(wiener_f32),           \
    .fft_pass_f32 = LEVEL(fft_pass_f32), .f16_to_f32 = LEVEL(f16_to_f32)

#endif
