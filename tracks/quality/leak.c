/* leak.c - see leak.h */
#include "tracks/quality/leak.h"

#include "base/alloc.h"
#include "demucs_quality.h"
#include "tracks/quality/sums.h"
#include "tracks/quality/transform.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum {
    MAX_BANDS = 16,
    BLOCK_WINDOWS = 512, /* some 12 s: how long one factor may hold for */
    LEAST_CELLS = 8      /* a band with fewer says nothing */
};
static const double lowest_hz = 50, highest_hz = 16000;
/* Bins that count as one, since they are alike: their neighbours in frequency, and in windows that overlap by half. */
static const double alike = (1 + 2 * (4 / 9.0 + 1 / 36.0)) * (1 + 2 / 36.0);

/* What is summed where the stem, V, is louder than the rest, A: A conj V; |V|^2; |V|^2 |A|^2; |V|^4. */
enum { RE, IM, POWER, REST, SQUARE, SUMS };

typedef struct energies {
    double left, stem;
    double chance; /* variance of `left` where there is no leak */
} energies;

struct dmx_leak {
    int stems, channels;
    bool complete;
    int length;               /* frames of a window */
    int edges[MAX_BANDS + 1]; /* [bands + 1] first bins */
    int bands, bins;          /* bins up to the last edge */
    float *waiting;           /* [signals][channels][length] frames of the window under way; the mix is last */
    int filled;
    dmx_transform *transform;
    float *spectra;   /* [signals + 1][channels][re, im][bins]; the last is that of the whole */
    float *sums;      /* [stems][SUMS][bins] of the block under way, all channels together */
    int windows;      /* in it */
    energies *totals; /* [stems] of the blocks before */
};

/* Signals that are transformed: all stems, and the mix where they do not add up to it. */
static int signals_of(const dmx_leak *self) { return self->stems + !self->complete; }

static float *waiting_of(const dmx_leak *self, int signal, int channel)
{
    return self->waiting + ((size_t)signal * (size_t)self->channels + (size_t)channel) * (size_t)self->length;
}

/* Real parts, which imaginary parts follow, `bins` of each. */
static float *spectrum_of(const dmx_leak *self, int signal, int channel)
{
    return self->spectra + ((size_t)signal * (size_t)self->channels + (size_t)channel) * 2 * (size_t)self->bins;
}

static void choose_bands(dmx_leak *self, int sample_rate_hz)
{
    const double bin_hz = (double)sample_rate_hz / self->length;
    const double top_hz = highest_hz < 0.45 * sample_rate_hz ? highest_hz : 0.45 * sample_rate_hz;
    self->edges[0] = (int)lround(fmax(lowest_hz / bin_hz, 1));
    for (double hz = 2 * lowest_hz; hz < 2 * top_hz && self->bands < MAX_BANDS; hz *= 2) {
        const int edge = (int)lround(fmin(hz, top_hz) / bin_hz);
        if (edge > self->edges[self->bands]) self->edges[++self->bands] = edge;
    }
    self->bins = self->edges[self->bands];
}

dmx_leak *dmx_leak_create(int stems, int channels, int sample_rate_hz, bool complete)
{
    dmx_leak *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) return NULL;
    *self = (dmx_leak){.stems = stems, .channels = channels, .complete = complete};
    self->transform = dmx_transform_create(sample_rate_hz);
    if (self->transform == NULL) {
        dmx_free(self);
        return NULL;
    }
    self->length = dmx_transform_length(self->transform);
    choose_bands(self, sample_rate_hz);
    const size_t planes = (size_t)signals_of(self) * (size_t)channels, length = (size_t)self->length;
    self->waiting = dmx_alloc(planes, length * sizeof *self->waiting);
    self->spectra = dmx_alloc(planes + (size_t)channels, 2 * (size_t)self->bins * sizeof *self->spectra);
    self->sums = dmx_alloc((size_t)stems * SUMS, (size_t)self->bins * sizeof *self->sums);
    self->totals = dmx_alloc((size_t)stems, sizeof *self->totals);
    if (self->waiting == NULL || self->spectra == NULL || self->sums == NULL || self->totals == NULL) {
        dmx_leak_free(self);
        return NULL;
    }
    return self;
}

void dmx_leak_free(dmx_leak *self)
{
    if (self == NULL) return;
    dmx_transform_free(self->transform);
    dmx_free(self->waiting);
    dmx_free(self->spectra);
    dmx_free(self->sums);
    dmx_free(self->totals);
    dmx_free(self);
}

/* --------------------------------------------------------------------------------------------------- spectra ---- */

/* Two channels at a time. */
static void transform_signal(dmx_leak *self, int signal)
{
    for (int channel = 0; channel < self->channels; channel += 2) {
        const bool pair = channel + 1 < self->channels;
        const float *one = waiting_of(self, signal, channel), *two = pair ? one + self->length : one;
        const float(*output)[2] = dmx_transform_run(self->transform, one, two);
        for (int which = 0; which < 1 + pair; which++) {
            float *re = spectrum_of(self, signal, channel + which), *im = re + self->bins;
            for (int bin = self->edges[0]; bin < self->bins; bin++)
                dmx_transform_apart(output, self->length, bin, which, &re[bin], &im[bin]);
        }
    }
}

/* The sum of all stems, or the mix. */
static void find_whole(dmx_leak *self)
{
    const int signals = signals_of(self);
    const size_t size = (size_t)self->channels * 2 * (size_t)self->bins;
    float *whole = spectrum_of(self, signals, 0);
    memset(whole, 0, size * sizeof *whole);
    for (int signal = self->complete ? 0 : self->stems; signal < signals; signal++) {
        const float *part = spectrum_of(self, signal, 0);
        for (size_t i = 0; i < size; i++) whole[i] += part[i];
    }
}

/* ------------------------------------------------------------------------------------------------------ sums ---- */

/* All bits set where one > two, of numbers that are not negative: their bits are in the order of their values. A
 * comparison of floats would be a branch, as unsure as a coin, and keep the compiler from doing several bins at once.
 */
static inline int32_t larger(float one, float two)
{
    int32_t a, b;
    memcpy(&a, &one, sizeof a);
    memcpy(&b, &two, sizeof b);
    return -(int32_t)(a > b);
}

/* The number where the bits are set, else 0. */
static inline float kept(float number, int32_t bits)
{
    int32_t own;
    memcpy(&own, &number, sizeof own);
    own &= bits;
    memcpy(&number, &own, sizeof own);
    return number;
}

/* Add a stem's bins to its sums. The rest is the whole minus the stem; `stem` and `whole` are real parts, which
 * imaginary parts follow. */
static void add_bins(const dmx_leak *self, float *restrict sums, const float *restrict stem,
                     const float *restrict whole)
{
    const int bins = self->bins;
    const float *restrict stem_im = stem + bins, *restrict whole_im = whole + bins;
    float *restrict re = sums + RE * bins, *restrict im = sums + IM * bins, *restrict power = sums + POWER * bins;
    float *restrict rest = sums + REST * bins, *restrict square = sums + SQUARE * bins;
    for (int bin = self->edges[0]; bin < bins; bin++) {
        const float vr = stem[bin], vi = stem_im[bin], ar = whole[bin] - vr, ai = whole_im[bin] - vi;
        const float pv = vr * vr + vi * vi, pa = ar * ar + ai * ai;
        const int32_t louder = larger(pv, pa);
        re[bin] += kept(ar * vr + ai * vi, louder);
        im[bin] += kept(ai * vr - ar * vi, louder);
        power[bin] += kept(pv, louder);
        rest[bin] += kept(pv * pa, louder);
        square[bin] += kept(pv * pv, louder);
    }
}

/* The sums of a band go into the totals. */
static void end_band(energies *total, const double *sums)
{
    const double power = sums[POWER];
    /* power^2 / square: so many bins of equal power there would be */
    if (!(power > 0) || power * power < LEAST_CELLS * sums[SQUARE]) return;
    const double re = sums[RE] / power, im = sums[IM] / power, h = re * re + im * im;
    /* |V|^2 |A - hV|^2, for an h that is the same in all bins */
    const double misfit = fmax(sums[REST] - h * sums[SQUARE], 0);
    const double chance = alike * misfit / power; /* mean, and deviation, where there is no leak */
    total->left += h * power - chance;
    total->chance += chance * chance;
    total->stem += power;
}

static void end_block(dmx_leak *self)
{
    for (int i = 0; i < self->stems * self->bands; i++) {
        const int stem = i / self->bands, first = self->edges[i % self->bands];
        const size_t bins = (size_t)(self->edges[i % self->bands + 1] - first);
        double sums[SUMS];
        for (int which = 0; which < SUMS; which++)
            sums[which] = dmx_sum(self->sums + (stem * SUMS + which) * self->bins + first, bins);
        end_band(&self->totals[stem], sums);
    }
    memset(self->sums, 0, (size_t)(self->stems * SUMS * self->bins) * sizeof *self->sums);
    self->windows = 0;
}

static void end_window(dmx_leak *self)
{
    const int signals = signals_of(self);
    for (int signal = 0; signal < signals; signal++) transform_signal(self, signal);
    find_whole(self);
    for (int stem = 0; stem < self->stems; stem++)
        for (int channel = 0; channel < self->channels; channel++)
            add_bins(self, self->sums + stem * SUMS * self->bins, spectrum_of(self, stem, channel),
                     spectrum_of(self, signals, channel));
    self->filled = self->length / 2;
    for (int plane = 0; plane < signals * self->channels; plane++) {
        float *waiting = waiting_of(self, 0, plane);
        memcpy(waiting, waiting + self->filled, (size_t)self->filled * sizeof *waiting);
    }
    if (++self->windows == BLOCK_WINDOWS) end_block(self);
}

void dmx_leak_add(dmx_leak *self, const float *const *mix, const float *const *stems, size_t frames)
{
    const int planes = self->stems * self->channels, all = signals_of(self) * self->channels;
    for (size_t start = 0; start < frames;) {
        const size_t room = (size_t)(self->length - self->filled), left = frames - start;
        const size_t piece = left < room ? left : room;
        for (int plane = 0; plane < all; plane++) {
            const float *from = plane < planes ? stems[plane] : mix[plane - planes];
            memcpy(waiting_of(self, 0, plane) + self->filled, from + start, piece * sizeof *from);
        }
        self->filled += (int)piece;
        start += piece;
        if (self->filled == self->length) end_window(self);
    }
}

double dmx_leak_db(dmx_leak *self, int stem)
{
    if (self->windows > 0) end_block(self);
    const energies *total = &self->totals[stem];
    if (!(total->stem > 0)) return NAN;
    const double seen = fmax(total->left, sqrt(total->chance)) / total->stem;
    return 10 * log10(fmax(seen, pow(10, DEMUCS_QUALITY_FLOOR_DB / 10)));
}
