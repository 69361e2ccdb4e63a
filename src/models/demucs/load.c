/* load.c - build the layers of Demucs from a checkpoint, in the order of the official constructor; see demucs.h */
#include "models/demucs/demucs.h"

#include "base/alloc.h"

static const char *const parameter_names[] = {
    "sources",     "audio_channels", "channels",   "growth",     "depth",      "rewrite",     "lstm_layers",
    "kernel_size", "stride",         "context",    "gelu",       "glu",        "norm_starts", "norm_groups",
    "dconv_mode",  "dconv_depth",    "dconv_comp", "dconv_attn", "dconv_lstm", "dconv_init",  "normalize",
    "resample",    "rescale",        "samplerate", "segment",    NULL};

static dmx_level_options level_options(const dmx_dm_config *c, int level)
{
    dmx_level_options o = {.kernel_size = c->kernel_size, .stride = c->stride, .rewrite = c->rewrite};
    o.relu = !c->gelu;
    o.no_glu = !c->glu;
    o.norm_groups = level >= c->norm_starts ? c->norm_groups : 0;
    o.last = level == 0;
    o.dconv = c->dconv;
    o.dconv.attn = level >= c->dconv_attn;
    o.dconv.lstm = level >= c->dconv_lstm;
    return o;
}

static dmx_level_options encoder_options(const dmx_dm_config *c, int level, int in, int out)
{
    dmx_level_options o = level_options(c, level);
    o.in_channels = in;
    o.out_channels = out;
    if (!(c->dconv_mode & 1)) o.dconv.depth = 0;
    return o;
}

static dmx_level_options decoder_options(const dmx_dm_config *c, int level, int in, int out)
{
    dmx_level_options o = level_options(c, level);
    o.in_channels = in;
    o.out_channels = out;
    o.context = c->context;
    o.no_norm2 = o.last;
    if (!(c->dconv_mode & 2)) o.dconv.depth = 0;
    return o;
}

/* Parts of a level are numbered, each with its activation, as they follow one another. Old checkpoints have no number
 * for the norm that the fourth part now comes after. */
static dmx_name part_name(const dmx_weights *w, const char *layer, int part)
{
    const bool old = part == 3 && !dmx_weights_has(w, dmx_name_of("%s.3.weight", layer).text) &&
                     dmx_weights_has(w, dmx_name_of("%s.2.weight", layer).text);
    return dmx_name_of("%s.%d", layer, old ? 2 : part);
}

static void load_encoder(dmx_weights *w, dmx_level *layer, const dmx_level_options *o, bool dconv, int index)
{
    const dmx_name prefix = dmx_name_of("encoder.%d", index);
    const int rewrite = dconv ? 4 : 3;
    const dmx_level_names names = {.conv = part_name(w, prefix.text, 0),
                                   .norm1 = part_name(w, prefix.text, 1),
                                   .dconv = dmx_name_of("%s.3", prefix.text),
                                   .rewrite = part_name(w, prefix.text, rewrite),
                                   .norm2 = part_name(w, prefix.text, rewrite + 1)};
    dmx_encoder_load(w, layer, o, &names);
}

static void load_decoder(dmx_weights *w, dmx_level *layer, const dmx_level_options *o, bool dconv, int index)
{
    const dmx_name prefix = dmx_name_of("decoder.%d", index);
    const int after_rewrite = o->rewrite ? 3 : 0, conv_tr = after_rewrite + (dconv ? 1 : 0);
    const dmx_level_names names = {.rewrite = part_name(w, prefix.text, 0),
                                   .norm1 = part_name(w, prefix.text, 1),
                                   .dconv = dmx_name_of("%s.%d", prefix.text, after_rewrite),
                                   .conv = part_name(w, prefix.text, conv_tr),
                                   .norm2 = part_name(w, prefix.text, conv_tr + 1)};
    dmx_decoder_load(w, layer, o, &names);
}

/* The limits of what GroupNorm, DConv and LocalState accept, which PyTorch finds out when it builds them. */
static void check_level(dmx_arguments *a, const dmx_level_options *enc, const dmx_level_options *dec)
{
    const int channels = enc->out_channels;
    if (channels < 1 || channels > 65536)
        dmx_arguments_fail(a, "the model has a layer without or with too many channels.");
    const bool shares = enc->norm_groups == 0 || channels % enc->norm_groups == 0;
    if (!shares || (dec->norm_groups > 0 && !dec->no_norm2 && dec->out_channels % dec->norm_groups != 0))
        dmx_arguments_fail(a, "the model argument norm_groups should divide the channels of every level with norms.");
    const char *problem = dmx_dconv_problem(channels, &enc->dconv);
    if (problem == NULL) problem = dmx_dconv_problem(channels, &dec->dconv);
    if (problem != NULL) dmx_arguments_fail(a, problem);
}

static void load_levels(dmx_demucs *m, dmx_arguments *a, dmx_weights *w)
{
    const dmx_dm_config *c = &m->config;
    int in = m->network.channels, channels = c->channels;
    for (int i = 0; i < c->depth && !a->failed; i++) {
        const dmx_level_options enc = encoder_options(c, i, in, channels);
        const dmx_level_options dec =
            decoder_options(c, i, channels, i > 0 ? in : m->network.source_count * m->network.channels);
        check_level(a, &enc, &dec);
        if (a->failed) return;
        load_encoder(w, &m->encoder[i], &enc, c->dconv_mode & 1, i);
        load_decoder(w, &m->decoder[i], &dec, c->dconv_mode & 2, c->depth - 1 - i);
        in = channels;
        channels = dmx_grow(channels, c->growth);
    }
    if (c->lstm_layers > 0 && !a->failed) dmx_blstm_load(w, &m->lstm, in, c->lstm_layers, "lstm");
}

static void check_shapes(const dmx_demucs *m, dmx_arguments *a)
{
    dmx_dm_shapes shapes;
    if (!dmx_dm_shapes_of(&m->config, dmx_segment_frames(m->network.segment, m->network.sample_rate_hz), &shapes))
        dmx_arguments_fail(a, "the model's kernel size, stride and depth give too long a segment.");
}

static void drop_weights(dmx_network *network) { dmx_store_clear(&((dmx_demucs *)network)->store); }

static bool add_bf16(dmx_network *network, const dmx_kernels *kernels)
{
    return dmx_store_add_bf16(&((dmx_demucs *)network)->store, kernels);
}

static void free_model(dmx_network *network)
{
    dmx_demucs *m = (dmx_demucs *)network;
    dmx_resample_kernel_release(&m->up);
    dmx_resample_kernel_release(&m->down);
    dmx_store_clear(&m->store);
    dmx_free(m);
}

static demucs_status load_model(dmx_network **network, const dmx_checkpoint *checkpoint, dmx_warnings *warnings,
                                demucs_error *error)
{
    dmx_demucs *m = dmx_alloc(1, sizeof *m);
    if (m == NULL)
        return dmx_fail(error, DEMUCS_ERROR_MEMORY, "%s: out of memory while loading the model.", checkpoint->path);
    m->network.family = &dmx_demucs_family;
    demucs_error first = {DEMUCS_OK, ""};
    dmx_arguments a;
    dmx_weights w;
    dmx_arguments_begin(&a, checkpoint, parameter_names, warnings, &first);
    dmx_dm_config_read(&a, &m->config, &m->network);
    dmx_weights_begin(&w, checkpoint, &m->store, &first);
    if (!a.failed) check_shapes(m, &a);
    if (!a.failed) load_levels(m, &a, &w);
    dmx_weights_finish(&w);
    m->network.parameters = w.parameters;
    if (first.status == DEMUCS_OK && m->config.resample) {
        dmx_resample_kernel_init(&m->up, 1, 2, &first);
        dmx_resample_kernel_init(&m->down, 2, 1, &first);
    }
    if (first.status == DEMUCS_OK) {
        *network = &m->network;
        return DEMUCS_OK;
    }
    dmx_fail(error, first.status, "%s", first.message);
    dmx_network_free(&m->network);
    return first.status;
}

const dmx_family dmx_demucs_family = {
    .class_name = "Demucs",
    .load = load_model,
    .free = free_model,
    .drop_weights = drop_weights,
    .add_bf16 = add_bf16,
    .valid_length = dmx_dm_valid_length,
    .forward = dmx_dm_forward,
};
