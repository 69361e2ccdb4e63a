/* resample_kernel.c - see resample_kernel.h.
 *
 * julius computes the filters in float32. Here they are computed in double and rounded once, which brings the result
 * nearer to a float64 run of julius than its float32 run is. julius' filters also cover the whole block, most of it
 * with weights of 1e-17 where the window has ended; here they cover the window only. */
#include "dsp/resample_kernel.h"

#include "base/alloc.h"

#include <assert.h>
#include <math.h>

#define ZEROS           24    /* zero crossings of the sinc on each side */
#define ROLLOFF         0.945 /* the cut-off, as a share of half the lower rate */
#define MAX_RATE_HZ     768000
#define MAX_RATIO       1000
#define MAX_TABLE_BYTES ((size_t)32 << 20)

static int64_t greatest_common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The cut-off frequency, in units in which the input rate is `from`. Half the length of the window, in input samples,
 * follows from it. */
static double cutoff(const dmx_resample_kernel *kernel)
{
    return ROLLOFF * (double)(kernel->from < kernel->to ? kernel->from : kernel->to);
}

static double half_window(const dmx_resample_kernel *kernel) { return ZEROS * (double)kernel->from / cutoff(kernel); }

int64_t dmx_resample_first(const dmx_resample_kernel *kernel, int64_t phase)
{
    double centre = (double)(phase * kernel->from) / (double)kernel->to;
    return (int64_t)ceil(centre - half_window(kernel));
}

/* A point on the unit circle that moves on by a constant angle: cheaper than a sine for each tap, and good to 1e-11
 * after the 50,000 taps of the longest filter. */
typedef struct rotor {
    double cosine, sine, step_cosine, step_sine;
} rotor;

static rotor rotor_start(double angle, double step) { return (rotor){cos(angle), sin(angle), cos(step), sin(step)}; }

static void rotor_advance(rotor *r)
{
    double cosine = r->cosine * r->step_cosine - r->sine * r->step_sine;
    r->sine = r->sine * r->step_cosine + r->cosine * r->step_sine;
    r->cosine = cosine;
}

/* One sweep over the taps of a phase: sinc under a cos^2 window. Returns their sum, and writes them, times `scale`,
 * unless `filter` is NULL. */
static double sweep(const dmx_resample_kernel *kernel, int64_t phase, double scale, float *filter)
{
    const double pi = 3.14159265358979323846;
    double unit = cutoff(kernel) / ((double)kernel->from * (double)kernel->to), sum = 0;
    int64_t place = dmx_resample_first(kernel, phase) * kernel->to - phase * kernel->from; /* t = place * unit */
    double first = pi * (double)place * unit, step = pi * (double)kernel->to * unit;
    rotor sinc = rotor_start(first, step), window = rotor_start(first / (2 * ZEROS), step / (2 * ZEROS));
    for (size_t k = 0; k < kernel->taps; k++, place += kernel->to) {
        double t = (double)place * unit, weight = 0;
        if (place == 0)
            weight = 1;
        else if (fabs(t) < ZEROS)
            weight = sinc.sine / (pi * t) * window.cosine * window.cosine;
        sum += weight;
        if (filter) filter[k] = (float)(weight * scale);
        rotor_advance(&sinc);
        rotor_advance(&window);
    }
    return sum;
}

/* The filter of a phase, scaled so that it leaves a constant signal as it is. */
static void compute_filter(const dmx_resample_kernel *kernel, int64_t phase, float *filter)
{
    double sum = sweep(kernel, phase, 1, NULL);
    sweep(kernel, phase, 1 / sum, filter);
}

const float *dmx_resample_filter(const dmx_resample_kernel *kernel, int64_t phase, float *scratch)
{
    if (kernel->table) return kernel->table + (size_t)phase * kernel->taps;
    compute_filter(kernel, phase, scratch);
    return scratch;
}

demucs_status dmx_resample_check_rates(int from_hz, int to_hz, demucs_error *error)
{
    if (from_hz < 1 || from_hz > MAX_RATE_HZ || to_hz < 1 || to_hz > MAX_RATE_HZ)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "cannot resample from %d Hz to %d Hz: a rate must be 1 to %d Hz",
                        from_hz, to_hz, MAX_RATE_HZ);
    if (from_hz > (int64_t)MAX_RATIO * to_hz)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                        "cannot resample from %d Hz to %d Hz: the new rate must be at least 1/%d of the old one",
                        from_hz, to_hz, MAX_RATIO);
    return DEMUCS_OK;
}

demucs_status dmx_resample_kernel_init(dmx_resample_kernel *kernel, int from_hz, int to_hz, demucs_error *error)
{
    *kernel = (dmx_resample_kernel){0};
    demucs_status status = dmx_resample_check_rates(from_hz, to_hz, error);
    if (status) return status;
    int64_t divisor = greatest_common_divisor(from_hz, to_hz);
    kernel->from = from_hz / divisor;
    kernel->to = to_hz / divisor;
    kernel->taps = ((size_t)floor(2 * half_window(kernel)) + 1 + 7) / 8 * 8;
    size_t phases = (size_t)kernel->to;
    if (phases > MAX_TABLE_BYTES / sizeof(float) / kernel->taps) return DEMUCS_OK;
    kernel->table = dmx_alloc(phases * kernel->taps, sizeof(float));
    if (!kernel->table)
        return dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to resample from %d Hz to %d Hz", from_hz,
                        to_hz);
    for (size_t phase = 0; phase < phases; phase++)
        compute_filter(kernel, (int64_t)phase, kernel->table + phase * kernel->taps);
    return DEMUCS_OK;
}

void dmx_resample_kernel_release(dmx_resample_kernel *kernel)
{
    dmx_free(kernel->table);
    *kernel = (dmx_resample_kernel){0};
}

/* Eight sums side by side, which compilers turn into vectors without being allowed to change the order. */
float dmx_resample_dot(const float *restrict filter, const float *restrict x, size_t taps)
{
    float sum[8] = {0};
    for (size_t k = 0; k < taps; k += 8)
        for (size_t lane = 0; lane < 8; lane++) sum[lane] += filter[k + lane] * x[k + lane];
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

uint64_t dmx_resample_length(const dmx_resample_kernel *kernel, uint64_t frames)
{
    uint64_t from = (uint64_t)kernel->from, to = (uint64_t)kernel->to;
    return frames / from * to + frames % from * to / from;
}

/* The `taps` samples from `start` on. Outside the signal its first or last sample is repeated. */
static const float *with_edges(const float *x, int64_t frames, int64_t start, size_t taps, float *scratch)
{
    if (start >= 0 && start + (int64_t)taps <= frames) return x + start;
    for (size_t k = 0; k < taps; k++) {
        int64_t at = start + (int64_t)k;
        scratch[k] = x[at < 0 ? 0 : at >= frames ? frames - 1 : at];
    }
    return scratch;
}

void dmx_resample_range(const dmx_resample_kernel *kernel, const float *x, size_t frames, float *y, size_t first,
                        size_t count, float *scratch)
{
    assert(first + count <= dmx_resample_length(kernel, frames));
    for (size_t j = first; j < first + count; j++) {
        int64_t block = (int64_t)j / kernel->to, phase = (int64_t)j % kernel->to;
        int64_t start = block * kernel->from + dmx_resample_first(kernel, phase);
        const float *filter = dmx_resample_filter(kernel, phase, scratch);
        const float *input = with_edges(x, (int64_t)frames, start, kernel->taps, scratch + kernel->taps);
        y[j - first] = dmx_resample_dot(filter, input, kernel->taps);
    }
}
