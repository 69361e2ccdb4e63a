/* conv.h - a linear layer or convolution on the CPU, where the norm behind it may have become part of it. */
#ifndef DMX_CPU_CONV_H
#define DMX_CPU_CONV_H

#include "cpu/ops.h"

typedef struct dmx_cpu_linear {
    const dmx_conv *conv;
    const float *bias;           /* packed: the conv's own, or another in its place */
    const float *factor;         /* packed, before the bias, or NULL: see dmx_gemm */
    const dmx_linear_args *args; /* `conv` and `normed` apart */
} dmx_cpu_linear;

void dmx_cpu_linear_run(dmx_exec *exec, const dmx_cpu_linear *linear);

#endif
