/* winograd.h - 3x3 convolutions with fewer multiplications.
 *
 * Winograd's F(2x2, 3x3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015) computes a tile of
 * 2 steps by 2 bins of the output from 4 by 4 of the input with 16 products instead of 36:
 *
 *     V = B^T d B       4x4 numbers of the input, per channel: additions only
 *     M = U * V         for each of the 16 positions a matrix product over the channels: 16 GEMMs
 *     Y = A^T M A       2x2 outputs, per column: additions only, then bias and GLU
 *
 * with U = G g G^T of the 3x3 weights computed at load. Of all such forms this has the mildest numbers (0, 1, -1, 1/2),
 * and costs no accuracy that could be measured in the whole network; F(4x4, 3x3) would save more and lose a digit. */
#ifndef DMX_CPU_WINOGRAD_H
#define DMX_CPU_WINOGRAD_H

#include "nn/conv.h"

/* Whether a convolution is of the kind that gains by this: 3x3, padded to keep its size, followed by a GLU, with enough
 * channels for the products to outweigh the transforms. */
bool dmx_winograd_suits(const dmx_conv *conv);

/* Floats of its weights, and filling them (zeroed by the caller, aligned to 64 bytes) from rows [first, first + count)
 * of PyTorch's [out][in][kernel_bins][kernel_steps], as dmx_conv_pack_rows. */
size_t dmx_winograd_floats(const dmx_conv *conv);
void dmx_winograd_pack_rows(const dmx_conv *conv, size_t first, size_t count, const float *weight, float *packed);

/* output = glu(conv(input)), for a conv with `winograd` weights. */
void dmx_winograd_run(dmx_exec *exec, const dmx_conv *conv, const dmx_grid *input, const dmx_grid *output);

#endif
