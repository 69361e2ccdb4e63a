/* load.c - build the layers of HTDemucs from a checkpoint, in the order of the official constructor; see htdemucs.h */
#include "models/htdemucs/htdemucs.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>

static const char *const parameter_names[] = {
    "sources", "audio_channels", "channels", "channels_time", "growth", "nfft", "wiener_iters", "end_iters",
    "wiener_residual", "cac", "depth", "rewrite", "multi_freqs", "multi_freqs_depth", "freq_emb", "emb_scale",
    "emb_smooth", "kernel_size", "time_stride", "stride", "context", "context_enc", "norm_starts", "norm_groups",
    "dconv_mode", "dconv_depth", "dconv_comp", "dconv_init", "bottom_channels", "t_layers", "t_emb", "t_hidden_scale",
    "t_heads", "t_dropout", "t_max_positions", "t_norm_in", "t_norm_in_group", "t_group_norm", "t_norm_first",
    "t_norm_out", "t_max_period", "t_weight_decay", "t_lr", "t_layer_scale", "t_gelu", "t_weight_pos_embed",
    "t_sin_random_shift", "t_cape_mean_normalize", "t_cape_augment", "t_cape_glob_loc_scale", "t_sparse_self_attn",
    "t_sparse_cross_attn", "t_mask_type", "t_mask_random_seed", "t_sparse_attn_window", "t_global_window", "t_sparsity",
    "t_auto_sparsity", "t_cross_first", "rescale", "samplerate", "segment", "use_train_segment", NULL};

/* Where the construction stands while it goes down the levels. */
typedef struct level_state {
    int index;
    int freqs;                 /* frequencies that the official constructor reckons with */
    int in, out;               /* time branch: channels into and out of this level */
    int in_z, out_z;           /* spectrogram branch */
    int decoder_out, decoder_out_z; /* what the decoder of this level gives */
} level_state;

static dmx_hybrid_options common_options(const dmx_ht_config *c, const level_state *s)
{
    dmx_hybrid_options o = {.kernel_size = c->kernel_size, .stride = c->stride, .pad = true, .freq = s->freqs > 1};
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

static dmx_hybrid_options encoder_options(const dmx_ht_config *c, dmx_hybrid_options o, int in, int out)
{
    o.in_channels = in;
    o.out_channels = out;
    o.context = c->context_enc;
    o.context_freq = true;
    if (c->dconv_mode & 1) o.dconv = c->dconv;
    return o;
}

static dmx_hybrid_options decoder_options(const dmx_ht_config *c, dmx_hybrid_options o, int in, int out, bool multi)
{
    o.in_channels = in;
    o.out_channels = out;
    o.context = c->context;
    o.context_freq = !multi;
    if (c->dconv_mode & 2) o.dconv = c->dconv;
    return o;
}

/* The limits of what GroupNorm and DConv accept, which PyTorch finds out when it builds them. */
static void check_channels(dmx_arguments *a, const dmx_hybrid_options *o, int channels)
{
    if (channels < 1 || channels > 65536) dmx_arguments_fail(a, "the model has a layer without or with too many channels.");
    if (o->empty) return;
    if (o->norm_groups > 0 && channels % o->norm_groups != 0)
        dmx_arguments_fail(a, "the model argument norm_groups should divide the channels of every level with norms.");
    if (o->dconv.depth != 0 && (int)(channels / o->dconv.compress) < 1)
        dmx_arguments_fail(a, "the model argument dconv_comp leaves no channels inside DConv.");
}

static void load_bands(dmx_weights *w, const dmx_ht_config *c, dmx_multi_layer *multi, bool split,
                       const dmx_hybrid_options *options, bool decoder, const char *prefix)
{
    dmx_hybrid_options o = *options;
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

/* One turn of the official constructor's loop. */
static void load_level(dmx_htdemucs *m, dmx_arguments *a, dmx_weights *w, level_state *s)
{
    const dmx_ht_config *c = &m->config;
    const dmx_hybrid_options common = common_options(c, s);
    const bool last_freq = common.freq && !common.pad;
    const bool multi = c->bands > 1 && s->index < c->multi_freqs_depth;
    if (multi && (common.norm_groups > 0 || !common.freq || !common.pad))
        dmx_arguments_fail(a, "the model argument multi_freqs covers levels that have norms or no frequencies to split.");
    if (last_freq) s->out = s->out_z = s->out > s->out_z ? s->out : s->out_z;

    const int decoder_level = c->depth - 1 - s->index; /* its place in the official list */
    dmx_hybrid_options enc = encoder_options(c, common, s->in_z, s->out_z);
    dmx_hybrid_options dec = decoder_options(c, common, s->out_z, s->decoder_out_z, multi);
    check_channels(a, &enc, enc.out_channels);
    check_channels(a, &dec, dec.in_channels);
    if (dec.norm_groups > 0 && dec.out_channels % dec.norm_groups != 0)
        dmx_arguments_fail(a, "the model argument norm_groups should divide the channels of every level with norms.");
    if (a->failed) return;
    load_bands(w, c, &m->encoder[s->index], multi, &enc, false, dmx_name_of("encoder.%d", s->index).text);
    load_bands(w, c, &m->decoder[s->index], multi, &dec, true, dmx_name_of("decoder.%d", decoder_level).text);
    if (!common.freq) return;

    dmx_hybrid_options time = common;
    time.freq = false;
    time.kernel_size = c->kernel_size;
    time.stride = c->stride;
    time.pad = true;
    time.empty = last_freq;
    enc = encoder_options(c, time, s->in, s->out);
    dec = decoder_options(c, time, s->out, s->decoder_out, false);
    check_channels(a, &enc, enc.out_channels);
    check_channels(a, &dec, dec.in_channels);
    if (dec.norm_groups > 0 && dec.out_channels % dec.norm_groups != 0)
        dmx_arguments_fail(a, "the model argument norm_groups should divide the channels of every level with norms.");
    if (a->failed) return;
    dmx_hencoder_load(w, &m->tencoder[s->index], &enc, dmx_name_of("tencoder.%d", s->index).text);
    /* tdecoder is filled from the front, and its place is known only when time_depth is: see load_time_decoders. */
    m->tdecoder[s->index].options = dec;
    m->time_depth = s->index + 1;
}

static void load_time_decoders(dmx_htdemucs *m, dmx_weights *w)
{
    for (int i = 0; i < m->time_depth; i++) {
        const dmx_hybrid_options o = m->tdecoder[i].options;
        dmx_hdecoder_load(w, &m->tdecoder[i], &o, dmx_name_of("tdecoder.%d", m->time_depth - 1 - i).text);
    }
}

/* ScaledEmbedding: freq_emb * scale * weight, for the frequencies that are left after the first level. */
static void load_freq_embedding(dmx_htdemucs *m, dmx_weights *w, int freqs, int channels)
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

static void load_levels(dmx_htdemucs *m, dmx_arguments *a, dmx_weights *w)
{
    const dmx_ht_config *c = &m->config;
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
        s.out = (int)(c->growth * s.out);
        s.out_z = (int)(c->growth * s.out_z);
    }
    load_time_decoders(m, w);
}

static void load_sampler(dmx_weights *w, dmx_conv *conv, int in, int out, const char *name)
{
    *conv = dmx_linear(in, out);
    dmx_weights_conv(w, conv, DMX_AXES_CONV1D, name);
}

static void load_transformer(dmx_htdemucs *m, dmx_arguments *a, dmx_weights *w)
{
    const dmx_ht_config *c = &m->config;
    dmx_transformer_options o = c->transformer;
    const int deepest = c->depth - 1;
    const int channels = m->encoder[deepest].layers[0].options.out_channels;
    /* The official constructor sizes these layers by channels * growth^(depth - 1), and builds the samplers even when no
     * transformer uses them. */
    if (c->channels * pow(c->growth, deepest) != channels) {
        if (c->bottom_channels > 0 || o.layers > 0)
            dmx_arguments_fail(a, "the model's channels do not fit its transformer.");
        return;
    }
    if (o.layers > 0 && (!dmx_ht_is_freq(m, deepest) || m->tencoder[deepest].options.out_channels != channels))
        dmx_arguments_fail(a, "the model's two branches do not fit its transformer.");
    o.dim = c->bottom_channels > 0 ? c->bottom_channels : channels;
    o.hidden = (int)(o.dim * c->hidden_scale);
    if (o.layers > 0) {
        const bool even = o.dim % o.heads == 0 && o.dim % 4 == 0 && o.hidden >= 1;
        if (!even || (o.group_norm > 0 && o.dim % o.group_norm != 0) || (o.norm_out > 0 && o.dim % o.norm_out != 0) ||
            (o.norm_in_group > 0 && o.dim % o.norm_in_group != 0))
            dmx_arguments_fail(a, "the model's transformer has a width that its heads, norms or embeddings cannot share.");
    }
    if (a->failed) return;
    if (c->bottom_channels > 0) {
        load_sampler(w, &m->channel_upsampler, channels, o.dim, "channel_upsampler");
        load_sampler(w, &m->channel_downsampler, o.dim, channels, "channel_downsampler");
        load_sampler(w, &m->channel_upsampler_t, channels, o.dim, "channel_upsampler_t");
        load_sampler(w, &m->channel_downsampler_t, o.dim, channels, "channel_downsampler_t");
    }
    if (o.layers > 0) dmx_transformer_load(w, &m->transformer, &o, "crosstransformer");
}

static void check_shapes(const dmx_htdemucs *m, dmx_arguments *a)
{
    dmx_ht_shapes shapes;
    const int64_t frames = dmx_segment_frames(m->network.segment, m->network.sample_rate_hz);
    if (a->failed) return;
    if (!dmx_ht_shapes_of(m, frames, &shapes)) {
        dmx_arguments_fail(a, "the model's kernel sizes, strides and depth do not fit together.");
        return;
    }
    const dmx_transformer_options *o = &m->transformer.options;
    if (o->layers > 0 && o->embedding == DMX_EMBEDDING_SCALED && shapes.frames[m->config.depth] > o->max_positions)
        dmx_arguments_fail(a, "the model argument t_max_positions is too small for its segment.");
    if (m->freq_embedding != NULL && shapes.bins[1] > m->freq_embedding_bins)
        dmx_arguments_fail(a, "the model's frequency embedding has fewer rows than there are frequencies.");
}

static void free_model(dmx_network *network)
{
    dmx_htdemucs *m = (dmx_htdemucs *)network;
    dmx_stft_free(m->stft);
    dmx_store_clear(&m->store);
    dmx_free(m);
}

static demucs_status load_model(dmx_network **network, const dmx_checkpoint *checkpoint, dmx_warnings *warnings,
                                demucs_error *error)
{
    dmx_htdemucs *m = dmx_alloc(1, sizeof *m);
    if (m == NULL)
        return dmx_fail(error, DEMUCS_ERROR_MEMORY, "%s: out of memory while loading the model.", checkpoint->path);
    m->network.family = &dmx_htdemucs_family;
    demucs_error first = {DEMUCS_OK, ""};
    dmx_arguments a;
    dmx_weights w;
    dmx_arguments_begin(&a, checkpoint, parameter_names, warnings, &first);
    dmx_ht_config_read(&a, &m->config, &m->network);
    dmx_weights_begin(&w, checkpoint, &m->store, &first);
    if (!a.failed) load_levels(m, &a, &w);
    if (!a.failed) load_transformer(m, &a, &w);
    if (!a.failed) check_shapes(m, &a);
    dmx_weights_finish(&w);
    m->network.parameters = w.parameters;
    if (first.status == DEMUCS_OK) dmx_stft_create(&m->stft, m->config.nfft, DMX_STFT_HYBRID, &first);
    if (first.status == DEMUCS_OK) {
        *network = &m->network;
        return DEMUCS_OK;
    }
    dmx_fail(error, first.status, "%s", first.message);
    dmx_network_free(&m->network);
    return first.status;
}

const dmx_family dmx_htdemucs_family = {
    .class_name = "HTDemucs",
    .load = load_model,
    .free = free_model,
    .valid_length = dmx_ht_valid_length,
    .forward = dmx_ht_forward,
};
