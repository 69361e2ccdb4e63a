/* gemm.h - spread one GEMM over the threads. */
#ifndef DMX_NN_GEMM_H
#define DMX_NN_GEMM_H

#include "nn/exec.h"

/* Rows of C that one work item computes: a multiple of the kernel's tile. */
size_t dmx_gemm_item_rows(const dmx_kernels *kernels);

/* Compute all `rows` rows and all columns of `g`. */
void dmx_gemm_run(dmx_exec *exec, const dmx_gemm *g, size_t rows);

/* Panels that `columns` columns take, and floats of a packed matrix of `k` rows. */
size_t dmx_gemm_panels(size_t columns);
size_t dmx_gemm_packed_floats(size_t k, size_t columns);

#endif
