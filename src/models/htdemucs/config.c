/* config.c - the constructor's arguments of HTDemucs; see htdemucs.h
 *
 * Every argument of the official class is read here or in models/unet/config.c. Those that only matter to training
 * (t_dropout, t_weight_decay, t_lr, t_cape_augment, t_cape_glob_loc_scale, ...) are known and not looked at. */
#include "models/htdemucs/htdemucs.h"

#include <limits.h>

/* x & 1 for a Python value that is used both as a flag and as a number of groups. */
static int groups_of(int value) { return value > 0 ? value : 0; }

static void read_transformer(dmx_arguments *a, dmx_ht_config *c)
{
    static const char *const embeddings[] = {"sin", "cape", "scaled", NULL};
    dmx_transformer_options *t = &c->transformer;
    t->layers = dmx_arguments_int(a, "t_layers", 5, 0, DMX_TRANSFORMER_MAX_LAYERS);
    if (t->layers == 0) return; /* nobody looks at the rest */
    t->embedding = (dmx_position_embedding)dmx_arguments_choice(a, "t_emb", DMX_EMBEDDING_SIN, embeddings);
    c->hidden_scale = dmx_arguments_number(a, "t_hidden_scale", 4, 0.001, 1000);
    t->heads = dmx_arguments_int(a, "t_heads", 8, 1, 65536);
    t->max_positions = dmx_arguments_int(a, "t_max_positions", 10000, 1, 1 << 24);
    t->max_period = dmx_arguments_number(a, "t_max_period", 10000, 1e-6, 1e30);
    t->weight_pos_embed = dmx_arguments_number(a, "t_weight_pos_embed", 1, -1e6, 1e6);
    t->norm_in = dmx_arguments_bool(a, "t_norm_in", true);
    if (!t->norm_in) t->norm_in_group = groups_of(dmx_arguments_int(a, "t_norm_in_group", 0, 0, 65536));
    t->group_norm = groups_of(dmx_arguments_int(a, "t_group_norm", 0, 0, 65536));
    t->norm_first = dmx_arguments_bool(a, "t_norm_first", true);
    /* The official class asks `norm_first & norm_out`: an even number of groups counts as false. */
    const int norm_out = t->norm_first ? dmx_arguments_int(a, "t_norm_out", 1, 0, 65536) : 0;
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

void dmx_ht_config_read(dmx_arguments *a, dmx_htdemucs *m)
{
    m->unet.config = (dmx_unet_config){.stft_kind = DMX_STFT_HYBRID,
                                       .hybrid = true,
                                       .depth = 4,
                                       .multi_freqs_depth = 3,
                                       .dconv.compress = 8,
                                       .dconv_attn = INT_MAX,
                                       .dconv_lstm = INT_MAX};
    dmx_unet_config_read(a, &m->unet, 10);
    m->unet.network.segment_is_limit = true;
    dmx_ht_config *c = &m->config;
    c->use_train_segment = dmx_arguments_bool(a, "use_train_segment", true);
    c->bottom_channels =
        dmx_arguments_given(a, "bottom_channels") ? dmx_arguments_int(a, "bottom_channels", 0, 0, 65536) : 0;
    read_transformer(a, c);
}
