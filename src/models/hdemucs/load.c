/* load.c - build HDemucs from a checkpoint; see hdemucs.h */
#include "models/hdemucs/hdemucs.h"

static const char *const parameter_names[] = {
    "sources",     "audio_channels",    "channels",    "channels_time", "growth",      "nfft",        "wiener_iters",
    "end_iters",   "wiener_residual",   "cac",         "depth",         "rewrite",     "hybrid",      "hybrid_old",
    "multi_freqs", "multi_freqs_depth", "freq_emb",    "emb_scale",     "emb_smooth",  "kernel_size", "time_stride",
    "stride",      "context",           "context_enc", "norm_starts",   "norm_groups", "dconv_mode",  "dconv_depth",
    "dconv_comp",  "dconv_attn",        "dconv_lstm",  "dconv_init",    "rescale",     "samplerate",  "segment",
    NULL};

static void read_config(dmx_arguments *a, dmx_unet *m)
{
    dmx_unet_config *c = &m->config;
    *c = (dmx_unet_config){.depth = 6, .multi_freqs_depth = 2, .dconv.compress = 4};
    c->hybrid = dmx_arguments_bool(a, "hybrid", true);
    c->stft_kind = c->hybrid ? DMX_STFT_HYBRID : DMX_STFT_CENTRED;
    if (dmx_arguments_bool(a, "hybrid_old", false)) {
        if (!c->hybrid) dmx_arguments_fail(a, "the model argument hybrid_old must come with hybrid.");
        c->stft_kind = DMX_STFT_HYBRID_OLD;
    }
    c->dconv_attn = dmx_arguments_int(a, "dconv_attn", 4, -1000, 1000);
    c->dconv_lstm = dmx_arguments_int(a, "dconv_lstm", 4, -1000, 1000);
    dmx_unet_config_read(a, m, 40);
}

/* The time branch ends where one kernel covers the frequencies that are left. */
static bool branches_meet(const dmx_unet_config *c)
{
    int freqs = c->nfft / 2;
    for (int i = 0; i < c->depth && freqs > 1; i++) {
        if (freqs <= c->kernel_size) return true;
        freqs /= c->stride;
    }
    return false;
}

static void construct(dmx_network *network, dmx_arguments *a, dmx_weights *w)
{
    dmx_unet *m = (dmx_unet *)network;
    read_config(a, m);
    if (!a->failed && m->config.hybrid && !branches_meet(&m->config))
        dmx_arguments_fail(a, "the model argument depth ends before the level where its two branches meet.");
    if (!a->failed) dmx_unet_load_levels(m, a, w);
    const int64_t segment = dmx_segment_frames(network->segment, network->sample_rate_hz);
    dmx_unet_shapes shapes;
    if (!a->failed) dmx_unet_check_shapes(m, a, dmx_hd_valid_length(network, segment), &shapes);
}

static const char *const python_names[] = {"demucs.hdemucs.HDemucs", "demucs.wdemucs.WDemucs", /* its early name */
                                           NULL};

const dmx_family dmx_hdemucs_family = {
    .class = {.name = "HDemucs", .python_names = python_names},
    .parameters = parameter_names,
    .size = sizeof(dmx_unet),
    .construct = construct,
    .complete = dmx_unet_complete,
    .release = dmx_unet_release,
    .valid_length = dmx_hd_valid_length,
    .forward = dmx_hd_forward,
};
