/* config.c - the constructor's arguments of HTDemucs; see htdemucs.h
 *
 * Every argument of the official class is read here. Those that only matter to training (t_dropout, dconv_init,
 * emb_smooth, rescale, t_weight_decay, t_lr, t_cape_augment, t_cape_glob_loc_scale, ...) are known and not looked at. What
 * changes inference and cannot be honoured is refused by name. */
#include "models/htdemucs/htdemucs.h"

#include <math.h>
#include <string.h>

static void read_structure(dmx_arguments *a, dmx_ht_config *c)
{
    c->channels = dmx_arguments_int(a, "channels", 48, 1, 8192);
    c->channels_time =
        dmx_arguments_given(a, "channels_time") ? dmx_arguments_int(a, "channels_time", 0, 0, 8192) : 0;
    c->growth = dmx_arguments_number(a, "growth", 2, 0.1, 16);
    c->nfft = dmx_arguments_int(a, "nfft", 4096, 8, 1 << 20);
    c->depth = dmx_arguments_int(a, "depth", 4, 1, DMX_HT_MAX_DEPTH);
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
    c->dconv.compress = dmx_arguments_number(a, "dconv_comp", 8, 0.01, 8192);
    c->bottom_channels =
        dmx_arguments_given(a, "bottom_channels") ? dmx_arguments_int(a, "bottom_channels", 0, 0, 65536) : 0;
    c->freq_emb = dmx_arguments_given(a, "freq_emb") ? dmx_arguments_number(a, "freq_emb", 0.2, -1e6, 1e6) : 0;
    if (dmx_arguments_value(a, "freq_emb") == NULL) c->freq_emb = 0.2;
    c->emb_scale = dmx_arguments_number(a, "emb_scale", 10, -1e6, 1e6);
}

static void read_multi_freqs(dmx_arguments *a, dmx_ht_config *c)
{
    c->bands = 1;
    c->multi_freqs_depth = dmx_arguments_int(a, "multi_freqs_depth", 3, 0, 1000);
    const dmx_value *list = dmx_arguments_value(a, "multi_freqs");
    if (list == NULL || list->kind == DMX_VALUE_NONE || a->failed) return;
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

/* x & 1 for a Python value that is used both as a flag and as a number of groups. */
static int groups_of(int value) { return value > 0 ? value : 0; }

static void read_transformer(dmx_arguments *a, dmx_ht_config *c)
{
    static const char *const embeddings[] = {"sin", "cape", "scaled", NULL};
    dmx_transformer_options *t = &c->transformer;
    t->layers = dmx_arguments_int(a, "t_layers", 5, 0, DMX_TRANSFORMER_MAX_LAYERS);
    t->embedding = (dmx_position_embedding)dmx_arguments_choice(a, "t_emb", DMX_EMBEDDING_SIN, embeddings);
    c->hidden_scale = dmx_arguments_number(a, "t_hidden_scale", 4, 0.001, 1000);
    t->heads = dmx_arguments_int(a, "t_heads", 8, 1, 65536);
    t->max_positions = dmx_arguments_int(a, "t_max_positions", 10000, 1, 1 << 24);
    t->max_period = dmx_arguments_number(a, "t_max_period", 10000, 1e-6, 1e30);
    t->weight_pos_embed = dmx_arguments_number(a, "t_weight_pos_embed", 1, -1e6, 1e6);
    t->norm_in = dmx_arguments_bool(a, "t_norm_in", true);
    t->norm_in_group = groups_of(dmx_arguments_int(a, "t_norm_in_group", 0, 0, 65536));
    t->group_norm = groups_of(dmx_arguments_int(a, "t_group_norm", 0, 0, 65536));
    t->norm_first = dmx_arguments_bool(a, "t_norm_first", true);
    /* The official class asks `norm_first & norm_out`: an even number of groups counts as false. */
    const int norm_out = dmx_arguments_int(a, "t_norm_out", 1, 0, 65536);
    t->norm_out = norm_out % 2 == 1 ? norm_out : 0;
    t->layer_scale = dmx_arguments_bool(a, "t_layer_scale", true);
    t->gelu = dmx_arguments_bool(a, "t_gelu", true);
    t->cape_mean_normalize = dmx_arguments_bool(a, "t_cape_mean_normalize", true);
    t->cross_first = dmx_arguments_bool(a, "t_cross_first", false);
    /* t_sin_random_shift: the official code draws a shift of the positions from 0..N at every call. 0 is one of its
     * results, and the only one that gives the same output for the same input. */
    dmx_arguments_int(a, "t_sin_random_shift", 0, 0, 1 << 24);
    if (dmx_arguments_bool(a, "t_sparse_self_attn", false))
        dmx_arguments_refuse(a, "t_sparse_self_attn", "sparse attention is not built in");
    if (dmx_arguments_bool(a, "t_sparse_cross_attn", false))
        dmx_arguments_refuse(a, "t_sparse_cross_attn", "sparse attention is not built in");
}

static void read_masking(dmx_arguments *a, dmx_ht_config *c, int channels)
{
    c->cac = dmx_arguments_bool(a, "cac", true);
    c->wiener_iters = dmx_arguments_int(a, "wiener_iters", 0, -1000, 1000);
    c->wiener_residual = dmx_arguments_bool(a, "wiener_residual", false);
    if (dmx_arguments_int(a, "end_iters", 0, -1000, 1000) != c->wiener_iters)
        dmx_arguments_fail(a, "the model arguments wiener_iters and end_iters should be equal.");
    if (!c->cac && c->wiener_iters > 0 && channels > 2)
        dmx_arguments_refuse(a, "wiener_iters", "Wiener filtering works on one or two audio channels");
}

void dmx_ht_config_read(dmx_arguments *a, dmx_ht_config *c, dmx_network *network)
{
    dmx_arguments_sources(a, network);
    network->channels = dmx_arguments_int(a, "audio_channels", 2, 1, DMX_MAX_CHANNELS);
    network->sample_rate_hz = dmx_arguments_int(a, "samplerate", 44100, 1, DMX_MAX_SAMPLE_RATE);
    dmx_arguments_segment(a, 10, network);
    network->segment_is_limit = true;
    c->use_train_segment = dmx_arguments_bool(a, "use_train_segment", true);
    read_structure(a, c);
    read_multi_freqs(a, c);
    read_masking(a, c, network->channels);
    read_transformer(a, c);
}
