/* stft.c - the plan, and the way forth; see stft.h. The way back is istft.c.
 *
 * The official code pads the signal (pad1d: 1.5 hops on the left, and on the right up to whole hops and 1.5 more),
 * hands it to torch.stft, which pads it again by nfft / 2 on each side, and drops two steps at each end. Here nothing
 * is copied into a padded signal: step t begins at sample t * hop - 1.5 hops, and only where that sticks out of the
 * signal are the two paddings walked back, sample by sample, to see which sample stands there.
 *
 *     x:             |--------------------- frames ---------------------|
 *     pad1d:   <1.5 h>                                                  <1.5 h + rest of the last hop>
 *     centre: <2 h>                                                                                 <2 h>
 *     step 0: [ 4 h  ]  in torch's numbers step 2 */
#include "dsp/stft.h"

#include "base/alloc.h"
#include "dsp/pad.h"
#include "dsp/stft_plan.h"

#include <assert.h>
#include <math.h>

#define MAX_NFFT (1 << 20)

/* torch.hann_window computes in float32, which is off by up to 2e-7 where the window is small. It is computed the same
 * way here: at the edge of digital silence, where only such samples meet the window, masks that go by the phase of the
 * mix lose 12 dB against the official result otherwise. */
static void fill_windows(dmx_stft *stft)
{
    const double pi = 3.14159265358979323846;
    const float step = (float)(2 * pi / (double)stft->nfft);
    double scale = 1 / sqrt((double)stft->nfft);
    for (size_t n = 0; n < stft->nfft; n++) {
        double hann = (double)(0.5f - 0.5f * cosf((float)n * step));
        stft->analysis[n] = (float)(hann * scale);
        stft->square[n] = hann * hann;
        stft->synthesis[n] = (float)(hann * scale / 1.5); /* the squares of four periodic Hann windows sum to 3 / 2 */
    }
}

demucs_status dmx_stft_create(dmx_stft **out, int nfft, dmx_stft_kind kind, demucs_error *error)
{
    *out = NULL;
    /* Where the signal is padded by 1.5 hops, the official code fails too on an odd hop. */
    const int divisor = kind == DMX_STFT_CENTRED ? 4 : 8;
    if (nfft < 8 || nfft > MAX_NFFT || nfft % divisor != 0 || !dmx_fft_length_ok((size_t)nfft))
        return dmx_fail(error, DEMUCS_ERROR_UNSUPPORTED,
                        "nfft = %d is not supported: it must be a multiple of %d, up to %d, with no prime factor above "
                        "%d.",
                        nfft, divisor, MAX_NFFT, DMX_FFT_MAX_PRIME);
    dmx_stft *stft = dmx_alloc(1, sizeof *stft);
    if (!stft) goto fail;
    stft->kind = kind;
    stft->nfft = (size_t)nfft;
    stft->bins = stft->nfft / 2;
    stft->hop = stft->nfft / 4;
    stft->fft = dmx_fft_create(stft->nfft);
    stft->analysis = dmx_alloc(stft->nfft, sizeof(float));
    stft->synthesis = dmx_alloc(stft->nfft, sizeof(float));
    stft->square = dmx_alloc(stft->nfft, sizeof(double));
    if (!stft->fft || !stft->analysis || !stft->synthesis || !stft->square) goto fail;
    fill_windows(stft);
    *out = stft;
    return DEMUCS_OK;
fail:
    dmx_stft_free(stft);
    return dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the tables of an STFT of %d points.", nfft);
}

void dmx_stft_free(dmx_stft *stft)
{
    if (!stft) return;
    dmx_fft_free(stft->fft);
    dmx_free(stft->analysis);
    dmx_free(stft->synthesis);
    dmx_free(stft->square);
    dmx_free(stft);
}

size_t dmx_stft_steps(const dmx_stft *stft, size_t frames)
{
    if (frames == 0) return 0;
    return stft->kind == DMX_STFT_CENTRED ? 1 + frames / stft->hop : (frames + stft->hop - 1) / stft->hop;
}

size_t dmx_stft_bins(const dmx_stft *stft) { return stft->bins; }
size_t dmx_stft_hop(const dmx_stft *stft) { return stft->hop; }

/* Room for one frame of samples, for a spectrum of each plane (real parts, then imaginary parts), and for the FFT. */
size_t dmx_stft_scratch(const dmx_stft *stft, int planes)
{
    return stft->nfft + (size_t)planes * 2 * (stft->bins + 1) + dmx_fft_scratch(stft->fft);
}

/* How many samples pad1d adds on each side. */
typedef struct padding {
    size_t left, right;
} padding;

static padding outer_padding(const dmx_stft *stft, size_t frames)
{
    if (stft->kind == DMX_STFT_CENTRED) return (padding){0, 0};
    size_t pad = stft->hop / 2 * 3;
    return (padding){pad, pad + dmx_stft_steps(stft, frames) * stft->hop - frames};
}

/* The sample at `position` of the signal after both paddings, pad1d's and torch.stft's. */
static float padded_sample(const dmx_stft *stft, const float *x, size_t frames, ptrdiff_t position)
{
    padding outer = outer_padding(stft, frames);
    size_t length = outer.left + frames + outer.right;
    ptrdiff_t at = dmx_pad_reflect(position, length, stft->nfft / 2, stft->nfft / 2);
    if (at < 0) return 0;
    if (stft->kind == DMX_STFT_HYBRID) {
        at = dmx_pad_reflect(at, frames, outer.left, outer.right);
    } else {
        at -= (ptrdiff_t)outer.left;
        if (at >= (ptrdiff_t)frames) at = -1;
    }
    return at < 0 ? 0 : x[at];
}

/* Cut out the frame of one step and multiply it by the window. */
static void cut_frame(const dmx_stft *stft, const float *x, size_t frames, size_t step, float *restrict frame)
{
    size_t kept = step + (stft->kind == DMX_STFT_CENTRED ? 0 : DMX_STFT_DROPPED_STEPS);
    ptrdiff_t position = (ptrdiff_t)(kept * stft->hop); /* in the padded signal */
    ptrdiff_t start = position - (ptrdiff_t)(stft->nfft / 2 + outer_padding(stft, frames).left);
    const float *restrict window = stft->analysis;
    if (start >= 0 && (size_t)start + stft->nfft <= frames) {
        const float *restrict from = x + start;
        for (size_t n = 0; n < stft->nfft; n++) frame[n] = from[n] * window[n];
        return;
    }
    for (size_t n = 0; n < stft->nfft; n++)
        frame[n] = padded_sample(stft, x, frames, position + (ptrdiff_t)n) * window[n];
}

/* out[bins][channels][2] from spectra [channels][2][bins + 1]. */
static void interleave_stereo(size_t bins, const float *restrict spectra, float *restrict out)
{
    const float *re0 = spectra, *im0 = re0 + bins + 1, *re1 = im0 + bins + 1, *im1 = re1 + bins + 1;
    for (size_t b = 0; b < bins; b++) {
        out[4 * b] = re0[b], out[4 * b + 1] = im0[b];
        out[4 * b + 2] = re1[b], out[4 * b + 3] = im1[b];
    }
}

static void interleave(size_t bins, int channels, const float *restrict spectra, float *restrict out)
{
    size_t parts = 2 * (size_t)channels;
    if (channels == 2) {
        interleave_stereo(bins, spectra, out);
        return;
    }
    for (size_t part = 0; part < parts; part++)
        for (size_t b = 0; b < bins; b++) out[b * parts + part] = spectra[part * (bins + 1) + b];
}

void dmx_stft_forward(const dmx_stft *stft, const dmx_kernels *kernels, const float *mix, size_t plane_stride,
                      int channels, size_t frames, size_t step, float *out, float *scratch)
{
    assert(step < dmx_stft_steps(stft, frames));
    float *frame = scratch;              /* [nfft] */
    float *spectra = frame + stft->nfft; /* [channels][2][bins + 1] */
    float *rest = spectra + (size_t)channels * 2 * (stft->bins + 1);
    for (int c = 0; c < channels; c++) {
        float *re = spectra + (size_t)c * 2 * (stft->bins + 1), *im = re + stft->bins + 1;
        cut_frame(stft, mix + (size_t)c * plane_stride, frames, step, frame);
        dmx_fft_forward(stft->fft, kernels, frame, re, im, rest);
    }
    interleave(stft->bins, channels, spectra, out);
}
