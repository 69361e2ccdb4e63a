/* load.c - build HTDemucs from a checkpoint, in the order of the official constructor; see htdemucs.h */
#include "models/htdemucs/htdemucs.h"

#include <math.h>

static const char *const parameter_names[] = {"sources",
                                              "audio_channels",
                                              "channels",
                                              "channels_time",
                                              "growth",
                                              "nfft",
                                              "wiener_iters",
                                              "end_iters",
                                              "wiener_residual",
                                              "cac",
                                              "depth",
                                              "rewrite",
                                              "multi_freqs",
                                              "multi_freqs_depth",
                                              "freq_emb",
                                              "emb_scale",
                                              "emb_smooth",
                                              "kernel_size",
                                              "time_stride",
                                              "stride",
                                              "context",
                                              "context_enc",
                                              "norm_starts",
                                              "norm_groups",
                                              "dconv_mode",
                                              "dconv_depth",
                                              "dconv_comp",
                                              "dconv_init",
                                              "bottom_channels",
                                              "t_layers",
                                              "t_emb",
                                              "t_hidden_scale",
                                              "t_heads",
                                              "t_dropout",
                                              "t_max_positions",
                                              "t_norm_in",
                                              "t_norm_in_group",
                                              "t_group_norm",
                                              "t_norm_first",
                                              "t_norm_out",
                                              "t_max_period",
                                              "t_weight_decay",
                                              "t_lr",
                                              "t_layer_scale",
                                              "t_gelu",
                                              "t_weight_pos_embed",
                                              "t_sin_random_shift",
                                              "t_cape_mean_normalize",
                                              "t_cape_augment",
                                              "t_cape_glob_loc_scale",
                                              "t_sparse_self_attn",
                                              "t_sparse_cross_attn",
                                              "t_mask_type",
                                              "t_mask_random_seed",
                                              "t_sparse_attn_window",
                                              "t_global_window",
                                              "t_sparsity",
                                              "t_auto_sparsity",
                                              "t_cross_first",
                                              "rescale",
                                              "samplerate",
                                              "segment",
                                              "use_train_segment",
                                              NULL};

static void load_sampler(dmx_weights *w, dmx_conv *conv, int in, int out, const char *name)
{
    *conv = dmx_linear(in, out);
    dmx_weights_conv(w, conv, DMX_AXES_CONV1D, name);
}

static void load_transformer(dmx_htdemucs *m, dmx_arguments *a, dmx_weights *w)
{
    const dmx_ht_config *c = &m->config;
    const dmx_unet *unet = &m->unet;
    dmx_transformer_options o = c->transformer;
    const int deepest = unet->config.depth - 1;
    const int reached = unet->encoder[deepest].layers[0].options.out_channels;
    /* The official constructor sizes these layers by channels * growth^(depth - 1), and builds the samplers even when
     * no transformer uses them. */
    const double sized = unet->config.channels * pow(unet->config.growth, deepest);
    const int channels = sized <= 65536 ? (int)sized : 0;
    if (c->bottom_channels == 0 && o.layers == 0) return;
    if (channels != sized || (o.layers > 0 && channels != reached))
        dmx_arguments_fail(a, "the model's channels do not fit its transformer.");
    if (o.layers > 0 && (!dmx_unet_is_freq(unet, deepest) || unet->tencoder[deepest].options.out_channels != channels))
        dmx_arguments_fail(a, "the model's two branches do not fit its transformer.");
    o.dim = c->bottom_channels > 0 ? c->bottom_channels : channels;
    o.hidden = (int)(o.dim * c->hidden_scale);
    if (o.layers > 0) {
        const bool even = o.dim % o.heads == 0 && o.dim % 4 == 0 && o.hidden >= 1;
        if (!even || (o.group_norm > 0 && o.dim % o.group_norm != 0) || (o.norm_out > 0 && o.dim % o.norm_out != 0) ||
            (o.norm_in_group > 0 && o.dim % o.norm_in_group != 0))
            dmx_arguments_fail(a,
                               "the model's transformer has a width that its heads, norms or embeddings cannot share.");
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

static void construct(dmx_network *network, dmx_arguments *a, dmx_weights *w)
{
    dmx_htdemucs *m = (dmx_htdemucs *)network;
    dmx_unet *unet = &m->unet;
    dmx_ht_config_read(a, m);
    if (!a->failed) dmx_unet_load_levels(unet, a, w);
    if (!a->failed) load_transformer(m, a, w);
    const int64_t segment = dmx_segment_frames(network->segment, network->sample_rate_hz);
    dmx_unet_shapes shapes;
    if (!a->failed) dmx_unet_check_shapes(unet, a, segment, &shapes);
}

static const char *const python_names[] = {"demucs.htdemucs.HTDemucs", NULL};

const dmx_family dmx_htdemucs_family = {
    .class = {.name = "HTDemucs", .python_names = python_names},
    .parameters = parameter_names,
    .size = sizeof(dmx_htdemucs),
    .construct = construct,
    .complete = dmx_unet_complete,
    .release = dmx_unet_release,
    .valid_length = dmx_ht_valid_length,
    .forward = dmx_ht_forward,
};
