/* kernels.h - the table of arithmetic kernels, one per CPU level.
 *
 * Kernels are pure: arguments in, arguments out; no allocation, no threads, no globals, no failure. All arrays are
 * float32 and contiguous unless a stride is given; strides count floats. No alignment is required of data; packed
 * weights are aligned to 64 bytes. Inputs and outputs do not overlap unless said. A count of 0 does nothing. The scalar
 * level (scalar.c) is the specification; tests/kernels holds every other level against it. Results of one level do not
 * depend on how a caller cuts rows into calls (each output is computed alone).
 *
 * Layout is channels-last. The one big operation is the GEMM: convolutions, transposed convolutions, linear layers and
 * attention are all GEMMs over rows that lie at regular distances in memory (ARCHITECTURE.md, "Every layer is a GEMM").
 */
#ifndef DMX_KERNELS_KERNELS_H
#define DMX_KERNELS_KERNELS_H

#include "base/cpu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Columns of one panel of packed weights, the same at every level, so that a model is packed once:
 *     packed[panel][k][DMX_PANEL]      panel = column / DMX_PANEL, zero beyond the last column
 * For DMX_ACTIVATION_GLU the columns of a panel are 8 values, then their 8 gates: a panel gives 8 outputs. Where the
 * outputs are no multiple of 8, the last panel's gates still start at its column 8. */
#define DMX_PANEL 16

/* The same for bfloat16, the upper half of a float32, as uint16_t; k is filled up with zeros to whole steps of
 * DMX_BF16_STEP, of 1 KB each:
 *     packed[panel][dmx_bf16_k(k) / DMX_BF16_STEP][DMX_BF16_STEP * DMX_PANEL]
 * In what order a step has its numbers depends on the instructions, so a level's gemm_bf16 reads what its own pack_bf16
 * made. All levels that one machine can run and that have bf16_rows > 0 share one pack_bf16, since a model keeps its
 * weights packed once, whatever the levels of its engines: on x86 (and at the scalar level) pairs of k,
 *     step[DMX_BF16_STEP / 2][DMX_PANEL][2]       a B tile of AMX: 16 rows (pairs of k) by 16 columns by 2
 * and on ARM columns by 4 k,
 *     step[DMX_BF16_STEP / 4][DMX_PANEL][4]       two columns are an operand of BFMMLA */
#define DMX_BF16_STEP 32

static inline size_t dmx_bf16_k(size_t k) { return (k + DMX_BF16_STEP - 1) / DMX_BF16_STEP * DMX_BF16_STEP; }

/* The most taps (slabs) a GEMM row may gather: 3x3 convolutions need 3, kernels of up to 63 fit. */
#define DMX_MAX_TAPS 64

typedef enum dmx_activation {
    DMX_ACTIVATION_NONE,
    DMX_ACTIVATION_RELU,
    DMX_ACTIVATION_GELU, /* exact: x/2 * (1 + erf(x / sqrt 2)) */
    DMX_ACTIVATION_GLU   /* value * sigmoid(gate); halves the columns */
} dmx_activation;

/* A product of matrices, and what follows it while the sums are in registers:
 *     sum[m][n] = sum over taps t and k of A[t][m][k] * B[t * depth + k][n]
 *     C[m][n] = residual[m][n] + scale[n] * activation(factor[n] * sum[m][n] + bias[n]) */
typedef struct dmx_gemm {
    /* A, by group and row: row m is row (m % group_rows) of group (m / group_rows), and its tap t starts at
     *     a + (m / group_rows) * a_group_stride + (m % group_rows) * a_row_stride + tap_offset[t]
     * where `depth` floats lie contiguously. (A group is an STFT step when its bins have margins; one group is the
     * plain case.) Rows, groups and taps may overlap. */
    const float *a;
    size_t group_rows;
    ptrdiff_t a_row_stride, a_group_stride;
    const ptrdiff_t *tap_offset; /* [taps] */
    int taps;
    int depth;

    const float *b;         /* packed panels, [panels][taps * depth][DMX_PANEL], aligned to 64 bytes */
    const uint16_t *b_bf16; /* the same for gemm_bf16, which alone reads it */
    int columns;            /* columns of B that count; with GLU, values and gates together (even) */
    const float *bias;      /* [panels * DMX_PANEL] in packed column order, zero beyond `columns`; or NULL for 0 */
    const float *factor;    /* alike, or NULL for 1: a norm that turned out to be a factor and a bias */
    dmx_activation activation;
    const float *scale; /* [output columns] or NULL for 1 */

    /* C and residual: `columns` columns, or columns / 2 with GLU; rows addressed as those of A. The residual may be C
     * itself. NULL means 0. */
    float *c;
    ptrdiff_t c_row_stride, c_group_stride;
    const float *residual;
    ptrdiff_t residual_row_stride, residual_group_stride;
} dmx_gemm;

/* DMX_WIENER_BINS bins of a mix of two channels and of the estimates of what is in it, side by side: number i of each
 * row belongs to bin i. The rows of a step are the real and the imaginary part of channel 0, then those of channel 1.
 * For each bin and estimate j, with sums over the steps t and for the powers over the channels too:
 *     R_j = (sum y_j y_j^H) / (epsilon + per_channel * sum |y_j|^2)      how it is spread over the channels, 2 x 2
 *     v_j(t) = per_channel * sum |y_j(t)|^2                              its power
 *     y_j(t) becomes v_j(t) R_j (regular * identity + sum over all estimates of v(t) R)^-1 mix(t)
 * Arithmetic is double: where the channels are nearly alike the matrix that is inverted is nearly singular. */
enum { DMX_WIENER_BINS = 8 };
#define DMX_WIENER_EPSILON 1e-10
#define DMX_WIENER_REGULAR 1e-5 /* its square root */

typedef struct dmx_wiener_block {
    size_t steps, estimates;
    double per_channel; /* 1 / channels; a single channel has rows of zeros for the other */
    const float *mix;   /* [steps][4][DMX_WIENER_BINS] */
    float *y;           /* [steps][estimates][4][DMX_WIENER_BINS], in place */
    double *spread;     /* [estimates][5][DMX_WIENER_BINS] scratch */
} dmx_wiener_block;

/* One pass of a complex FFT: it splits `stride` interleaved transforms of length radix * columns into stride * radix of
 * length columns. The product of the three is the length of the whole. */
typedef struct dmx_fft_pass {
    int radix; /* 2, 3, 4, 5 or 8 */
    size_t columns;
    size_t stride;
    float *twiddle_re; /* [radix][columns] cos(2 pi k p / (radix * columns)) */
    float *twiddle_im; /* [radix][columns] -sin of the same */
} dmx_fft_pass;

typedef struct dmx_kernels {
    dmx_cpu_level level;

    /* Rows a tile of this level has. Any number of rows is right; groups and calls that are multiples of it waste
     * nothing, groups of less than half of it are slow (tiles do not cross groups), and calls of 96 to 200 rows and all
     * panels reach full speed. */
    int gemm_rows;

    /* Floats of scratch that gemm needs for `row_end - row_begin` = rows, taps * depth = k. May be 0. */
    size_t (*gemm_scratch)(size_t rows, size_t k);

    /* Compute C for rows [row_begin, row_end) and panels [panel_begin, panel_end). `scratch` is aligned to 64. */
    void (*gemm_f32)(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                     float *scratch);

    /* Pack a row-major matrix b[k][columns] whose row i starts at b + i * row_stride and column j lies j *
     * column_stride further, into panels (not GLU order). Used at run time for attention's K and V. */
    void (*pack_f32)(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                     float *packed);

    /* The same on bfloat16, where the CPU has instructions for it: `bf16_rows` is above 0 then. Other levels have NULL
     * here, except the scalar one, which is the specification. A stays float32 in memory. A and B are rounded to
     * bfloat16, to the nearest, ties to even; denormal numbers count as 0. Their products are exact in float32 and are
     * added up in float32, where each sum is rounded to one of its two neighbours. What follows the sums is as in
     * gemm_f32.
     *   bf16_rows          as gemm_rows, but tiles do cross groups
     *   gemm_bf16_scratch  floats of scratch, which holds the rounded rows of A
     *   pack_bf16          as pack_f32, into panels of bfloat16, in the order that this gemm_bf16 reads */
    int bf16_rows;
    size_t (*gemm_bf16_scratch)(size_t rows, size_t k);
    void (*gemm_bf16)(const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
                      float *scratch);
    void (*pack_bf16)(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
                      uint16_t *packed);

    /* One step of an online softmax over a block of scores s[rows][row_stride], of which `columns` count. For each row:
     *     new_max = max(max[r], the largest scale * s[r][j])
     *     s[r][j] becomes exp(scale * s[r][j] - new_max)
     *     correction[r] = exp(max[r] - new_max), which is 0 when max[r] was -inf
     *     sum[r] becomes sum[r] * correction[r] + the sum of the new s[r][j]
     *     max[r] becomes new_max
     * The first block starts with max = -inf and sum = 0. Scores are finite. */
    void (*softmax_f32)(float *s, ptrdiff_t row_stride, size_t rows, size_t columns, float scale, float *max,
                        float *sum, float *correction);

    /* x[r][j] *= factor[r] for j < columns */
    void (*scale_rows_f32)(float *x, ptrdiff_t row_stride, size_t rows, size_t columns, const float *factor);

    /* sum[i] += x[i]; square_sum[i] += x[i] * x[i], in double. Statistics of norms are gathered down the rows. */
    void (*moments_f32)(const float *x, size_t n, double *sum, double *square_sum);

    /* What the columns of x[rows][n] have to do with one another, in double. For i in [begin, end) and j < n:
     *     gram[i * n + j] = sum over rows of x[r][i] * x[r][j];  sum[i] = sum over rows of x[r][i] */
    void (*gram_f32)(const float *x, ptrdiff_t row_stride, size_t rows, size_t n, size_t begin, size_t end,
                     double *gram, double *sum);

    /* y[i] = activation(x[i] * scale[i] + shift[i]); y may be x; NONE, RELU or GELU. */
    void (*affine_f32)(const float *x, const float *scale, const float *shift, size_t n, dmx_activation activation,
                       float *y);

    /* GLU after a norm. Rows of x hold `channels` values, then `channels` gates; scale and shift likewise, one row for
     * each row of x:
     *     y[r][c] = v * sigmoid(g),  v = x[r][c] * scale[r][c] + shift[r][c], g alike */
    void (*affine_glu_f32)(const float *x, const float *scale, const float *shift, size_t rows, size_t channels,
                           float *y);

    /* y[i] = a[i] + b[i]; y may be either. */
    void (*add_f32)(const float *a, const float *b, size_t n, float *y);

    /* Each row to mean 0 and variance 1 (biased, plus eps), then times gamma plus beta; y may be x. Statistics in two
     * passes over the row. */
    void (*layer_norm_f32)(const float *x, const float *gamma, const float *beta, size_t rows, size_t channels,
                           float eps, float *y);

    /* The transforms of a Winograd convolution, for one tile (cpu/winograd.h). Positions are 4 * step + bin.
     *     v[p * position_stride + i] = (B^T d B)[p], where d[p][i] are the tile's inputs of channel i < n */
    void (*winograd_input_f32)(const float *const d[16], size_t n, float *v, size_t position_stride);

    /* The outputs of a tile, o = 2 * step + bin, from the sums of its 16 products:
     *     y = A^T m A, where m[p * position_stride + column] are sums in the packed order of a GEMM with GLU
     *     c[o][j] = GLU(y[o] + bias)
     * `panels` panels of columns are there. `outputs` is how many outputs there are from the first one on: more than
     * these panels give, where other panels follow. A c[o] that is NULL is left out. */
    void (*winograd_output_glu_f32)(const float *m, size_t position_stride, size_t panels, const float *bias,
                                    size_t outputs, float *const c[4]);

    /* What follows the gates of one step of an LSTM. A row of `gates` holds, for each DMX_PANEL units in turn, that
     * many input gates, forget gates, cell gates and output gates; the last block is a whole one too, whatever the
     * number of units is.
     *     c[r][u] becomes sigmoid(forget) * c[r][u] + sigmoid(input) * tanh(cell)
     *     h[r][u] = sigmoid(output) * tanh(c[r][u]) */
    void (*lstm_gates_f32)(const float *gates, ptrdiff_t gates_row_stride, size_t rows, size_t units, float *c,
                           ptrdiff_t c_row_stride, float *h, ptrdiff_t h_row_stride);

    /* The phases of n complex numbers: unit[i] = z[i] / (|z[i]| + floor), and 1 where that divides by 0. Computed in
     * double, or the squares of small numbers would vanish; the levels agree to the bit. `unit` may be z. */
    void (*phase_f32)(const float *z, size_t n, double floor, float *unit);

    /* One iteration of a multichannel Wiener filter (dsp/wiener.h) on a block; the levels agree to the bit. */
    void (*wiener_f32)(const dmx_wiener_block *block);

    /* Run one pass from (xr, xi) to (yr, yi), each [radix * columns * stride]; the four do not overlap. */
    void (*fft_pass_f32)(const dmx_fft_pass *pass, const float *xr, const float *xi, float *yr, float *yi);

    /* Widen IEEE half precision. `x` is little endian and need not be aligned. */
    void (*f16_to_f32)(const void *x, size_t n, float *y);
} dmx_kernels;

/* The kernels of the level given, or of the next lower one that is built in. The result is static and read-only. */
const dmx_kernels *dmx_kernels_get(dmx_cpu_level level);

#endif
