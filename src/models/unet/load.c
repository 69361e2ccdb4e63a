/* load.c - build the levels of the U-Net from a checkpoint, in the order of the official constructors; see
 * unet.h */
#include "models/unet/unet.h"

#include "base/alloc.h"

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

static void load_bands(dmx_weights *w, const dmx_unet_config *c, dmx_multi_layer *multi, bool split,
                       const dmx_level_options *options, bool decoder, const char *prefix)
{
    dmx_level_options o = *options;
    multi->bands = split ? c->bands : 1;
    for (int k = 0; k < multi->bands; k++) {
        multi->ratios[k] = c->band_ratios[k];
        if (split) o.pad = false; /* the bands bring their own padding */
        dmx_name name = split ? dmx_name_of("%s.layers.%d", prefix, k) : dmx_name_of("%s", prefix);
        if (decoder)
            dmx_hdecoder_load(w, &multi->layers[k], &o, name.text);
        else
            dmx_hencoder_load(w, &multi->layers[k], &o, name.text);
    }
}

static void load_spectrogram_level(dmx_unet *m, dmx_arguments *a, dmx_weights *w, const level_state *s,
                                   const dmx_level_options *common)
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
    if (a->failed) return;
    const int decoder_level = c->depth - 1 - s->index; /* its place in the official list */
    load_bands(w, c, &m->encoder[s->index], multi, &enc, false, dmx_name_of("encoder.%d", s->index).text);
    load_bands(w, c, &m->decoder[s->index], multi, &dec, true, dmx_name_of("decoder.%d", decoder_level).text);
}

static void load_time_level(dmx_unet *m, dmx_arguments *a, dmx_weights *w, const level_state *s,
                            const dmx_level_options *common)
{
    const dmx_unet_config *c = &m->config;
    dmx_level_options time = *common;
    time.freq = false;
    time.kernel_size = c->kernel_size;
    time.stride = c->stride;
    time.pad = true;
    time.empty = !common->pad;
    const dmx_level_options enc = encoder_options(c, time, s->index, s->in, s->out);
    const dmx_level_options dec = decoder_options(c, time, s->index, s->out, s->decoder_out);
    check_layers(a, &enc, &dec);
    if (a->failed) return;
    dmx_hencoder_load(w, &m->tencoder[s->index], &enc, dmx_name_of("tencoder.%d", s->index).text);
    /* tdecoder is filled from the front, and its place is known only when time_depth is: see load_time_decoders. */
    m->tdecoder[s->index].options = dec;
    m->time_depth = s->index + 1;
}

/* One turn of the official constructor's loop. */
static void load_level(dmx_unet *m, dmx_arguments *a, dmx_weights *w, level_state *s)
{
    const dmx_level_options common = common_options(&m->config, s);
    const bool last_freq = common.freq && !common.pad;
    if (last_freq) s->out = s->out_z = s->out > s->out_z ? s->out : s->out_z;
    load_spectrogram_level(m, a, w, s, &common);
    if (m->config.hybrid && common.freq && !a->failed) load_time_level(m, a, w, s, &common);
}

static void load_time_decoders(dmx_unet *m, dmx_weights *w)
{
    for (int i = 0; i < m->time_depth; i++) {
        const dmx_level_options o = m->tdecoder[i].options;
        dmx_hdecoder_load(w, &m->tdecoder[i], &o, dmx_name_of("tdecoder.%d", m->time_depth - 1 - i).text);
    }
}

/* ScaledEmbedding: freq_emb * scale * weight, for the frequencies that are left after the first level. */
static void load_freq_embedding(dmx_unet *m, dmx_weights *w, int freqs, int channels)
{
    const int64_t shape[2] = {freqs, channels};
    const float *weight = dmx_weights_tensor(w, "freq_emb.embedding.weight", 2, shape);
    const size_t count = (size_t)freqs * (size_t)channels;
    float *embedding = w->failed ? NULL : dmx_store_floats(w->store, count);
    if (embedding == NULL) return;
    for (size_t i = 0; i < count; i++)
        embedding[i] = (float)m->config.freq_emb * (weight[i] * (float)m->config.emb_scale);
    m->freq_embedding = embedding;
    m->freq_embedding_bins = freqs;
}

void dmx_unet_load_levels(dmx_unet *m, dmx_arguments *a, dmx_weights *w)
{
    const dmx_unet_config *c = &m->config;
    const int audio = m->network.channels, complex_parts = c->cac ? 2 : 1;
    level_state s = {.freqs = c->nfft / 2, .in = audio, .in_z = audio * complex_parts, .out_z = c->channels};
    s.out = c->channels_time > 0 ? c->channels_time : c->channels;
    s.decoder_out = audio * m->network.source_count;
    s.decoder_out_z = s.decoder_out * complex_parts;
    for (s.index = 0; s.index < c->depth && !a->failed; s.index++) {
        const bool freq = s.freqs > 1;
        load_level(m, a, w, &s);
        if (freq) s.freqs = s.freqs <= c->kernel_size ? 1 : s.freqs / c->stride;
        s.decoder_out = s.in = s.out;
        s.decoder_out_z = s.in_z = s.out_z;
        if (s.index == 0 && c->freq_emb != 0 && !a->failed) load_freq_embedding(m, w, s.freqs, s.in_z);
        s.out = dmx_grow(s.out, c->growth);
        s.out_z = dmx_grow(s.out_z, c->growth);
    }
    load_time_decoders(m, w);
}

/* ---- the frame of load() ---- */

void dmx_unet_drop_weights(dmx_network *network) { dmx_store_clear(&((dmx_unet *)network)->store); }

bool dmx_unet_add_bf16(dmx_network *network, const dmx_kernels *kernels)
{
    return dmx_store_add_bf16(&((dmx_unet *)network)->store, kernels);
}

void dmx_unet_free(dmx_network *network)
{
    dmx_unet *m = (dmx_unet *)network;
    dmx_stft_free(m->stft);
    dmx_store_clear(&m->store);
    dmx_free(m);
}

demucs_status dmx_unet_load(dmx_network **network, const dmx_unet_class *class, const dmx_checkpoint *checkpoint,
                            dmx_warnings *warnings, demucs_error *error)
{
    dmx_unet *m = dmx_alloc(1, class->size);
    if (m == NULL)
        return dmx_fail(error, DEMUCS_ERROR_MEMORY, "%s: out of memory while loading the model.", checkpoint->path);
    m->network.family = class->family;
    demucs_error first = {DEMUCS_OK, ""};
    dmx_arguments a;
    dmx_weights w;
    dmx_arguments_begin(&a, checkpoint, class->parameter_names, warnings, &first);
    dmx_weights_begin(&w, checkpoint, &m->store, &first);
    class->construct(m, &a, &w);
    dmx_weights_finish(&w);
    m->network.parameters = w.parameters;
    if (first.status == DEMUCS_OK) dmx_stft_create(&m->stft, m->config.nfft, m->config.stft_kind, &first);
    if (first.status == DEMUCS_OK) {
        *network = &m->network;
        return DEMUCS_OK;
    }
    dmx_fail(error, first.status, "%s", first.message);
    dmx_network_free(&m->network);
    return first.status;
}
