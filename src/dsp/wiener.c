/* wiener.c - see wiener.h.
 *
 * The filter itself is a kernel (wiener_f32 in kernels/kernels.h) on a block of some bins of one window, which lie side
 * by side so that a vector holds the same number of several bins. Here the block is filled and read out:
 *
 *     mix        [steps][bins][channels][2]            block: [steps][4][8 bins]
 *     magnitude  [steps][bins][sources][channels]  ->         [steps][estimates][4][8 bins]  ->  out
 *
 * In the block lie floats, as the official code has everywhere; what needs more is computed in double by the kernels.
 * One and two iterations on 336 x 2048 bins, four sources and the residual, take 16 and 21 ms on a thread with AVX-512
 * (21 and 30 with AVX2), 6 of them for reading and writing the arrays.
 *
 * A single channel is treated as two of which the second is silent, which changes nothing: its row and column of every
 * matrix are zero but for the regularisation.
 *
 * Silence: where the mix is exactly 0, the official atan2 writes 1 + 0j into it, so that there is a phase. That value
 * stays, in the residual and in the filter, and is copied here. With negative iterations the official code divides by
 * |z| + 1e-8 instead, and silence gives silence. */
#include "dsp/wiener.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    BINS = DMX_WIENER_BINS,
    MAX_CHANNELS = 2, /* of what is filtered */
    AHEAD = 4, /* steps: a step's bins lie on other pages than the last one's, so nobody else fetches them early */
    PIECE = 64 /* complex numbers whose phases are computed at once: any number of channels in a bin fits */
};

size_t dmx_wiener_windows(size_t steps) { return (steps + DMX_WIENER_WINDOW_STEPS - 1) / DMX_WIENER_WINDOW_STEPS; }

static size_t window_steps(const dmx_wiener *wiener, size_t window)
{
    size_t left = wiener->steps - window * DMX_WIENER_WINDOW_STEPS;
    return left < DMX_WIENER_WINDOW_STEPS ? left : DMX_WIENER_WINDOW_STEPS;
}

static double square(const float *z)
{
    const double re = z[0], im = z[1];
    return re * re + im * im;
}

double dmx_wiener_scale(const dmx_wiener *wiener, size_t window)
{
    enum { LANES = 8 }; /* maxima side by side do not wait for one another */
    const double scale_factor = 10;
    double largest[LANES] = {0}, most = 0; /* squares of magnitudes */
    const size_t first = window * DMX_WIENER_WINDOW_STEPS, numbers = wiener->bins * (size_t)wiener->channels;
    for (size_t t = first; t < first + window_steps(wiener, window); t++) {
        const float *mix = wiener->mix + t * wiener->mix_step_stride;
        size_t i = 0;
        for (; i + LANES <= numbers; i += LANES)
            for (size_t lane = 0; lane < LANES; lane++) {
                const double one = square(mix + 2 * (i + lane));
                largest[lane] = one > largest[lane] ? one : largest[lane];
            }
        for (; i < numbers; i++) most = square(mix + 2 * i) > most ? square(mix + 2 * i) : most;
    }
    for (size_t lane = 0; lane < LANES; lane++) most = largest[lane] > most ? largest[lane] : most;
    const double scale = sqrt(most) / scale_factor;
    return scale > 1 ? scale : 1;
}

static size_t estimates(const dmx_wiener *wiener) { return (size_t)wiener->sources + (wiener->residual ? 1 : 0); }

/* The arrays in the scratch memory: one block of bins on its way through the filter. */
typedef struct block {
    dmx_wiener_block filter;
    float *mix;        /* its mix, to write to */
    float *natural;    /* [BINS][estimates][channels][2]: one step of y as it lies in the output */
    size_t first_step; /* of the window */
    size_t bin, bins;  /* from where, and how many of BINS count */
} block;

static block cut_scratch(const dmx_wiener *wiener, size_t first_step, size_t steps, double *scratch)
{
    const size_t n = estimates(wiener);
    block b = {.filter = {.steps = steps, .estimates = n, .per_channel = 1.0 / wiener->channels, .spread = scratch}};
    b.first_step = first_step;
    b.natural = (float *)(void *)(scratch + n * 5 * BINS);
    b.filter.mix = b.mix = b.natural + n * 4 * BINS;
    b.filter.y = b.mix + steps * 4 * BINS;
    return b;
}

size_t dmx_wiener_scratch(const dmx_wiener *wiener)
{
    const size_t steps = wiener->steps < DMX_WIENER_WINDOW_STEPS ? wiener->steps : DMX_WIENER_WINDOW_STEPS;
    const size_t n = estimates(wiener);
    return n * 5 * BINS + (n + steps * (1 + n)) * 4 * BINS / 2; /* two floats are a double */
}

/* The phases of `count` numbers of the mix, unit[count][2]: a magnitude times its phase is a first estimate. */
static void phases(const dmx_wiener *wiener, const float *mix, const float *magnitude, size_t count, float *unit)
{
    const size_t sources = (size_t)wiener->sources, channels = (size_t)wiener->channels;
    if (wiener->iterations < 0 || !wiener->softmask) {
        wiener->kernels->phase_f32(mix, count, wiener->iterations < 0 ? 1e-8 : 0, unit);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        double sum = DMX_WIENER_EPSILON;
        for (size_t s = 0; s < sources; s++)
            sum += (double)magnitude[(i / channels * sources + s) * channels + i % channels];
        unit[2 * i] = (float)((double)mix[2 * i] / sum);
        unit[2 * i + 1] = (float)((double)mix[2 * i + 1] / sum);
    }
}

/* ---- first estimates alone ---- */

/* A bin's estimates, out[sources][channels][2] = magnitude[sources][channels] * unit[channels][2]. */
static inline void apply_phase(const float *restrict unit, const float *restrict magnitude, size_t sources,
                               size_t channels, float *restrict out)
{
    for (size_t s = 0; s < sources; s++, magnitude += channels, out += 2 * channels)
        for (size_t c = 0; c < channels; c++) {
            out[2 * c] = magnitude[c] * unit[2 * c];
            out[2 * c + 1] = magnitude[c] * unit[2 * c + 1];
        }
}

/* The same for some bins. Two channels are the usual case, so a loop for just two is compiled. */
static void apply_phases(const float *unit, const float *magnitude, size_t bins, size_t sources, size_t channels,
                         float *out)
{
    for (size_t b = 0; b < bins; b++) {
        const float *u = unit + b * 2 * channels, *m = magnitude + b * sources * channels;
        if (channels == 2)
            apply_phase(u, m, sources, 2, out + b * sources * 4);
        else
            apply_phase(u, m, sources, channels, out + b * sources * channels * 2);
    }
}

/* Write the first estimates of some bins of one step, for any number of channels. */
static void write_first_estimates(const dmx_wiener *wiener, size_t step, size_t first_bin, size_t bins)
{
    const size_t channels = (size_t)wiener->channels, sources = (size_t)wiener->sources, most = PIECE / channels;
    const float *mix = wiener->mix + step * wiener->mix_step_stride;
    const float *magnitude = wiener->magnitude + step * wiener->magnitude_step_stride;
    float *out = wiener->out + step * wiener->out_step_stride, unit[2 * PIECE] = {0};
    for (size_t b = first_bin, count; b < first_bin + bins; b += count) {
        const size_t left = first_bin + bins - b, place = b * sources * channels;
        count = left < most ? left : most;
        phases(wiener, mix + b * channels * 2, magnitude + place, count * channels, unit);
        apply_phases(unit, magnitude + place, count, sources, channels, out + 2 * place);
    }
}

/* ---- blocks ---- */

/* Write the residual, which is the mix minus all sources, behind the estimates of a bin. */
static inline void append_residual(const float *mix, size_t sources, size_t numbers, float *natural)
{
    float sum[2 * MAX_CHANNELS] = {0};
    for (size_t s = 0; s < sources; s++, natural += numbers)
        for (size_t i = 0; i < numbers; i++) sum[i] += natural[i];
    for (size_t i = 0; i < numbers; i++) natural[i] = mix[i] - sum[i];
}

/* Transpose: number i of each bin, natural[BINS][numbers], goes into row i of the block. A single channel leaves out
 * two rows of four. */
static inline void to_rows(const float *restrict natural, size_t numbers, size_t channels, float *restrict rows)
{
    for (size_t i = 0; i < numbers; i++) {
        float *row = rows + (channels == 2 ? i : i / 2 * 4 + i % 2) * BINS;
        for (size_t b = 0; b < BINS; b++) row[b] = natural[b * numbers + i];
    }
}

/* Fill one step of the block. `mix` and `magnitude` point at the first of its bins. */
static inline void load_step(const dmx_wiener *wiener, const block *k, const float *mix, const float *magnitude,
                             float scale, size_t channels, float *mix_rows, float *rows)
{
    const size_t sources = (size_t)wiener->sources, n = k->filter.estimates, numbers = 2 * channels;
    float x[2 * MAX_CHANNELS * BINS] = {0}, unit[2 * MAX_CHANNELS * BINS];
    phases(wiener, mix, magnitude, k->bins * channels, unit);
    for (size_t i = 0; i < k->bins * numbers; i++) x[i] = mix[i] * scale;
    for (size_t i = 0; i < k->bins * numbers; i++) unit[i] *= scale;
    for (size_t i = 0; i < k->bins * numbers && !wiener->softmask; i += 2)
        if (mix[i] == 0 && mix[i + 1] == 0) x[i] = scale;
    for (size_t b = 0; b < k->bins; b++) {
        float *natural = k->natural + b * n * numbers;
        apply_phase(unit + b * numbers, magnitude + b * sources * channels, sources, channels, natural);
        if (wiener->residual) append_residual(x + b * numbers, sources, numbers, natural);
    }
    to_rows(x, numbers, channels, mix_rows);
    to_rows(k->natural, n * numbers, channels, rows);
}

/* Silence where the block has rows or bins that nobody fills. */
static void clear_unused(const dmx_wiener *wiener, const block *k)
{
    const size_t n = k->filter.estimates, floats = (n + k->filter.steps * (1 + n)) * 4 * BINS;
    if (wiener->channels < 2 || k->bins < BINS) memset(k->natural, 0, floats * sizeof *k->natural);
}

/* Into the cache, soon. */
static void prefetch(const float *row, size_t floats)
{
    for (size_t i = 0; i < floats; i += 16) __builtin_prefetch(row + i);
}

static void load_block(const dmx_wiener *wiener, const block *k, double scale)
{
    const size_t channels = (size_t)wiener->channels, sources = (size_t)wiener->sources;
    const size_t rows = k->filter.estimates * 4 * BINS;
    const float inverse = (float)(1 / scale);
    clear_unused(wiener, k);
    for (size_t t = 0; t < k->filter.steps; t++) {
        const float *mix = wiener->mix + (k->first_step + t) * wiener->mix_step_stride + k->bin * channels * 2;
        const float *magnitude =
            wiener->magnitude + (k->first_step + t) * wiener->magnitude_step_stride + k->bin * sources * channels;
        if (t + AHEAD < k->filter.steps) {
            prefetch(mix + AHEAD * wiener->mix_step_stride, k->bins * channels * 2);
            prefetch(magnitude + AHEAD * wiener->magnitude_step_stride, k->bins * sources * channels);
        }
        if (channels == 2)
            load_step(wiener, k, mix, magnitude, inverse, 2, k->mix + t * 4 * BINS, k->filter.y + t * rows);
        else
            load_step(wiener, k, mix, magnitude, inverse, 1, k->mix + t * 4 * BINS, k->filter.y + t * rows);
    }
}

/* out[bins][sources][channels][2] = the rows of a step * scale */
static inline void store_step(const float *restrict rows, size_t bins, size_t sources, size_t channels, float scale,
                              float *restrict out)
{
    for (size_t b = 0; b < bins; b++)
        for (size_t s = 0; s < sources; s++, out += 2 * channels)
            for (size_t i = 0; i < 2 * channels; i++) out[i] = rows[(s * 4 + i) * BINS + b] * scale;
}

static void store_block(const dmx_wiener *wiener, const block *k, double scale)
{
    const size_t channels = (size_t)wiener->channels, sources = (size_t)wiener->sources;
    for (size_t t = 0; t < k->filter.steps; t++) {
        const float *rows = k->filter.y + t * k->filter.estimates * 4 * BINS;
        float *out = wiener->out + (k->first_step + t) * wiener->out_step_stride + k->bin * sources * channels * 2;
        if (t + AHEAD < k->filter.steps)
            prefetch(out + AHEAD * wiener->out_step_stride, k->bins * sources * channels * 2);
        if (channels == 2)
            store_step(rows, k->bins, sources, 2, (float)scale, out);
        else
            store_step(rows, k->bins, sources, 1, (float)scale, out);
    }
}

void dmx_wiener_run(const dmx_wiener *wiener, size_t window, double scale, size_t first_bin, size_t bins,
                    double *scratch)
{
    assert(wiener->iterations <= 0 || wiener->channels <= MAX_CHANNELS);
    const size_t first_step = window * DMX_WIENER_WINDOW_STEPS, steps = window_steps(wiener, window);
    const size_t end = first_bin + bins;
    if (wiener->iterations <= 0) {
        for (size_t t = 0; t < steps; t++) write_first_estimates(wiener, first_step + t, first_bin, bins);
        return;
    }
    block k = cut_scratch(wiener, first_step, steps, scratch);
    for (k.bin = first_bin; k.bin < end; k.bin += k.bins) {
        k.bins = end - k.bin < BINS ? end - k.bin : BINS;
        load_block(wiener, &k, scale);
        for (int i = 0; i < wiener->iterations; i++) wiener->kernels->wiener_f32(&k.filter);
        store_block(wiener, &k, scale);
    }
}
