/* normed_linear.h - a linear layer and the group norm that follows it, in one pass over the output.
 *
 * A norm over a whole plane needs mean and variance of what the layer gives before anything of it can go on, which
 * would mean to write that to memory, read it for the statistics, and read it again. But both numbers follow from the
 * layer's input, which is narrow where this is used (DConv: an eighth or a quarter of the channels). With y = W h + b,
 * w_j the rows of W, and sums over all n rows of h:
 *
 *     s = sum h          sum of all y   = u . s + n * sum b_j                u = sum over j of w_j
 *     G = sum h h^T      sum of all y^2 = <M, G> + 2 v . s + n * sum b_j^2   M = sum of w_j w_j^T, v = sum of b_j w_j
 *
 * u, v and M are computed at load. So the norm is a factor and a bias for each column before the layer runs, and bias,
 * norm, GLU, LayerScale and the residual are all the epilogue of one GEMM. All these sums are in double. */
#ifndef DMX_NN_NORMED_LINEAR_H
#define DMX_NN_NORMED_LINEAR_H

#include "nn/conv.h"

typedef struct dmx_normed_linear {
    dmx_conv linear;           /* a kernel of 1; GLU or not */
    const float *gamma;        /* the norm's, packed like the bias; the norm has one group */
    const float *beta;         /* the same */
    const double *gram;        /* [in][in] M */
    const double *sum;         /* [in] u */
    const double *bias_sum;    /* [in] v */
    double bias, bias_squared; /* sums of b_j and b_j^2 */
} dmx_normed_linear;

/* output = epilogue(norm(linear(input))), each bin with statistics of its own, over its steps. As for dmx_conv_run. */
void dmx_normed_linear_run(dmx_exec *exec, const dmx_normed_linear *layer, const dmx_grid *input,
                           const dmx_epilogue *epilogue, const dmx_grid *output);

#endif
