/* gemm.h - spread one GEMM over the threads. */
#ifndef DMX_CPU_GEMM_H
#define DMX_CPU_GEMM_H

#include "cpu/work.h"

/* Rows of C that one work item computes: a multiple of the kernel's tile. */
size_t dmx_gemm_item_rows(const dmx_exec *exec);

/* The kernel for `g` on some rows and panels: bfloat16 where exec->bf16 and g->b_bf16 say so; and the floats of scratch
 * that it needs for `rows` rows. */
void dmx_gemm_compute(const dmx_exec *exec, const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin,
                      size_t panel_end, float *scratch);
size_t dmx_gemm_scratch_floats(const dmx_exec *exec, size_t rows, size_t k);

/* Compute all `rows` rows and all columns of `g`. */
void dmx_gemm_run(dmx_exec *exec, const dmx_gemm *g, size_t rows);

/* Panels that `columns` columns take, and floats of a packed matrix of `k` rows. */
size_t dmx_gemm_panels(size_t columns);
size_t dmx_gemm_packed_floats(size_t k, size_t columns);

#endif
