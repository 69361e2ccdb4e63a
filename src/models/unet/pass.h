/* pass.h - the forward pass of the U-Net that HDemucs and HTDemucs share; see unet.h
 *
 * Two things differ from the official code in form, not in result. The skip connections accumulate: a decoder adds its
 * output to the encoder's output of the level above, in place, so a saved activation always is what the next decoder
 * wants to see. And activations are taken from the arena in the order in which they can be given back.
 *
 * Files: prepare.c the inputs, encode.c and decode.c the levels,
 * stems.c the outputs. */
#ifndef DMX_MODELS_UNET_PASS_H
#define DMX_MODELS_UNET_PASS_H

#include "models/unet/unet.h"
#include "nn/audio.h"

/* One run on one mix. */
typedef struct dmx_unet_pass {
    const dmx_unet *unet;
    dmx_exec *exec;
    dmx_unet_shapes shapes;
    int64_t frames;              /* as the caller has them; shapes.frames[0] may be more */
    dmx_grid mix;                /* [channels][shapes.frames[0]] */
    const bool *wanted;          /* [sources] */
    dmx_grid z;                  /* the mix's spectrogram [steps][bins][channels * 2], kept for masking; else it is x */
    dmx_grid x;                  /* normalised: [steps][bins][channels * 2], or [channels] magnitudes */
    dmx_grid xt;                 /* waveform, normalised: [1][frames][channels] */
    dmx_grid moments, moments_t; /* mean and std of x, and of xt, before they were normalised */
    dmx_grid
        saved[DMX_UNET_MAX_DEPTH]; /* [steps][bins][channels] of each level; [1][steps][channels] beyond frequencies */
    dmx_grid saved_t[DMX_UNET_MAX_DEPTH]; /* [1][frames][channels] */
    size_t kept[DMX_UNET_MAX_DEPTH];      /* what of the arena is in use once level i is encoded */
    dmx_grid out;                         /* [steps][bins][sources * channels * 2], or magnitudes as in x */
    dmx_grid out_t;                       /* [1][frames][sources * channels] */
} dmx_unet_pass;

/* Normalised spectrogram and waveform of the mix [channels][frames], with zeros on the right up to `length`, which the
 * network's shapes must fit. */
void dmx_unet_prepare(dmx_unet_pass *pass, const dmx_unet *unet, dmx_exec *exec, int64_t frames, int64_t length,
                      const bool *wanted);

/* All levels down, and all levels up. In between the deepest saved activations are the first decoder's input. */
void dmx_unet_encode(dmx_unet_pass *pass);
void dmx_unet_decode(dmx_unet_pass *pass);

/* The stems [sources][channels][frames] of the wanted sources. */
void dmx_unet_write_stems(dmx_unet_pass *pass);

/* ---- between the files of the pass ---- */

/* Zeros after the last bin that the strided convolution reads when the length is no multiple of its stride. */
dmx_margin dmx_unet_strided_margin(const dmx_conv *conv, int length, int outputs);

/* What encoder i finds beside its input. */
dmx_margin dmx_unet_encoder_margin(const dmx_unet_pass *pass, int level);

#endif
