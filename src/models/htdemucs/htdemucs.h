/* htdemucs.h - HTDemucs, the Hybrid Transformer Demucs (Rouard, Massa, Défossez 2023): a U-Net on the spectrogram and one
 * on the waveform, which meet in a transformer at the bottom. See MODEL.md for every shape.
 *
 *     mix --- STFT --- encoder 0..3 --.                 .-- decoder 0..3 --- iSTFT --.
 *      |                              +-- transformer --+                            +--> stems
 *      '-------------- tencoder 0..3 -'                 '- tdecoder 0..3 ------------'
 *
 * Files: config.c reads the constructor's arguments, load.c builds the layers, shapes.c follows the sizes of the
 * activations, forward.c is the network. */
#ifndef DMX_MODELS_HTDEMUCS_HTDEMUCS_H
#define DMX_MODELS_HTDEMUCS_HTDEMUCS_H

#include "dsp/stft.h"
#include "models/arguments.h"
#include "models/cross_transformer.h"
#include "models/hybrid_layers.h"
#include "models/network.h"

enum { DMX_HT_MAX_DEPTH = 10 };

extern const dmx_family dmx_htdemucs_family;

/* The constructor's arguments that matter to inference. */
typedef struct dmx_ht_config {
    int channels, channels_time; /* channels_time 0: as channels */
    double growth;
    int nfft;
    int wiener_iters;
    bool wiener_residual;
    bool cac;                    /* complex as channels; else magnitudes and Wiener filtering */
    int depth;
    bool rewrite;
    int bands;                   /* len(multi_freqs) + 1 */
    double band_ratios[DMX_MAX_BANDS];
    int multi_freqs_depth;
    double freq_emb, emb_scale;
    int kernel_size, stride, time_stride;
    int context, context_enc;
    int norm_starts, norm_groups;
    int dconv_mode;
    dmx_dconv_options dconv;
    int bottom_channels;
    double hidden_scale;
    bool use_train_segment;      /* always runs on its training length */
    dmx_transformer_options transformer; /* dim and hidden are filled in by load.c */
} dmx_ht_config;

typedef struct dmx_htdemucs {
    dmx_network network;
    dmx_ht_config config;
    dmx_store store;
    dmx_stft *stft;
    int time_depth;                          /* levels that the time branch has */
    dmx_multi_layer encoder[DMX_HT_MAX_DEPTH], decoder[DMX_HT_MAX_DEPTH]; /* by level: decoder[0] is the last to run */
    dmx_hybrid_layer tencoder[DMX_HT_MAX_DEPTH], tdecoder[DMX_HT_MAX_DEPTH];
    const float *freq_embedding;             /* [bins after encoder 0][channels] with its factors, or NULL */
    int freq_embedding_bins;
    dmx_conv channel_upsampler, channel_downsampler, channel_upsampler_t, channel_downsampler_t;
    dmx_transformer transformer;
} dmx_htdemucs;

/* The sizes of the activations for one length. Index 0 is the input, index i + 1 the output of level i. */
typedef struct dmx_ht_shapes {
    int steps[DMX_HT_MAX_DEPTH + 1];  /* STFT steps; they shrink in levels beyond the last frequency */
    int bins[DMX_HT_MAX_DEPTH + 1];
    int frames[DMX_HT_MAX_DEPTH + 1]; /* of the time branch */
} dmx_ht_shapes;

void dmx_ht_config_read(dmx_arguments *arguments, dmx_ht_config *config, dmx_network *network);

/* False when the layers do not fit together on a mix of `frames` samples. */
bool dmx_ht_shapes_of(const dmx_htdemucs *model, int64_t frames, dmx_ht_shapes *shapes);

/* True when level i of the spectrogram branch works on frequencies; beyond that it works on steps. */
bool dmx_ht_is_freq(const dmx_htdemucs *model, int level);

/* See dmx_family. */
int64_t dmx_ht_valid_length(const dmx_network *network, int64_t frames);
void dmx_ht_forward(const dmx_network *network, dmx_exec *exec, const float *mix, int64_t frames, const bool *wanted,
                    float *stems);

#endif
