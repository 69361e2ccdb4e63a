/* wiener.c - see wiener.h. One bin of one window is done at a time, in double, in scratch memory.
 *
 * With 2 channels a covariance matrix is Hermitian: two real numbers on the diagonal and one complex one beside it. A
 * single channel is treated as two of which the second is silent, which changes nothing: its row and column of every
 * matrix are zero but for the regularisation.
 *
 * Silence: where the mix is exactly 0, the official atan2 writes 1 + 0j into it, so that there is a phase. That value
 * stays, in the residual and in the filter, and is copied here. With negative iterations the official code divides by
 * |z| + 1e-8 instead, and silence gives silence. */
#include "dsp/wiener.h"

#include <assert.h>
#include <math.h>

#define EPSILON        1e-10
#define REGULARISATION 1e-5 /* its square root */

typedef struct complex2 {
    double re[2], im[2]; /* of each channel */
} complex2;

typedef struct covariance {
    double a, d;   /* diagonal */
    double re, im; /* upper right; the lower left is its conjugate */
} covariance;

/* What lies in the scratch memory of one bin. */
typedef struct bin_state {
    size_t steps, estimates; /* estimates: sources, and the residual where there is one */
    complex2 *mix;           /* [steps] */
    complex2 *y;             /* [steps][estimates] */
    covariance *spread;      /* [estimates] */
} bin_state;

size_t dmx_wiener_windows(size_t steps) { return (steps + DMX_WIENER_WINDOW_STEPS - 1) / DMX_WIENER_WINDOW_STEPS; }

static size_t window_steps(const dmx_wiener *wiener, size_t window)
{
    size_t left = wiener->steps - window * DMX_WIENER_WINDOW_STEPS;
    return left < DMX_WIENER_WINDOW_STEPS ? left : DMX_WIENER_WINDOW_STEPS;
}

double dmx_wiener_scale(const dmx_wiener *wiener, size_t window)
{
    const double scale_factor = 10;
    double largest = 0; /* square of the magnitude */
    size_t first = window * DMX_WIENER_WINDOW_STEPS, numbers = wiener->bins * (size_t)wiener->channels;
    for (size_t t = first; t < first + window_steps(wiener, window); t++) {
        const float *mix = wiener->mix + t * wiener->mix_step_stride;
        for (size_t i = 0; i < numbers; i++) {
            double re = mix[2 * i], im = mix[2 * i + 1], square = re * re + im * im;
            if (square > largest) largest = square;
        }
    }
    double scale = sqrt(largest) / scale_factor;
    return scale > 1 ? scale : 1;
}

static size_t estimates(const dmx_wiener *wiener) { return (size_t)wiener->sources + (wiener->residual ? 1 : 0); }

size_t dmx_wiener_scratch(const dmx_wiener *wiener)
{
    size_t steps = wiener->steps < DMX_WIENER_WINDOW_STEPS ? wiener->steps : DMX_WIENER_WINDOW_STEPS;
    return (steps * (1 + estimates(wiener)) * sizeof(complex2) + estimates(wiener) * sizeof(covariance)) /
           sizeof(double);
}

static bin_state cut_scratch(const dmx_wiener *wiener, size_t steps, double *scratch)
{
    bin_state bin = {.steps = steps, .estimates = estimates(wiener)};
    bin.mix = (complex2 *)(void *)scratch;
    bin.y = bin.mix + steps;
    bin.spread = (covariance *)(void *)(bin.y + steps * bin.estimates);
    return bin;
}

/* What to multiply a magnitude by to get the first estimate, from one number of the mix, which may be changed. */
static void phase_factor(const dmx_wiener *wiener, double magnitude_sum, double *mix_re, double *mix_im, double *re,
                         double *im)
{
    double divisor;
    if (wiener->iterations < 0) {
        divisor = sqrt(*mix_re * *mix_re + *mix_im * *mix_im) + 1e-8;
    } else if (wiener->softmask) {
        divisor = EPSILON + magnitude_sum;
    } else {
        if (*mix_re == 0 && *mix_im == 0) *mix_re = 1;
        divisor = sqrt(*mix_re * *mix_re + *mix_im * *mix_im);
    }
    *re = *mix_re / divisor;
    *im = *mix_im / divisor;
}

static double magnitude_sum(const float *magnitude, size_t sources, size_t channels)
{
    double sum = 0;
    for (size_t s = 0; s < sources; s++) sum += (double)magnitude[s * channels];
    return sum;
}

/* First estimates when no iterations follow: straight to the output, any number of channels. */
static void write_first_estimates(const dmx_wiener *wiener, size_t step, size_t b)
{
    size_t channels = (size_t)wiener->channels, sources = (size_t)wiener->sources;
    const float *mix = wiener->mix + step * wiener->mix_step_stride + b * channels * 2;
    const float *magnitude = wiener->magnitude + step * wiener->magnitude_step_stride + b * sources * channels;
    float *out = wiener->out + step * wiener->out_step_stride + b * sources * channels * 2;
    for (size_t c = 0; c < channels; c++) {
        double mix_re = (double)mix[2 * c], mix_im = (double)mix[2 * c + 1], re, im;
        phase_factor(wiener, magnitude_sum(magnitude + c, sources, channels), &mix_re, &mix_im, &re, &im);
        for (size_t s = 0; s < sources; s++) {
            double m = (double)magnitude[s * channels + c];
            out[2 * (s * channels + c)] = (float)(m * re);
            out[2 * (s * channels + c) + 1] = (float)(m * im);
        }
    }
}

/* The same into the scratch memory, scaled down, with the residual. */
static void load_bin(const dmx_wiener *wiener, size_t first_step, size_t b, double scale, bin_state *bin)
{
    size_t channels = (size_t)wiener->channels, sources = (size_t)wiener->sources;
    for (size_t t = 0; t < bin->steps; t++) {
        const float *mix = wiener->mix + (first_step + t) * wiener->mix_step_stride + b * channels * 2;
        const float *magnitude =
            wiener->magnitude + (first_step + t) * wiener->magnitude_step_stride + b * sources * channels;
        complex2 *x = &bin->mix[t], *y = &bin->y[t * bin->estimates];
        *x = (complex2){0};
        for (size_t s = 0; s < bin->estimates; s++) y[s] = (complex2){0};
        for (size_t c = 0; c < channels; c++) {
            double mix_re = (double)mix[2 * c], mix_im = (double)mix[2 * c + 1], re, im, sum_re = 0, sum_im = 0;
            phase_factor(wiener, magnitude_sum(magnitude + c, sources, channels), &mix_re, &mix_im, &re, &im);
            for (size_t s = 0; s < sources; s++) {
                double m = (double)magnitude[s * channels + c] / scale;
                y[s].re[c] = m * re, sum_re += m * re;
                y[s].im[c] = m * im, sum_im += m * im;
            }
            x->re[c] = mix_re / scale, x->im[c] = mix_im / scale;
            if (wiener->residual) y[sources].re[c] = x->re[c] - sum_re, y[sources].im[c] = x->im[c] - sum_im;
        }
    }
}

static double power(const complex2 *y, int channels)
{
    return (y->re[0] * y->re[0] + y->im[0] * y->im[0] + y->re[1] * y->re[1] + y->im[1] * y->im[1]) / channels;
}

/* How each estimate is spread over the channels: the sum of y y^H over time, divided by its power. */
static void estimate_spread(const bin_state *bin, int channels)
{
    for (size_t j = 0; j < bin->estimates; j++) {
        covariance sum = {0};
        for (size_t t = 0; t < bin->steps; t++) {
            const complex2 *y = &bin->y[t * bin->estimates + j];
            sum.a += y->re[0] * y->re[0] + y->im[0] * y->im[0];
            sum.d += y->re[1] * y->re[1] + y->im[1] * y->im[1];
            sum.re += y->re[0] * y->re[1] + y->im[0] * y->im[1];
            sum.im += y->im[0] * y->re[1] - y->re[0] * y->im[1];
        }
        double weight = EPSILON + (sum.a + sum.d) / channels;
        bin->spread[j] = (covariance){sum.a / weight, sum.d / weight, sum.re / weight, sum.im / weight};
    }
}

/* m x */
static complex2 multiply(const covariance *m, const complex2 *x)
{
    return (complex2){
        .re = {m->a * x->re[0] + (m->re * x->re[1] - m->im * x->im[1]),
               m->d * x->re[1] + (m->re * x->re[0] + m->im * x->im[0])},
        .im = {m->a * x->im[0] + (m->re * x->im[1] + m->im * x->re[1]),
               m->d * x->im[1] + (m->re * x->im[0] - m->im * x->re[0])},
    };
}

/* Share the mix at one step out: y_j = v_j R_j (sum of all v R + regularisation)^-1 x. */
static void filter_step(const bin_state *bin, size_t t, int channels)
{
    complex2 *y = &bin->y[t * bin->estimates];
    covariance all = {.a = REGULARISATION, .d = REGULARISATION};
    for (size_t j = 0; j < bin->estimates; j++) {
        double v = power(&y[j], channels);
        const covariance *spread = &bin->spread[j];
        all.a += v * spread->a, all.d += v * spread->d;
        all.re += v * spread->re, all.im += v * spread->im;
    }
    double determinant = all.a * all.d - (all.re * all.re + all.im * all.im);
    covariance inverse = {all.d / determinant, all.a / determinant, -all.re / determinant, -all.im / determinant};
    complex2 whitened = multiply(&inverse, &bin->mix[t]);
    for (size_t j = 0; j < bin->estimates; j++) {
        double v = power(&y[j], channels);
        complex2 share = multiply(&bin->spread[j], &whitened);
        for (int c = 0; c < 2; c++) y[j].re[c] = v * share.re[c], y[j].im[c] = v * share.im[c];
    }
}

static void store_bin(const dmx_wiener *wiener, size_t first_step, size_t b, double scale, const bin_state *bin)
{
    size_t channels = (size_t)wiener->channels, sources = (size_t)wiener->sources;
    for (size_t t = 0; t < bin->steps; t++) {
        float *out = wiener->out + (first_step + t) * wiener->out_step_stride + b * sources * channels * 2;
        for (size_t s = 0; s < sources; s++) {
            const complex2 *y = &bin->y[t * bin->estimates + s];
            for (size_t c = 0; c < channels; c++, out += 2) {
                out[0] = (float)(y->re[c] * scale);
                out[1] = (float)(y->im[c] * scale);
            }
        }
    }
}

void dmx_wiener_run(const dmx_wiener *wiener, size_t window, double scale, size_t first_bin, size_t bins,
                    double *scratch)
{
    assert(wiener->iterations <= 0 || wiener->channels <= 2);
    size_t first_step = window * DMX_WIENER_WINDOW_STEPS, steps = window_steps(wiener, window);
    if (wiener->iterations <= 0) {
        for (size_t t = 0; t < steps; t++)
            for (size_t b = first_bin; b < first_bin + bins; b++) write_first_estimates(wiener, first_step + t, b);
        return;
    }
    bin_state bin = cut_scratch(wiener, steps, scratch);
    for (size_t b = first_bin; b < first_bin + bins; b++) {
        load_bin(wiener, first_step, b, scale, &bin);
        for (int i = 0; i < wiener->iterations; i++) {
            estimate_spread(&bin, wiener->channels);
            for (size_t t = 0; t < steps; t++) filter_step(&bin, t, wiener->channels);
        }
        store_bin(wiener, first_step, b, scale, &bin);
    }
}
