/* load.c - build the levels of the U-Net from a checkpoint; see unet.h
 *
 * The official constructors build encoders and decoders in one loop, and PyTorch lists the tensors branch by branch. So
 * the loop sets the options of every layer first, and their tensors are loaded in the order of that list. */
#include "models/unet/unet.h"

/* Where the construction stands while it goes down the levels. */
typedef struct level_state {
    int index;
    int freqs;                      /* frequencies that the official constructor reckons with */
    int in, out;                    /* time branch: channels into and out of this level */
    int in_z, out_z;                /* spectrogram branch */
    int decoder_out, decoder_out_z; /* what the decoder of this level gives */
} level_state;

static dmx_level_options common_options(const dmx_unet_config *c, const level_state *s)
{
    dmx_level_options o = {.kernel_size = c->kernel_size, .stride = c->stride, .pad = true, .freq = s->freqs > 1};
    o.rewrite = c->rewrite;
    o.norm_groups = s->index >= c->norm_starts ? c->norm_groups : 0;
    o.last = s->index == 0;
    if (!o.freq) {
        o.kernel_size = c->time_stride * 2;
        o.stride = c->time_stride;
    } else if (s->freqs <= c->kernel_size) {
        o.kernel_size = s->freqs;
        o.pad = false;
    }
    return o;
}

static dmx_dconv_options dconv_options(const dmx_unet_config *c, int level)
{
    dmx_dconv_options o = c->dconv;
    o.attn = level >= c->dconv_attn;
    o.lstm = level >= c->dconv_lstm;
    return o;
}

static dmx_level_options encoder_options(const dmx_unet_config *c, dmx_level_options o, int level, int in, int out)
{
    o.in_channels = in;
    o.out_channels = out;
    o.context = c->context_enc;
    o.context_freq = true;
    if (c->dconv_mode & 1) o.dconv = dconv_options(c, level);
    return o;
}

static dmx_level_options decoder_options(const dmx_unet_config *c, dmx_level_options o, int level, int in, int out)
{
    o.in_channels = in;
    o.out_channels = out;
    o.context = c->context;
    o.context_freq = true;
    if (c->dconv_mode & 2) o.dconv = dconv_options(c, level);
    return o;
}

/* The limits of what GroupNorm and DConv accept, which PyTorch finds out when it builds them. */
static void check_norm(dmx_arguments *a, const dmx_level_options *o, int channels)
{
    if (channels < 1 || channels > 65536)
        dmx_arguments_fail(a, "the model has a layer without or with too many channels.");
    if (o->norm_groups > 0 && channels % o->norm_groups != 0)
        dmx_arguments_fail(a, "the model argument norm_groups should divide the channels of every level with norms.");
}

static void check_dconv(dmx_arguments *a, const dmx_level_options *o, int channels)
{
    const char *problem = o->empty || o->dconv.depth == 0 ? NULL : dmx_dconv_problem(channels, &o->dconv);
    if (problem != NULL) dmx_arguments_fail(a, problem);
}

/* The widths of an encoder and its decoder. */
static void check_layers(dmx_arguments *a, const dmx_level_options *enc, const dmx_level_options *dec)
{
    if (!enc->empty) check_norm(a, enc, enc->out_channels);
    check_norm(a, dec, dec->out_channels);
    check_dconv(a, enc, enc->out_channels);
    check_dconv(a, dec, dec->in_channels);
}

/* ---- the options of the layers, level by level ---- */

/* A layer, or one for each band, which then bring their own padding. */
static void set_bands(dmx_multi_layer *multi, const dmx_unet_config *c, bool split, dmx_level_options options)
{
    if (split) options.pad = false;
    multi->bands = split ? c->bands : 1;
    for (int k = 0; k < multi->bands; k++) {
        multi->ratios[k] = c->band_ratios[k];
        multi->layers[k].options = options;
    }
}

static void set_spectrogram_level(dmx_unet *m, dmx_arguments *a, const level_state *s, const dmx_level_options *common)
{
    const dmx_unet_config *c = &m->config;
    const bool multi = c->bands > 1 && s->index < c->multi_freqs_depth;
    if (multi && (common->norm_groups > 0 || !common->freq || !common->pad))
        dmx_arguments_fail(a,
                           "the model argument multi_freqs covers levels that have norms or no frequencies to split.");
    const dmx_level_options enc = encoder_options(c, *common, s->index, s->in_z, s->out_z);
    dmx_level_options dec = decoder_options(c, *common, s->index, s->out_z, s->decoder_out_z);
    dec.context_freq = !multi;
    check_layers(a, &enc, &dec);
    set_bands(&m->encoder[s->index], c, multi, enc);
    set_bands(&m->decoder[s->index], c, multi, dec);
}

static void set_time_level(dmx_unet *m, dmx_arguments *a, const level_state *s, const dmx_level_options *common)
{
    const dmx_unet_config *c = &m->config;
    dmx_level_options time = *common;
    time.freq = false;
    time.kernel_size = c->kernel_size;
    time.stride = c->stride;
    time.pad = true;
    time.empty = !common->pad;
    m->tencoder[s->index].options = encoder_options(c, time, s->index, s->in, s->out);
    m->tdecoder[s->index].options = decoder_options(c, time, s->index, s->out, s->decoder_out);
    check_layers(a, &m->tencoder[s->index].options, &m->tdecoder[s->index].options);
    m->time_depth = s->index + 1;
}

/* One turn of the official constructor's loop. */
static void set_level(dmx_unet *m, dmx_arguments *a, level_state *s)
{
    const dmx_level_options common = common_options(&m->config, s);
    const bool last_freq = common.freq && !common.pad;
    if (last_freq) s->out = s->out_z = s->out > s->out_z ? s->out : s->out_z;
    set_spectrogram_level(m, a, s, &common);
    if (m->config.hybrid && common.freq) set_time_level(m, a, s, &common);
}

static void set_levels(dmx_unet *m, dmx_arguments *a)
{
    const dmx_unet_config *c = &m->config;
    const int audio = m->network.channels, complex_parts = c->cac ? 2 : 1;
    level_state s = {.freqs = c->nfft / 2, .in = audio, .in_z = audio * complex_parts, .out_z = c->channels};
    s.out = c->channels_time > 0 ? c->channels_time : c->channels;
    s.decoder_out = audio * m->network.source_count;
    s.decoder_out_z = s.decoder_out * complex_parts;
    for (s.index = 0; s.index < c->depth && !a->failed; s.index++) {
        const bool freq = s.freqs > 1;
        set_level(m, a, &s);
        if (freq) s.freqs = s.freqs <= c->kernel_size ? 1 : s.freqs / c->stride;
        if (s.index == 0) m->freq_embedding_bins = s.freqs;
        s.decoder_out = s.in = s.out;
        s.decoder_out_z = s.in_z = s.out_z;
        s.out = dmx_grow(s.out, c->growth);
        s.out_z = dmx_grow(s.out_z, c->growth);
    }
}

/* ---- the weights of the layers, branch by branch ---- */

/* HEncLayer and HDecLayer register their parts in these orders. */
static void load_encoder(dmx_weights *w, dmx_level *layer, const char *prefix)
{
    const dmx_level_names names = {{{DMX_PART_CONV, dmx_name_of("%s.conv", prefix)},
                                    {DMX_PART_NORM1, dmx_name_of("%s.norm1", prefix)},
                                    {DMX_PART_REWRITE, dmx_name_of("%s.rewrite", prefix)},
                                    {DMX_PART_NORM2, dmx_name_of("%s.norm2", prefix)},
                                    {DMX_PART_DCONV, dmx_name_of("%s.dconv", prefix)}}};
    dmx_encoder_load(w, layer, &layer->options, &names);
}

static void load_decoder(dmx_weights *w, dmx_level *layer, const char *prefix)
{
    const dmx_level_names names = {{{DMX_PART_CONV, dmx_name_of("%s.conv_tr", prefix)},
                                    {DMX_PART_NORM2, dmx_name_of("%s.norm2", prefix)},
                                    {DMX_PART_REWRITE, dmx_name_of("%s.rewrite", prefix)},
                                    {DMX_PART_NORM1, dmx_name_of("%s.norm1", prefix)},
                                    {DMX_PART_DCONV, dmx_name_of("%s.dconv", prefix)}}};
    dmx_decoder_load(w, layer, &layer->options, &names);
}

static void load_multi(dmx_weights *w, dmx_multi_layer *multi, void (*load)(dmx_weights *, dmx_level *, const char *),
                       const char *prefix)
{
    for (int k = 0; k < multi->bands; k++)
        load(w, &multi->layers[k],
             multi->bands > 1 ? dmx_name_of("%s.layers.%d", prefix, k).text : dmx_name_of("%s", prefix).text);
}

/* The official lists count decoders from the inside. */
static void load_branches(dmx_unet *m, dmx_weights *w)
{
    const int depth = m->config.depth, time_depth = m->time_depth;
    for (int i = 0; i < depth; i++) load_multi(w, &m->encoder[i], load_encoder, dmx_name_of("encoder.%d", i).text);
    for (int i = 0; i < depth; i++)
        load_multi(w, &m->decoder[depth - 1 - i], load_decoder, dmx_name_of("decoder.%d", i).text);
    for (int i = 0; i < time_depth; i++) load_encoder(w, &m->tencoder[i], dmx_name_of("tencoder.%d", i).text);
    for (int i = 0; i < time_depth; i++)
        load_decoder(w, &m->tdecoder[time_depth - 1 - i], dmx_name_of("tdecoder.%d", i).text);
}

/* ScaledEmbedding: freq_emb * scale * weight, for the frequencies that are left after the first level. */
static void load_freq_embedding(dmx_unet *m, dmx_weights *w)
{
    const dmx_unet_config *c = &m->config;
    if (c->freq_emb == 0) return;
    m->freq_embedding =
        dmx_weights_scaled_table(w, "freq_emb.embedding.weight", m->freq_embedding_bins,
                                 m->encoder[0].layers[0].options.out_channels, (float)c->emb_scale, (float)c->freq_emb);
}

void dmx_unet_load_levels(dmx_unet *m, dmx_arguments *a, dmx_weights *w)
{
    set_levels(m, a);
    if (a->failed) return;
    load_branches(m, w);
    load_freq_embedding(m, w);
}

/* ---- the rest ---- */

demucs_status dmx_unet_complete(dmx_network *network, demucs_error *error)
{
    dmx_unet *m = (dmx_unet *)network;
    return dmx_stft_create(&m->stft, m->config.nfft, m->config.stft_kind, error);
}

void dmx_unet_release(dmx_network *network) { dmx_stft_free(((dmx_unet *)network)->stft); }
