/* stft_plan.h - what stft.c and istft.c share. */
#ifndef DMX_DSP_STFT_PLAN_H
#define DMX_DSP_STFT_PLAN_H

#include "dsp/fft.h"
#include "dsp/stft.h"

/* The steps of torch's own STFT that a hybrid model throws away on each side, and puts back as zeros. */
#define DMX_STFT_DROPPED_STEPS 2

struct dmx_stft {
    dmx_stft_kind kind;
    size_t nfft, bins, hop;
    dmx_fft *fft;
    float *analysis;  /* [nfft] Hann window / sqrt(nfft) */
    float *synthesis; /* [nfft] the same / the sum of the squares of the four windows that overlap at a sample */
    double *square;   /* [nfft] square of the Hann window, for the places where fewer overlap */
};

#endif
