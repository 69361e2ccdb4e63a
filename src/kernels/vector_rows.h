/* vector_rows.h - kernels that work row by row: softmax, scaling of rows, layer norm.
 * Template. Parameters: those of a simd_*.h. */
#ifndef DMX_KERNELS_VECTOR_ROWS_H
#define DMX_KERNELS_VECTOR_ROWS_H

#include "kernels/vector_math.h"

/* The largest of scale * s[j] and `start`. Four running maxima, since each has to wait for the one before it. */
static ALWAYS_INLINE float scaled_max(const float *s, size_t columns, float scale, float start)
{
    const vf factor = v_set1(scale);
    vf largest[4] = {v_set1(start), v_set1(start), v_set1(start), v_set1(start)};
    size_t j = 0;
    for (; j + 4 * LANES <= columns; j += 4 * LANES)
        UNROLL for (size_t i = 0; i < 4; i++) largest[i] = v_max(largest[i], factor * v_load(s + j + i * LANES));
    for (; j + LANES <= columns; j += LANES) largest[0] = v_max(largest[0], factor * v_load(s + j));
    if (j < columns)
        largest[1] = v_max(largest[1], v_keep(factor * v_load_part(s + j, columns - j), columns - j, start));
    return v_max_lane(v_max(v_max(largest[0], largest[1]), v_max(largest[2], largest[3])));
}

/* s[j] = exp(scale * s[j] - max); returns their sum. */
static ALWAYS_INLINE float exp_and_sum(float *s, size_t columns, float scale, float max)
{
    const vf factor = v_set1(scale), shift = v_set1(-max);
    vf sum[2] = {v_set1(0.0f), v_set1(0.0f)};
    size_t j = 0;
    for (; j + 2 * LANES <= columns; j += 2 * LANES) UNROLL for (size_t i = 0; i < 2; i++)
        {
            vf y = v_exp(v_fma(factor, v_load(s + j + i * LANES), shift));
            v_store(s + j + i * LANES, y);
            sum[i] = sum[i] + y;
        }
    for (; j < columns; j += LANES) {
        const size_t left = columns - j;
        vf y = v_exp(v_fma(factor, v_load_upto(s + j, left), shift));
        v_store_upto(s + j, y, left);
        sum[0] = sum[0] + v_keep(y, left, 0.0f);
    }
    return v_sum_lanes(sum[0] + sum[1]);
}

/* As many rows at a time as a vector has lanes, so that their corrections are one exp, and no row waits for the exp of
 * its own. */
static void LEVEL(softmax_f32)(float *s, ptrdiff_t row_stride, size_t rows, size_t columns, float scale, float *max,
                               float *sum, float *correction)
{
    if (columns == 0) return;
    for (size_t r = 0; r < rows; r += LANES) {
        const size_t count = rows - r < LANES ? rows - r : LANES;
        const vf old_max = v_load_upto(max + r, count);
        float *row = s + (ptrdiff_t)r * row_stride;
        for (size_t i = 0; i < count; i++)
            max[r + i] = scaled_max(row + (ptrdiff_t)i * row_stride, columns, scale, max[r + i]);
        const vf factor = v_exp(old_max - v_load_upto(max + r, count)); /* exp(-inf) is 0 */
        v_store_upto(correction + r, factor, count);
        v_store_upto(sum + r, v_load_upto(sum + r, count) * factor, count);
        for (size_t i = 0; i < count; i++)
            sum[r + i] += exp_and_sum(row + (ptrdiff_t)i * row_stride, columns, scale, max[r + i]);
    }
}

static void LEVEL(scale_rows_f32)(float *x, ptrdiff_t row_stride, size_t rows, size_t columns, const float *factor)
{
    for (size_t r = 0; r < rows; r++, x += row_stride) {
        const vf f = v_set1(factor[r]);
        for (size_t j = 0; j < columns; j += LANES)
            v_store_upto(x + j, f * v_load_upto(x + j, columns - j), columns - j);
    }
}

static float row_mean(const float *x, size_t channels)
{
    vf sum = v_set1(0.0f);
    for (size_t c = 0; c < channels; c += LANES) sum = sum + v_load_upto(x + c, channels - c);
    return v_sum_lanes(sum) / (float)channels;
}

/* The mean of (x - mean)^2. */
static float row_variance(const float *x, size_t channels, float mean)
{
    vf sum = v_set1(0.0f);
    for (size_t c = 0; c < channels; c += LANES) {
        vf d = v_keep(v_load_upto(x + c, channels - c) - v_set1(mean), channels - c, 0.0f);
        sum = v_fma(d, d, sum);
    }
    return v_sum_lanes(sum) / (float)channels;
}

static void LEVEL(layer_norm_f32)(const float *x, const float *gamma, const float *beta, size_t rows, size_t channels,
                                  float eps, float *y)
{
    for (size_t r = 0; r < rows; r++, x += channels, y += channels) {
        const float mean = row_mean(x, channels);
        const float inverse = 1.0f / sqrtf(row_variance(x, channels, mean) + eps);
        for (size_t c = 0; c < channels; c += LANES) {
            size_t left = channels - c;
            vf d = (v_load_upto(x + c, left) - v_set1(mean)) * v_set1(inverse);
            v_store_upto(y + c, v_fma(d, v_load_upto(gamma + c, left), v_load_upto(beta + c, left)), left);
        }
    }
}

#endif
