/* audio.h - the way in, from the mix to what a network works on, and the way out, to the stems.
 *
 * Sound lies in planes, one for each channel: a grid of [channels][frames] whose steps are the planes and whose bins
 * are the frames. The mix itself is such a grid without an address, since it is not in the arena: dmx_exec has it, like
 * the stems. */
#ifndef DMX_NN_AUDIO_H
#define DMX_NN_AUDIO_H

#include "dsp/resample_kernel.h"
#include "dsp/stft.h"
#include "nn/grid.h"

#include <stdint.h>

/* The mix, and planes in the arena. */
dmx_grid dmx_planes_of_mix(int channels, int frames);
dmx_grid dmx_planes_create(dmx_exec *exec, int channels, int frames);

/* ---- in ---- */

/* Mean and unbiased deviation of the channels' mean, for dmx_planes_pad, where scale = 1 / (1e-5 + deviation). */
void dmx_moments_of_mix(dmx_exec *exec, const dmx_grid *mix, const dmx_grid *moments);

/* planes = the mix, `front` zeros before it and zeros after it. With moments (else NULL) it is normalised, to
 * (mix - mean) * scale. */
void dmx_planes_pad(dmx_exec *exec, const dmx_grid *mix, const dmx_grid *moments, int front, const dmx_grid *planes);

/* x[1][frames][channels] = planes[channels][frames], at the kernel's other rate where there is one (else NULL). */
void dmx_planes_interleave(dmx_exec *exec, const dmx_grid *planes, const dmx_resample_kernel *kernel,
                           const dmx_grid *x);

/* z[steps][bins][channels * 2] = the spectrogram of planes (dsp/stft.h). */
void dmx_stft_run(dmx_exec *exec, const dmx_stft *stft, const dmx_grid *planes, const dmx_grid *z);

/* ---- out ---- */

/* planes[channels][frames] = channels [first, first + channels) of x[1][bins][...]. Beyond x's last bin its value there
 * is repeated. */
void dmx_planes_take(dmx_exec *exec, const dmx_grid *x, int first, const dmx_grid *planes);

/* How a stem is made of planes. */
typedef struct dmx_stem {
    int source;                        /* its number */
    int front, frames;                 /* it has frames [front, front + frames) of the planes at its rate */
    const dmx_resample_kernel *kernel; /* the planes are brought to another rate first; or NULL */
    const dmx_grid *moments;           /* then they become planes * deviation + mean; or NULL */
} dmx_stem;
void dmx_stem_write(dmx_exec *exec, const dmx_grid *planes, const dmx_stem *stem);

/* What the stems of a pass are made of. */
typedef struct dmx_stems {
    const dmx_stft *stft;
    int channels;              /* of the audio */
    int length;                /* frames that the spectrogram stands for */
    int frames;                /* of the stems: at most `length` */
    uint64_t wanted;           /* bit s: stem s is wanted */
    dmx_grid x;                /* [steps][bins][stems * channels * 2] spectrograms */
    dmx_grid moments;          /* where it has a channel: x counts as x * deviation + mean */
    dmx_grid waveform;         /* where it has a channel: [1][length][stems * channels], added to what x gives ... */
    dmx_grid waveform_moments; /* ... as waveform * deviation + mean */
} dmx_stems;

/* The wanted stems = the inverse transform of x, and the waveform. */
void dmx_stems_write(dmx_exec *exec, const dmx_stems *stems);

#endif
