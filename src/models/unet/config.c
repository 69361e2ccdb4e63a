/* config.c - the constructor's arguments that HDemucs and HTDemucs share; see unet.h
 *
 * Those that only matter to training (dconv_init, emb_smooth, rescale) are known and not looked at. What changes
 * inference and cannot be honoured is refused by name. */
#include "models/unet/unet.h"

static void read_structure(dmx_arguments *a, dmx_unet_config *c)
{
    c->channels = dmx_arguments_int(a, "channels", 48, 1, 8192);
    c->channels_time = dmx_arguments_given(a, "channels_time") ? dmx_arguments_int(a, "channels_time", 0, 0, 8192) : 0;
    c->growth = dmx_arguments_number(a, "growth", 2, 0.1, 16);
    c->nfft = dmx_arguments_int(a, "nfft", 4096, 8, 1 << 20);
    c->depth = dmx_arguments_int(a, "depth", c->depth, 1, DMX_UNET_MAX_DEPTH);
    c->rewrite = dmx_arguments_bool(a, "rewrite", true);
    c->kernel_size = dmx_arguments_int(a, "kernel_size", 8, 1, 64);
    c->stride = dmx_arguments_int(a, "stride", 4, 1, 64);
    c->time_stride = dmx_arguments_int(a, "time_stride", 2, 1, 64);
    c->context = dmx_arguments_int(a, "context", 1, 0, 16);
    c->context_enc = dmx_arguments_int(a, "context_enc", 0, 0, 16);
    c->norm_starts = dmx_arguments_int(a, "norm_starts", 4, -1000, 1000);
    c->norm_groups = dmx_arguments_int(a, "norm_groups", 4, 1, 8192);
    c->dconv_mode = dmx_arguments_int(a, "dconv_mode", 1, 0, 1000);
    c->dconv.depth = dmx_arguments_int(a, "dconv_depth", 2, -DMX_DCONV_MAX_DEPTH, DMX_DCONV_MAX_DEPTH);
    c->dconv.compress = dmx_arguments_number(a, "dconv_comp", c->dconv.compress, 0.01, 8192);
    c->freq_emb = dmx_arguments_given(a, "freq_emb") ? dmx_arguments_number(a, "freq_emb", 0.2, -1e6, 1e6) : 0;
    if (dmx_arguments_value(a, "freq_emb") == NULL) c->freq_emb = 0.2;
    c->emb_scale = dmx_arguments_number(a, "emb_scale", 10, -1e6, 1e6);
}

static void read_multi_freqs(dmx_arguments *a, dmx_unet_config *c)
{
    c->bands = 1;
    c->multi_freqs_depth = dmx_arguments_int(a, "multi_freqs_depth", c->multi_freqs_depth, -1000, 1000);
    const dmx_value *list = dmx_arguments_value(a, "multi_freqs");
    if (list == NULL || list->kind == DMX_VALUE_NONE || c->multi_freqs_depth <= 0 || a->failed) return;
    if (list->kind != DMX_VALUE_LIST || list->count >= DMX_MAX_BANDS) {
        dmx_arguments_fail(a, "the model argument multi_freqs should be a list of at most 15 ratios.");
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        double ratio, before = i > 0 ? c->band_ratios[i - 1] : 0;
        if (!dmx_value_to_double(&list->items[i], &ratio) || !(ratio > before) || !(ratio < 1)) {
            dmx_arguments_fail(a, "the model argument multi_freqs should hold growing ratios between 0 and 1.");
            return;
        }
        c->band_ratios[i] = ratio;
        c->bands++;
    }
    if (c->bands > 1 && c->kernel_size != 2 * c->stride)
        dmx_arguments_refuse(a, "multi_freqs", "it needs a kernel_size of twice the stride");
}

static void read_masking(dmx_arguments *a, dmx_unet_config *c, int channels)
{
    c->cac = dmx_arguments_bool(a, "cac", true);
    c->wiener_iters = dmx_arguments_int(a, "wiener_iters", 0, -1000, 1000);
    c->wiener_residual = dmx_arguments_bool(a, "wiener_residual", false);
    /* end_iters is for training; the official classes want the two equal where the time branch depends on it. */
    const int end_iters = dmx_arguments_int(a, "end_iters", 0, -1000, 1000);
    if (c->hybrid && end_iters != c->wiener_iters)
        dmx_arguments_fail(a, "the model arguments wiener_iters and end_iters should be equal.");
    if (!c->cac && c->wiener_iters > 0 && channels > 2)
        dmx_arguments_refuse(a, "wiener_iters", "Wiener filtering works on one or two audio channels");
}

void dmx_unet_config_read(dmx_arguments *a, dmx_unet *unet, double segment_seconds)
{
    dmx_network *network = &unet->network;
    dmx_arguments_sources(a, network);
    network->channels = dmx_arguments_int(a, "audio_channels", 2, 1, DMX_MAX_CHANNELS);
    network->sample_rate_hz = dmx_arguments_int(a, "samplerate", 44100, 1, DMX_MAX_SAMPLE_RATE);
    dmx_arguments_segment(a, segment_seconds, network);
    read_structure(a, &unet->config);
    read_multi_freqs(a, &unet->config);
    read_masking(a, &unet->config, network->channels);
}
