/* fft.c - see fft.h. A real transform of even length N is a complex one of length N / 2, on even samples as real parts
 * and odd ones as imaginary parts, and one more sweep that tells the two apart. An odd length, which no Demucs model
 * has, takes a complex transform of the whole length.
 *
 * Twiddle factors are computed in double and rounded once; the arithmetic is float. The passes for 2, 3 and 5 are
 * kernels; other prime factors, which no released model has, take the plain sums of plain_pass. Long radices come
 * first: the first pass then leaves the inner loops of the next ones long enough for vectors (see
 * kernels/fft_passes.h). */
#include "dsp/fft.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

#define MAX_PASSES 28

struct dmx_fft {
    size_t length; /* N */
    size_t half;   /* length of the complex transform: N / 2, or N when N is odd */
    int passes;
    dmx_fft_pass pass[MAX_PASSES];
    float *turn_re, *turn_im; /* [half] exp(-2 pi i k / N), for the last sweep */
    float *tables;            /* owns all twiddles */
    double *roots;            /* of the plain passes, one after the other: [radix] cosines, [radix] sines; or NULL */
};

/* The smallest prime factor of a number above 1, or DMX_FFT_MAX_PRIME + 1 where it is larger than that. */
static size_t smallest_factor(size_t number)
{
    size_t factor = 2;
    while (factor <= DMX_FFT_MAX_PRIME && number % factor != 0) factor++;
    return factor;
}

bool dmx_fft_length_ok(size_t length)
{
    if (length == 0 || length >= (size_t)1 << 28) return false;
    while (length > 1) {
        const size_t factor = smallest_factor(length);
        if (factor > DMX_FFT_MAX_PRIME) return false;
        length /= factor;
    }
    return true;
}

/* The radix of the next pass, where `rest` is the length that is still to be split. 8 comes first when the number of
 * twos in `rest` is odd, so that only fours are left. */
static int next_radix(size_t rest)
{
    int twos = 0;
    for (size_t r = rest; r % 2 == 0; r /= 2) twos++;
    if (twos % 2 == 1 && twos >= 3) return 8;
    if (twos >= 2) return 4;
    if (rest % 5 == 0) return 5;
    if (rest % 3 == 0) return 3;
    return (int)smallest_factor(rest);
}

static bool is_plain(const dmx_fft_pass *pass) { return pass->radix > 5 && pass->radix != 8; }

static void plan_passes(dmx_fft *fft)
{
    size_t stride = 1;
    for (size_t rest = fft->half; rest > 1;) {
        int radix = next_radix(rest);
        rest /= (size_t)radix;
        fft->pass[fft->passes++] = (dmx_fft_pass){.radix = radix, .columns = rest, .stride = stride};
        stride *= (size_t)radix;
    }
}

/* exp(-2 pi i k / n) for k < n. It is exact to the last bits, also when n is large. */
static void unit(size_t k, size_t n, float *re, float *im)
{
    const double pi = 3.14159265358979323846;
    double angle = 2 * pi * (double)k / (double)n;
    *re = (float)cos(angle);
    *im = (float)-sin(angle);
}

static void fill_tables(dmx_fft *fft)
{
    float *next = fft->tables;
    for (int i = 0; i < fft->passes; i++) {
        dmx_fft_pass *pass = &fft->pass[i];
        size_t radix = (size_t)pass->radix, columns = pass->columns, n = radix * columns;
        pass->twiddle_re = next, next += n;
        pass->twiddle_im = next, next += n;
        for (size_t k = 0; k < radix; k++)
            for (size_t p = 0; p < columns; p++)
                unit(k * p, n, &pass->twiddle_re[k * columns + p], &pass->twiddle_im[k * columns + p]);
    }
    fft->turn_re = next, next += fft->half;
    fft->turn_im = next;
    for (size_t k = 0; k < fft->half; k++) unit(k, fft->length, &fft->turn_re[k], &fft->turn_im[k]);
}

/* exp(-2 pi i k / radix) for each plain pass. False without memory. */
static bool fill_roots(dmx_fft *fft)
{
    const double pi = 3.14159265358979323846;
    size_t count = 0;
    for (int i = 0; i < fft->passes; i++) count += is_plain(&fft->pass[i]) ? 2 * (size_t)fft->pass[i].radix : 0;
    if (count == 0) return true;
    double *next = fft->roots = dmx_alloc(count, sizeof *fft->roots);
    for (int i = 0; next != NULL && i < fft->passes; i++) {
        const int radix = fft->pass[i].radix;
        if (!is_plain(&fft->pass[i])) continue;
        for (int k = 0; k < radix; k++) next[k] = cos(2 * pi * k / radix);
        for (int k = 0; k < radix; k++) next[radix + k] = -sin(2 * pi * k / radix);
        next += 2 * (size_t)radix;
    }
    return next != NULL;
}

dmx_fft *dmx_fft_create(size_t length)
{
    if (!dmx_fft_length_ok(length)) return NULL;
    dmx_fft *fft = dmx_alloc(1, sizeof *fft);
    if (!fft) return NULL;
    fft->length = length;
    fft->half = length % 2 == 0 ? length / 2 : length;
    plan_passes(fft);
    size_t floats = 2 * fft->half;
    for (int i = 0; i < fft->passes; i++) floats += 2 * (size_t)fft->pass[i].radix * fft->pass[i].columns;
    fft->tables = dmx_alloc(floats, sizeof(float));
    if (!fft->tables || !fill_roots(fft)) {
        dmx_fft_free(fft);
        return NULL;
    }
    fill_tables(fft);
    return fft;
}

void dmx_fft_free(dmx_fft *fft)
{
    if (!fft) return;
    dmx_free(fft->tables);
    dmx_free(fft->roots);
    dmx_free(fft);
}

size_t dmx_fft_scratch(const dmx_fft *fft) { return 4 * fft->half; }

/* A complex array as two arrays: the real parts and the imaginary parts. */
typedef struct split {
    float *re, *im; /* [half] */
} split;

/* The two buffers: each pass reads one and writes the other. */
static void cut_scratch(const dmx_fft *fft, float *scratch, split *a, split *b)
{
    *a = (split){scratch, scratch + fft->half};
    *b = (split){scratch + 2 * fft->half, scratch + 3 * fft->half};
}

/* One number of a pass of any radix: y[(R p + k) stride + q] of kernels/fft_passes.h. */
static void plain_number(const dmx_fft_pass *pass, const double *roots, size_t p, size_t k, size_t q, split x, split y)
{
    const size_t radix = (size_t)pass->radix, apart = pass->columns * pass->stride;
    const double wr = pass->twiddle_re[k * pass->columns + p], wi = pass->twiddle_im[k * pass->columns + p];
    double re = 0, im = 0;
    for (size_t j = 0, turn = 0; j < radix; j++) {
        const double xr = x.re[p * pass->stride + q + j * apart], xi = x.im[p * pass->stride + q + j * apart];
        re += xr * roots[turn] - xi * roots[radix + turn];
        im += xr * roots[radix + turn] + xi * roots[turn];
        turn = turn + k < radix ? turn + k : turn + k - radix;
    }
    const size_t to = (radix * p + k) * pass->stride + q;
    y.re[to] = (float)(re * wr - im * wi);
    y.im[to] = (float)(re * wi + im * wr);
}

static void plain_pass(const dmx_fft_pass *pass, const double *roots, split x, split y)
{
    for (size_t p = 0; p < pass->columns; p++)
        for (size_t k = 0; k < (size_t)pass->radix; k++)
            for (size_t q = 0; q < pass->stride; q++) plain_number(pass, roots, p, k, q, x, y);
}

/* Complex transform of `a`, destroying both buffers; returns the one that holds the result. Swapping the two parts of
 * a complex number on the way in and out makes it the inverse. */
static split transform(const dmx_fft *fft, const dmx_kernels *kernels, split a, split b)
{
    const double *roots = fft->roots;
    for (int i = 0; i < fft->passes; i++) {
        if (is_plain(&fft->pass[i])) {
            plain_pass(&fft->pass[i], roots, a, b);
            roots += 2 * (size_t)fft->pass[i].radix;
        } else {
            kernels->fft_pass_f32(&fft->pass[i], a.re, a.im, b.re, b.im);
        }
        split swap = a;
        a = b;
        b = swap;
    }
    return a;
}

static split inverse_transform(const dmx_fft *fft, const dmx_kernels *kernels, split a, split b)
{
    split z = transform(fft, kernels, (split){a.im, a.re}, (split){b.im, b.re});
    return (split){z.im, z.re};
}

/* From the transform of the pairs to the spectrum of the signal: z = E + i O, where E and O are the spectra of the even
 * and of the odd samples, and the spectrum of the signal is E plus O turned by half a sample. */
static void separate(size_t half, const float *restrict wr, const float *restrict wi, const float *restrict zr,
                     const float *restrict zi, float *restrict re, float *restrict im)
{
    re[0] = zr[0] + zi[0], im[0] = 0;
    re[half] = zr[0] - zi[0], im[half] = 0;
    const float *back_r = zr + half, *back_i = zi + half;
    for (size_t k = 1; k < half; k++) {
        ptrdiff_t b = -(ptrdiff_t)k;
        float even_r = zr[k] + back_r[b], even_i = zi[k] - back_i[b];
        float odd_r = zi[k] + back_i[b], odd_i = back_r[b] - zr[k];
        re[k] = 0.5f * (even_r + (wr[k] * odd_r - wi[k] * odd_i));
        im[k] = 0.5f * (even_i + (wr[k] * odd_i + wi[k] * odd_r));
    }
}

void dmx_fft_forward(const dmx_fft *fft, const dmx_kernels *kernels, const float *x, float *re, float *im,
                     float *scratch)
{
    split a, b;
    cut_scratch(fft, scratch, &a, &b);
    float *restrict ar = a.re, *restrict ai = a.im;
    if (fft->length % 2 == 1) {
        memcpy(ar, x, fft->length * sizeof *x);
        memset(ai, 0, fft->length * sizeof *x);
        split z = transform(fft, kernels, a, b);
        memcpy(re, z.re, (fft->length / 2 + 1) * sizeof *x);
        memcpy(im, z.im, (fft->length / 2 + 1) * sizeof *x);
        return;
    }
    for (size_t n = 0; n < fft->half; n++) ar[n] = x[2 * n], ai[n] = x[2 * n + 1];
    split z = transform(fft, kernels, a, b);
    separate(fft->half, fft->turn_re, fft->turn_im, z.re, z.im, re, im);
}

/* The inverse of `separate`, without its factor 1 / 2. */
static void join(size_t half, const float *restrict wr, const float *restrict wi, const float *restrict re,
                 const float *restrict im, float *restrict zr, float *restrict zi)
{
    zr[0] = re[0] + re[half];
    zi[0] = re[0] - re[half];
    const float *back_r = re + half, *back_i = im + half;
    for (size_t k = 1; k < half; k++) {
        ptrdiff_t b = -(ptrdiff_t)k;
        float even_r = re[k] + back_r[b], even_i = im[k] - back_i[b];
        float diff_r = re[k] - back_r[b], diff_i = im[k] + back_i[b];
        zr[k] = even_r - (diff_i * wr[k] - diff_r * wi[k]);
        zi[k] = even_i + (diff_r * wr[k] + diff_i * wi[k]);
    }
}

/* The whole spectrum of a real signal of odd length from its first half. */
static void mirror(size_t length, const float *re, const float *im, split a)
{
    a.re[0] = re[0], a.im[0] = 0;
    for (size_t k = 1; k <= length / 2; k++) {
        a.re[k] = re[k], a.re[length - k] = re[k];
        a.im[k] = im[k], a.im[length - k] = -im[k];
    }
}

void dmx_fft_inverse(const dmx_fft *fft, const dmx_kernels *kernels, const float *re, const float *im, float *x,
                     float *scratch)
{
    split a, b;
    cut_scratch(fft, scratch, &a, &b);
    if (fft->length % 2 == 1) {
        mirror(fft->length, re, im, a);
        split z = inverse_transform(fft, kernels, a, b);
        memcpy(x, z.re, fft->length * sizeof *x);
        return;
    }
    join(fft->half, fft->turn_re, fft->turn_im, re, im, a.re, a.im);
    split z = inverse_transform(fft, kernels, a, b);
    const float *restrict zr = z.re, *restrict zi = z.im;
    for (size_t n = 0; n < fft->half; n++) x[2 * n] = zr[n], x[2 * n + 1] = zi[n];
}
