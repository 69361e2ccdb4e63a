/* htdemucs.h - HTDemucs, the Hybrid Transformer Demucs (Rouard, Massa, Défossez 2023): a U-Net on the spectrogram and
 * one on the waveform, which meet in a transformer at the bottom. See MODEL.md for every shape.
 *
 *     mix --- STFT --- encoder 0..3 --.                 .-- decoder 0..3 --- iSTFT --.
 *      |                              +-- transformer --+                            +--> stems
 *      '-------------- tencoder 0..3 -'                 '- tdecoder 0..3 ------------'
 *
 * The U-Net is models/unet/unet.h, shared with HDemucs. Files here: config.c reads the constructor's arguments, load.c
 * builds the layers, shapes.c knows the lengths, forward.c is the network. */
#ifndef DMX_MODELS_HTDEMUCS_HTDEMUCS_H
#define DMX_MODELS_HTDEMUCS_HTDEMUCS_H

#include "models/layers/cross_transformer.h"
#include "models/unet/unet.h"

extern const dmx_family dmx_htdemucs_family;

/* The constructor's arguments that matter to inference, besides those of the U-Net. */
typedef struct dmx_ht_config {
    int bottom_channels;
    double hidden_scale;
    bool use_train_segment;              /* always runs on its training length */
    dmx_transformer_options transformer; /* dim and hidden are filled in by load.c */
} dmx_ht_config;

typedef struct dmx_htdemucs {
    dmx_unet unet;
    dmx_ht_config config;
    dmx_conv channel_upsampler, channel_downsampler, channel_upsampler_t, channel_downsampler_t;
    dmx_transformer transformer;
} dmx_htdemucs;

void dmx_ht_config_read(dmx_arguments *arguments, dmx_htdemucs *model);

/* See dmx_family. */
int64_t dmx_ht_valid_length(const dmx_network *network, int64_t frames);
void dmx_ht_forward(const dmx_network *network, dmx_exec *exec, int64_t frames, const bool *wanted);

#endif
