/* istft.c - the way back from a spectrogram; see stft.h.
 *
 * The official code puts zeros where steps and the Nyquist bin were dropped, calls torch.istft, which adds the windowed
 * frames and divides by the sum of the squared windows, and cuts out the signal. Here the zeros are never touched: a
 * range of the output is filled by adding the frames that reach into it, in order of time. Where all four windows
 * overlap, the sum of their squares is 3 / 2 and has gone into the window; fewer overlap in the first and last hops of
 * the kinds that cut less off, and there a factor corrects it.
 *
 *     frames added:   [  t-3 : 4 hops  ]
 *                          [  t-2            ]
 *                               [  t-1            ]
 *                                    [  t              ]
 *     one hop of the output:         |----| */
#include "dsp/stft.h"
#include "dsp/stft_plan.h"

#include <assert.h>
#include <string.h>

/* A range of samples or of steps: [begin, end). */
typedef struct range {
    ptrdiff_t begin, end;
} range;

#define BINS_AT_ONCE 64 /* their channels fit into the first cache while planes are told apart */

/* The sample at which the frame of the first kept step begins. The frame of step t begins t hops later. */
static ptrdiff_t first_start(const dmx_stft *stft)
{
    switch (stft->kind) {
    case DMX_STFT_HYBRID: return -(ptrdiff_t)(stft->hop / 2 * 3);
    case DMX_STFT_HYBRID_OLD: return 0;
    case DMX_STFT_CENTRED: return -(ptrdiff_t)(stft->nfft / 2);
    }
    return 0;
}

/* Collect one step: spectra[planes][2][bins + 1] of the planes that are wanted, with a zero in the Nyquist bin. */
static void gather(const dmx_spectrogram *spectrogram, size_t step, size_t bins, float *const *wanted,
                   float *restrict spectra)
{
    const size_t parts = 2 * (size_t)spectrogram->planes, stride = spectrogram->bin_stride;
    const float scale = spectrogram->scale, shift = spectrogram->shift;
    const float *restrict x = spectrogram->x + step * spectrogram->step_stride;
    for (size_t begin = 0; begin < bins; begin += BINS_AT_ONCE) {
        size_t end = begin + BINS_AT_ONCE < bins ? begin + BINS_AT_ONCE : bins;
        for (size_t part = 0; part < parts; part++) {
            if (wanted[part / 2] == NULL) continue;
            float *restrict to = spectra + part * (bins + 1);
            for (size_t b = begin; b < end; b++) to[b] = x[b * stride + part] * scale + shift;
        }
    }
    for (size_t part = 0; part < parts; part++) spectra[part * (bins + 1) + bins] = 0;
}

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

/* Add a frame, which begins at sample `start`, to the output, as far as it lies in the samples that are asked for. */
static void overlap_add(const dmx_stft *stft, const float *restrict frame, ptrdiff_t start, range samples,
                        float *restrict plane)
{
    ptrdiff_t from = larger(samples.begin, start), to = smaller(samples.end, start + (ptrdiff_t)stft->nfft);
    const float *restrict window = stft->synthesis;
    for (ptrdiff_t n = from; n < to; n++) plane[n] += frame[n - start] * window[n - start];
}

/* The steps that torch.istft sees, its zeros included, counted from the first kept one. */
static range known_steps(const dmx_stft *stft, size_t steps)
{
    ptrdiff_t zeros = stft->kind == DMX_STFT_CENTRED ? 0 : DMX_STFT_DROPPED_STEPS;
    return (range){-zeros, (ptrdiff_t)steps + zeros};
}

/* The factor for sample n: 3 / 2, divided by the sum of the squared windows of the known steps that reach it. */
static float edge_factor(const dmx_stft *stft, range known, ptrdiff_t n)
{
    ptrdiff_t hop = (ptrdiff_t)stft->hop, place = n - first_start(stft) - known.begin * hop;
    double sum = 0;
    for (ptrdiff_t quarter = 0; quarter < 4; quarter++) {
        ptrdiff_t step = known.begin + place / hop - quarter;
        if (step >= known.begin && step < known.end) sum += stft->square[place % hop + quarter * hop];
    }
    return (float)(1.5 / sum);
}

/* Multiply the samples that fewer than four known steps reach by their factor. */
static void correct_edges(const dmx_stft *stft, size_t steps, range samples, float *plane)
{
    ptrdiff_t hop = (ptrdiff_t)stft->hop, origin = first_start(stft);
    range known = known_steps(stft, steps);
    ptrdiff_t full_begin = origin + (known.begin + 3) * hop, full_end = origin + known.end * hop;
    for (ptrdiff_t n = samples.begin; n < smaller(samples.end, full_begin); n++)
        plane[n] *= edge_factor(stft, known, n);
    for (ptrdiff_t n = larger(samples.begin, larger(full_begin, full_end)); n < samples.end; n++)
        plane[n] *= edge_factor(stft, known, n);
}

/* The kept steps whose frames reach into a range of samples of the output. */
static range steps_within(const dmx_stft *stft, size_t steps, range samples)
{
    ptrdiff_t hop = (ptrdiff_t)stft->hop, origin = first_start(stft);
    ptrdiff_t missed = samples.begin - origin - (ptrdiff_t)stft->nfft; /* the last start that ends too early */
    return (range){missed < 0 ? 0 : missed / hop + 1,
                   smaller((ptrdiff_t)steps, (samples.end - origin + hop - 1) / hop)};
}

void dmx_istft_range(const dmx_stft *stft, const dmx_kernels *kernels, const dmx_spectrogram *spectrogram,
                     size_t frames, size_t first, size_t count, float *const *out, float *scratch)
{
    assert(first + count <= frames);
    size_t steps = dmx_stft_steps(stft, frames), planes = (size_t)spectrogram->planes;
    float *frame = scratch;              /* [nfft] */
    float *spectra = frame + stft->nfft; /* [planes][2][bins + 1] */
    float *rest = spectra + planes * 2 * (stft->bins + 1);
    range samples = {(ptrdiff_t)first, (ptrdiff_t)(first + count)};
    range reaching = steps_within(stft, steps, samples);

    for (size_t p = 0; p < planes; p++)
        if (out[p] != NULL) memset(out[p] + first, 0, count * sizeof(float));
    for (ptrdiff_t step = reaching.begin; step < reaching.end; step++) {
        ptrdiff_t start = first_start(stft) + step * (ptrdiff_t)stft->hop;
        gather(spectrogram, (size_t)step, stft->bins, out, spectra);
        for (size_t p = 0; p < planes; p++) {
            const float *re = spectra + p * 2 * (stft->bins + 1), *im = re + stft->bins + 1;
            if (out[p] == NULL) continue;
            dmx_fft_inverse(stft->fft, kernels, re, im, frame, rest);
            overlap_add(stft, frame, start, samples, out[p]);
        }
    }
    for (size_t p = 0; p < planes; p++)
        if (out[p] != NULL) correct_edges(stft, steps, samples, out[p]);
}
