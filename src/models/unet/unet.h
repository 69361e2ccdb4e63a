/* unet.h - what HDemucs and HTDemucs share: a U-Net on the spectrogram and, where it is hybrid, one on the
 * waveform beside it.
 *
 *     mix --- STFT --- encoder 0, 1, ... --.   .-- ... decoder -- iSTFT --.
 *      |                                    bottom                        +--> stems
 *      '------------- tencoder 0, 1, ... --'   '-- ... tdecoder ----------'
 *
 * Each level shrinks the frequencies and the frames by the stride. Where so few frequencies are left that one kernel
 * covers them, the branches have the same steps: the time branch's output is injected into the spectrogram branch and
 * ends there, and levels beyond go on along the steps. In the decoders they part at the same place. Levels are counted
 * from the outside here: decoder[0] is the last to run, while the official names count decoders as they run.
 *
 * Files: config.c reads the arguments, load.c builds the layers, shapes.c follows
 * the sizes of the activations; pass.h is the forward pass. */
#ifndef DMX_MODELS_UNET_UNET_H
#define DMX_MODELS_UNET_UNET_H

#include "dsp/stft.h"
#include "models/layers/multi_wrap.h"
#include "models/loading/arguments.h"
#include "models/network.h"

enum { DMX_UNET_MAX_DEPTH = 10 };

/* The constructor's arguments that both classes have and that matter to inference. */
typedef struct dmx_unet_config {
    int channels, channels_time; /* channels_time 0: as channels */
    double growth;
    int nfft;
    dmx_stft_kind stft_kind;
    bool hybrid; /* there is a time branch */
    bool cac;    /* complex as channels; else magnitudes, and a mask from them */
    int wiener_iters;
    bool wiener_residual;
    int depth;
    bool rewrite;
    int bands; /* len(multi_freqs) + 1 */
    double band_ratios[DMX_MAX_BANDS];
    int multi_freqs_depth;
    double freq_emb, emb_scale;
    int kernel_size, stride, time_stride;
    int context, context_enc;
    int norm_starts, norm_groups;
    int dconv_mode;
    dmx_dconv_options dconv;    /* lstm and attn apart: they depend on the level */
    int dconv_attn, dconv_lstm; /* the first levels that have them */
} dmx_unet_config;

/* The family's own struct begins with it. */
typedef struct dmx_unet {
    dmx_network network;
    dmx_unet_config config;
    dmx_stft *stft;
    int time_depth; /* levels that the time branch has */
    dmx_multi_layer encoder[DMX_UNET_MAX_DEPTH], decoder[DMX_UNET_MAX_DEPTH];
    dmx_level tencoder[DMX_UNET_MAX_DEPTH], tdecoder[DMX_UNET_MAX_DEPTH];
    const float *freq_embedding; /* [bins after encoder 0][channels] with its factors, or NULL */
    int freq_embedding_bins;     /* frequencies that the official constructor reckons with after encoder 0 */
} dmx_unet;

/* The sizes of the activations for one length. Index 0 is the input, index i + 1 the output of level i. */
typedef struct dmx_unet_shapes {
    int steps[DMX_UNET_MAX_DEPTH + 1]; /* STFT steps; they shrink in levels beyond the last frequency */
    int bins[DMX_UNET_MAX_DEPTH + 1];
    int frames[DMX_UNET_MAX_DEPTH + 1]; /* of the time branch */
} dmx_unet_shapes;

/* Read sources, audio and the arguments above into unet->network and unet->config. The config holds the family's
 * defaults already where the classes differ: stft_kind, hybrid, depth, multi_freqs_depth, dconv.compress, dconv_attn,
 * dconv_lstm. */
void dmx_unet_config_read(dmx_arguments *arguments, dmx_unet *unet, double segment_seconds);

/* Build all levels, in the order in which PyTorch lists their tensors. */
void dmx_unet_load_levels(dmx_unet *unet, dmx_arguments *arguments, dmx_weights *weights);

/* See dmx_family. */
demucs_status dmx_unet_complete(dmx_network *network, demucs_error *error);
void dmx_unet_release(dmx_network *network);

/* False when the layers do not fit together on a mix of `frames` samples. */
bool dmx_unet_shapes_of(const dmx_unet *unet, int64_t frames, dmx_unet_shapes *shapes);

/* The same while loading: fail when they do not. */
void dmx_unet_check_shapes(const dmx_unet *unet, dmx_arguments *arguments, int64_t frames, dmx_unet_shapes *shapes);

/* True when level i of the spectrogram branch works on frequencies; beyond that it works on steps. */
bool dmx_unet_is_freq(const dmx_unet *unet, int level);

/* True when the branches meet at level i. */
bool dmx_unet_merges(const dmx_unet *unet, int level);

#endif
