/* stft.h - the spectrogram of the official models and the way back: _spec and _ispec of hdemucs.py and htdemucs.py.
 *
 * Frames of nfft samples under a periodic Hann window, a quarter of nfft (the hop) apart, scaled by 1 / sqrt(nfft),
 * without the Nyquist bin. The spectrogram lies in memory as the networks here want it, channels last:
 *
 *     x[steps][bins][channels][2]      real and imaginary part: "complex as channels"
 *
 * which is torch's view_as_real(z).permute(...).reshape(C * 2, bins, steps), transposed.
 *
 * A plan is read-only and may be shared by threads. The functions do one step, or one stretch of the output, at a time
 * and never allocate, so that the caller can spread them over threads; results do not depend on how. */
#ifndef DMX_DSP_STFT_H
#define DMX_DSP_STFT_H

#include "base/error.h"
#include "kernels/kernels.h"

#include <stddef.h>

/* How the signal is padded and which steps are kept. */
typedef enum dmx_stft_kind {
    /* Padded by reflection so that there is one step for each started hop of the signal, its middle in the middle of
     * that hop. HTDemucs, and HDemucs in general. */
    DMX_STFT_HYBRID,
    /* The same with zeros for the padding, and on the way back no regard for it: the padding bug that some models were
     * trained with (hybrid_old of HDemucs). */
    DMX_STFT_HYBRID_OLD,
    /* Step t is centred on sample t * hop, 1 + frames / hop steps. HDemucs with hybrid=False. */
    DMX_STFT_CENTRED
} dmx_stft_kind;

typedef struct dmx_stft dmx_stft;

/* `nfft` must be a multiple of 8, or for CENTRED of 4, up to 2^20, of a length that dmx_fft_create takes. Errors:
 * UNSUPPORTED, MEMORY; on failure *stft is NULL. */
demucs_status dmx_stft_create(dmx_stft **stft, int nfft, dmx_stft_kind kind, demucs_error *error);
void dmx_stft_free(dmx_stft *stft);

/* Steps for a signal of `frames` samples (0 for none), bins (nfft / 2) and hop (nfft / 4). */
size_t dmx_stft_steps(const dmx_stft *stft, size_t frames);
size_t dmx_stft_bins(const dmx_stft *stft);
size_t dmx_stft_hop(const dmx_stft *stft);

/* Floats of scratch for dmx_stft_forward of `planes` channels or dmx_istft_range of `planes` planes. */
size_t dmx_stft_scratch(const dmx_stft *stft, int planes);

/* One step of the spectrogram.
 *   mix      [channels] planes of `frames` samples, `plane_stride` apart
 *   step     [0, steps)
 *   out      [bins][channels][2]: the step's own place, wherever the caller keeps it
 *   scratch  dmx_stft_scratch(stft, channels) floats */
void dmx_stft_forward(const dmx_stft *stft, const dmx_kernels *kernels, const float *mix, size_t plane_stride,
                      int channels, size_t frames, size_t step, float *out, float *scratch);

/* A spectrogram to turn back into sound, or some neighbouring channels of one. Its numbers count as x * scale + shift:
 * what a network that works on normalised spectrograms puts out needs no pass over memory. */
typedef struct dmx_spectrogram {
    const float *x;                 /* [steps][bins][planes][2], with the strides below */
    size_t step_stride, bin_stride; /* floats from one step, one bin, to the next */
    int planes;
    float scale, shift;
} dmx_spectrogram;

/* Samples [first, first + count) of the planes that are wanted.
 *   frames   length of the whole signal; the spectrogram has dmx_stft_steps(stft, frames) steps
 *   out      [planes] planes of at least first + count samples, of which the range is overwritten; NULL for those that
 *            nobody wants
 *   scratch  dmx_stft_scratch(stft, planes) floats
 * Any cutting of the signal into ranges gives the same bits, but each range costs about three steps more than its own:
 * 32 hops are a good length. */
void dmx_istft_range(const dmx_stft *stft, const dmx_kernels *kernels, const dmx_spectrogram *spectrogram,
                     size_t frames, size_t first, size_t count, float *const *out, float *scratch);

#endif
