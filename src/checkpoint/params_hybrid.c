/* params_hybrid.c - the parameters of HDemucs and HTDemucs, in the order of PyTorch. See params.h.
 *
 * Both build their layers in one loop over the depth and register them as encoder, decoder, tencoder, tdecoder; so the
 * loop is run once to learn the shapes, and each list is written from them. */
#include "checkpoint/params_builder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 16, MAX_CHANNELS = 1 << 20 };

/* One pair of encoder and decoder, of the frequency branch and, where it still is apart, of the time branch. */
typedef struct layer {
    int64_t in_z, out_z, in, out; /* encoder channels: frequency branch, time branch */
    int64_t to_z, to;             /* what the decoders come down to */
    int64_t kernel;               /* of the frequency branch */
    bool freq, last_freq, norm, multi, attention, lstm;
} layer;

typedef struct hybrid {
    int depth, copies;
    int64_t kernel, context, context_enc, mode, bands; /* bands: rows of the frequency embedding */
    bool rewrite, two_branches;
    dmx_dconv dconv;
    layer layers[MAX_DEPTH];
} hybrid;

/* Convolution over frequency ([kernel][1]) or over time ([kernel]). */
static void conv(dmx_params_builder *b, const char *module, bool freq, int64_t out, int64_t in, int64_t kernel,
                 int64_t across, int64_t bias)
{
    size_t before = dmx_params_enter(b, module, -1);
    dmx_params_add(b, "weight", freq ? 4 : 3, out, in, kernel, across);
    dmx_params_add(b, "bias", 1, bias, 0, 0, 0);
    dmx_params_leave(b, before);
}

/* HEncLayer */
static void encoder(dmx_params_builder *b, const hybrid *h, const layer *l, bool freq, int64_t in, int64_t out,
                    int64_t kernel, bool empty)
{
    int64_t across = 1 + 2 * h->context_enc;
    conv(b, "conv", freq, out, in, kernel, 1, out);
    if (empty) return;
    if (l->norm) dmx_params_norm(b, "norm1", -1, out);
    if (h->rewrite) conv(b, "rewrite", freq, 2 * out, out, across, across, 2 * out);
    if (h->rewrite && l->norm) dmx_params_norm(b, "norm2", -1, 2 * out);
    dmx_dconv dconv = h->dconv;
    dconv.attention = l->attention;
    dconv.lstm = l->lstm;
    if (h->mode & 1) dmx_params_dconv(b, "dconv", -1, out, &dconv);
}

/* HDecLayer. Its transposed convolution is [in][out][kernel]. */
static void decoder(dmx_params_builder *b, const hybrid *h, const layer *l, bool freq, int64_t in, int64_t out,
                    int64_t kernel, bool empty)
{
    int64_t across = 1 + 2 * h->context;
    conv(b, "conv_tr", freq, in, out, kernel, 1, out);
    if (l->norm) dmx_params_norm(b, "norm2", -1, out);
    if (empty) return;
    if (h->rewrite) conv(b, "rewrite", freq, 2 * in, in, freq && l->multi ? 1 : across, across, 2 * in);
    if (h->rewrite && l->norm) dmx_params_norm(b, "norm1", -1, 2 * in);
    dmx_dconv dconv = h->dconv;
    dconv.attention = l->attention;
    dconv.lstm = l->lstm;
    if (h->mode & 2) dmx_params_dconv(b, "dconv", -1, in, &dconv);
}

/* A layer of the frequency branch, or the copies of it that MultiWrap makes for parts of the spectrum. */
static void frequency_layer(dmx_params_builder *b, const hybrid *h, const layer *l, bool encodes)
{
    for (int k = 0; k < (l->multi ? h->copies : 1); k++) {
        size_t before = b->path_length;
        if (l->multi) dmx_params_enter(b, "layers.", k);
        if (encodes)
            encoder(b, h, l, l->freq, l->in_z, l->out_z, l->kernel, false);
        else
            decoder(b, h, l, l->freq, l->out_z, l->to_z, l->kernel, false);
        dmx_params_leave(b, before);
    }
}

static void write_branches(dmx_params_builder *b, const hybrid *h)
{
    int both = 0; /* layers that the time branch has */
    while (both < h->depth && h->layers[both].freq) both++;
    if (!h->two_branches) both = 0;
    for (int i = 0; i < h->depth; i++) {
        size_t before = dmx_params_enter(b, "encoder.", i);
        frequency_layer(b, h, &h->layers[i], true);
        dmx_params_leave(b, before);
    }
    for (int i = 0; i < h->depth; i++) {
        size_t before = dmx_params_enter(b, "decoder.", i);
        frequency_layer(b, h, &h->layers[h->depth - 1 - i], false);
        dmx_params_leave(b, before);
    }
    for (int i = 0; i < both; i++) {
        const layer *l = &h->layers[i];
        size_t before = dmx_params_enter(b, "tencoder.", i);
        encoder(b, h, l, false, l->in, l->out, h->kernel, l->last_freq);
        dmx_params_leave(b, before);
    }
    for (int i = 0; i < both; i++) {
        const layer *l = &h->layers[both - 1 - i];
        size_t before = dmx_params_enter(b, "tdecoder.", i);
        decoder(b, h, l, false, l->out, l->to, h->kernel, l->last_freq);
        dmx_params_leave(b, before);
    }
}

/* --------------------------------------------------------------------------------------------------- transformer -- */

/* Either layer of the transformer; norm3 is the cross layer's alone. */
static void attention_layer(dmx_params_builder *b, bool cross, int64_t dim, int64_t hidden, bool norm_out, bool scale)
{
    size_t attention = dmx_params_enter(b, cross ? "cross_attn" : "self_attn", -1);
    dmx_params_add(b, "in_proj_weight", 2, 3 * dim, dim, 0, 0);
    dmx_params_add(b, "in_proj_bias", 1, 3 * dim, 0, 0, 0);
    dmx_params_linear(b, "out_proj", dim, dim);
    dmx_params_leave(b, attention);
    dmx_params_linear(b, "linear1", dim, hidden);
    dmx_params_linear(b, "linear2", hidden, dim);
    for (int n = 1; n <= (cross ? 3 : 2); n++) dmx_params_norm(b, "norm", n, dim);
    if (norm_out) dmx_params_norm(b, "norm_out", -1, dim);
    for (int n = 1; scale && n <= 2; n++) {
        size_t gamma = dmx_params_enter(b, "gamma_", n);
        dmx_params_add(b, "scale", 1, dim, 0, 0, 0);
        dmx_params_leave(b, gamma);
    }
}

static void transformer(dmx_params_builder *b, int64_t dim)
{
    int layers = (int)dmx_params_integer(b, "t_layers", 5, 0, 256);
    int64_t hidden = (int64_t)(dmx_params_number(b, "t_hidden_scale", 4, 0.001, 1000) * (double)dim);
    bool norm_in = dmx_params_number(b, "t_norm_in", 1, 0, 1) != 0;
    bool norm_in_group = dmx_params_number(b, "t_norm_in_group", 0, 0, 1e6) != 0;
    bool norm_first = dmx_params_number(b, "t_norm_first", 1, 0, 1) != 0;
    bool norm_out = dmx_params_number(b, "t_norm_out", 1, 0, 1e6) != 0;
    bool scale = dmx_params_number(b, "t_layer_scale", 1, 0, 1) != 0;
    bool cross_first = dmx_params_number(b, "t_cross_first", 0, 0, 1) != 0;
    dmx_params_number(b, "t_sparse_self_attn", 0, 0, 0); /* needs another attention module */
    dmx_params_number(b, "t_sparse_cross_attn", 0, 0, 0);
    const dmx_value *emb = dmx_value_get(&b->checkpoint->kwargs, "t_emb");
    if (layers == 0) return;
    size_t before = dmx_params_enter(b, "crosstransformer", -1);
    if (emb != NULL && emb->kind == DMX_VALUE_STRING && strcmp(emb->text, "scaled") == 0) {
        int64_t positions = dmx_params_integer(b, "t_max_positions", 10000, 1, 1 << 24);
        size_t inner = dmx_params_enter(b, "position_embeddings.embedding", -1);
        dmx_params_add(b, "weight", 2, positions, dim, 0, 0);
        dmx_params_leave(b, inner);
    }
    if (norm_in || norm_in_group) dmx_params_norm(b, "norm_in", -1, dim);
    if (norm_in || norm_in_group) dmx_params_norm(b, "norm_in_t", -1, dim);
    for (int i = 0; i < 2 * layers; i++) {
        bool time = i >= layers;
        int at = time ? i - layers : i;
        size_t inner = dmx_params_enter(b, time ? "layers_t." : "layers.", at);
        attention_layer(b, (at % 2 == 0) == cross_first, dim, hidden, norm_out && norm_first, scale);
        dmx_params_leave(b, inner);
    }
    dmx_params_leave(b, before);
}

static void bottom_and_transformer(dmx_params_builder *b)
{
    int64_t bottom = dmx_params_integer(b, "bottom_channels", 0, 0, MAX_CHANNELS);
    double channels = (double)dmx_params_integer(b, "channels", 48, 1, MAX_CHANNELS);
    double growth = dmx_params_number(b, "growth", 2, 0.01, 100);
    double top = channels * pow(growth, (double)dmx_params_integer(b, "depth", 4, 1, MAX_DEPTH) - 1);
    if (top < 1 || top > MAX_CHANNELS || b->bad_argument != NULL) {
        if (b->bad_argument == NULL) b->bad_argument = "growth";
        return;
    }
    int64_t dim = (int64_t)top;
    if (bottom > 0) {
        dmx_params_conv1d(b, "channel_upsampler", -1, dim, bottom, 1);
        dmx_params_conv1d(b, "channel_downsampler", -1, bottom, dim, 1);
        dmx_params_conv1d(b, "channel_upsampler_t", -1, dim, bottom, 1);
        dmx_params_conv1d(b, "channel_downsampler_t", -1, bottom, dim, 1);
        dim = bottom;
    }
    transformer(b, dim);
}

/* ------------------------------------------------------------------------------------------------------- shapes -- */

static void read_arguments(dmx_params_builder *b, hybrid *h, bool with_transformer)
{
    const dmx_value *multi = dmx_value_get(&b->checkpoint->kwargs, "multi_freqs");
    h->depth = (int)dmx_params_integer(b, "depth", with_transformer ? 4 : 6, 1, MAX_DEPTH);
    h->copies = multi != NULL && multi->kind == DMX_VALUE_LIST && multi->count <= 64 ? (int)multi->count + 1 : 1;
    h->kernel = dmx_params_integer(b, "kernel_size", 8, 1, 1024);
    h->context = dmx_params_integer(b, "context", 1, 0, 1024);
    h->context_enc = dmx_params_integer(b, "context_enc", 0, 0, 1024);
    h->mode = dmx_params_integer(b, "dconv_mode", 1, 0, 3);
    h->rewrite = dmx_params_integer(b, "rewrite", 1, 0, 1) != 0;
    h->two_branches = with_transformer || dmx_params_integer(b, "hybrid", 1, 0, 1) != 0;
    h->dconv.depth = abs((int)dmx_params_integer(b, "dconv_depth", 2, -MAX_DEPTH, MAX_DEPTH));
    h->dconv.compress = dmx_params_number(b, "dconv_comp", with_transformer ? 8 : 4, 0.01, 1e6);
}

/* The loop of __init__, which is the same in both classes. */
static void read_layers(dmx_params_builder *b, hybrid *h, bool with_transformer)
{
    const int64_t never = 1000000;
    int64_t norm_starts = dmx_params_integer(b, "norm_starts", 4, 0, never);
    int64_t attention = with_transformer ? never : dmx_params_integer(b, "dconv_attn", 4, 0, never);
    int64_t lstm = with_transformer ? never : dmx_params_integer(b, "dconv_lstm", 4, 0, never);
    int64_t multi_depth = dmx_params_integer(b, "multi_freqs_depth", with_transformer ? 3 : 2, 0, never);
    int64_t stride = dmx_params_integer(b, "stride", 4, 1, 1024);
    int64_t time_stride = dmx_params_integer(b, "time_stride", 2, 1, 1024);
    int64_t cac = dmx_params_integer(b, "cac", 1, 0, 1) + 1;
    int64_t freqs = dmx_params_integer(b, "nfft", 4096, 2, 1 << 20) / 2;
    int64_t audio = dmx_params_integer(b, "audio_channels", 2, 1, 64), sources = dmx_params_sources(b);
    int64_t out_z = dmx_params_integer(b, "channels", 48, 1, MAX_CHANNELS);
    int64_t out = dmx_params_integer(b, "channels_time", 0, 0, MAX_CHANNELS);
    double growth = dmx_params_number(b, "growth", 2, 0.01, 100);
    int64_t in = audio, in_z = audio * cac;
    if (out == 0) out = out_z;
    for (int i = 0; i < h->depth && b->bad_argument == NULL; i++) {
        layer *l = &h->layers[i];
        l->freq = freqs > 1;
        l->last_freq = l->freq && freqs <= h->kernel;
        l->kernel = !l->freq ? 2 * time_stride : l->last_freq ? freqs : h->kernel;
        l->norm = i >= norm_starts;
        l->attention = i >= attention;
        l->lstm = i >= lstm;
        l->multi = h->copies > 1 && i < multi_depth;
        if (l->last_freq) out = out_z = out > out_z ? out : out_z;
        l->in = in;
        l->in_z = in_z;
        l->out = out;
        l->out_z = out_z;
        l->to = i == 0 ? audio * sources : in;
        l->to_z = i == 0 ? audio * sources * cac : in_z;
        in = out;
        in_z = out_z;
        out = (int64_t)(growth * (double)out);
        out_z = (int64_t)(growth * (double)out_z);
        if (out < 1 || out_z < 1 || out > MAX_CHANNELS || out_z > MAX_CHANNELS) b->bad_argument = "growth";
        if (l->freq) freqs = freqs <= h->kernel ? 1 : freqs / stride;
        if (i == 0) h->bands = freqs;
    }
}

void dmx_params_of_hybrid(dmx_params_builder *b, bool with_transformer)
{
    hybrid h = {.depth = 0};
    read_arguments(b, &h, with_transformer);
    read_layers(b, &h, with_transformer);
    bool embedding = dmx_params_number(b, "freq_emb", 0.2, -1e6, 1e6) != 0;
    if (b->bad_argument != NULL) return;
    write_branches(b, &h);
    if (embedding) {
        size_t before = dmx_params_enter(b, "freq_emb.embedding", -1);
        dmx_params_add(b, "weight", 2, h.bands, h.layers[0].out_z, 0, 0);
        dmx_params_leave(b, before);
    }
    if (with_transformer) bottom_and_transformer(b);
}
