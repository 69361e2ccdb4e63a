/* load.c - build the layers of Demucs from a checkpoint, in the order in which PyTorch lists its tensors; see demucs.h
 */
#include "models/demucs/demucs.h"

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

static void load_encoder(const dmx_demucs *m, dmx_weights *w, dmx_level *layer, int index)
{
    const dmx_name prefix = dmx_name_of("encoder.%d", index);
    const int rewrite = m->config.dconv_mode & 1 ? 4 : 3;
    const dmx_level_names names = {{{DMX_PART_CONV, part_name(w, prefix.text, 0)},
                                    {DMX_PART_NORM1, part_name(w, prefix.text, 1)},
                                    {DMX_PART_DCONV, dmx_name_of("%s.3", prefix.text)},
                                    {DMX_PART_REWRITE, part_name(w, prefix.text, rewrite)},
                                    {DMX_PART_NORM2, part_name(w, prefix.text, rewrite + 1)}}};
    dmx_encoder_load(w, layer, &layer->options, &names);
}

static void load_decoder(const dmx_demucs *m, dmx_weights *w, dmx_level *layer, int index)
{
    const dmx_name prefix = dmx_name_of("decoder.%d", index);
    const int after_rewrite = m->config.rewrite ? 3 : 0;
    const int conv_tr = after_rewrite + (m->config.dconv_mode & 2 ? 1 : 0);
    const dmx_level_names names = {{{DMX_PART_REWRITE, part_name(w, prefix.text, 0)},
                                    {DMX_PART_NORM1, part_name(w, prefix.text, 1)},
                                    {DMX_PART_DCONV, dmx_name_of("%s.%d", prefix.text, after_rewrite)},
                                    {DMX_PART_CONV, part_name(w, prefix.text, conv_tr)},
                                    {DMX_PART_NORM2, part_name(w, prefix.text, conv_tr + 1)}}};
    dmx_decoder_load(w, layer, &layer->options, &names);
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

/* The options of every layer, level by level; gives the channels of the deepest one. */
static int set_levels(dmx_demucs *m, dmx_arguments *a)
{
    const dmx_dm_config *c = &m->config;
    int in = m->network.channels, channels = c->channels;
    for (int i = 0; i < c->depth && !a->failed; i++) {
        const int decoded = i > 0 ? in : m->network.source_count * m->network.channels;
        m->encoder[i].options = encoder_options(c, i, in, channels);
        m->decoder[i].options = decoder_options(c, i, channels, decoded);
        check_level(a, &m->encoder[i].options, &m->decoder[i].options);
        in = channels;
        channels = dmx_grow(channels, c->growth);
    }
    return in;
}

/* The official list counts decoders from the inside. */
static void load_levels(dmx_demucs *m, dmx_arguments *a, dmx_weights *w)
{
    const int depth = m->config.depth, deepest_channels = set_levels(m, a);
    if (a->failed) return;
    for (int i = 0; i < depth; i++) load_encoder(m, w, &m->encoder[i], i);
    for (int i = 0; i < depth; i++) load_decoder(m, w, &m->decoder[depth - 1 - i], i);
    if (m->config.lstm_layers > 0) dmx_blstm_load(w, &m->lstm, deepest_channels, m->config.lstm_layers, "lstm");
}

static void check_shapes(const dmx_demucs *m, dmx_arguments *a)
{
    dmx_dm_shapes shapes;
    if (!dmx_dm_shapes_of(&m->config, dmx_segment_frames(m->network.segment, m->network.sample_rate_hz), &shapes))
        dmx_arguments_fail(a, "the model's kernel size, stride and depth give too long a segment.");
}

static void construct(dmx_network *network, dmx_arguments *a, dmx_weights *w)
{
    dmx_demucs *m = (dmx_demucs *)network;
    dmx_dm_config_read(a, &m->config, network);
    if (!a->failed) check_shapes(m, a);
    if (!a->failed) load_levels(m, a, w);
}

static demucs_status complete(dmx_network *network, demucs_error *error)
{
    dmx_demucs *m = (dmx_demucs *)network;
    if (!m->config.resample) return DEMUCS_OK;
    const demucs_status status = dmx_resample_kernel_init(&m->up, 1, 2, error);
    return status == DEMUCS_OK ? dmx_resample_kernel_init(&m->down, 2, 1, error) : status;
}

static void release(dmx_network *network)
{
    dmx_demucs *m = (dmx_demucs *)network;
    dmx_resample_kernel_release(&m->up);
    dmx_resample_kernel_release(&m->down);
}

static const char *const python_names[] = {"demucs.demucs.Demucs", NULL};

const dmx_family dmx_demucs_family = {
    .class = {.name = "Demucs", .python_names = python_names},
    .parameters = parameter_names,
    .size = sizeof(dmx_demucs),
    .construct = construct,
    .complete = complete,
    .release = release,
    .valid_length = dmx_dm_valid_length,
    .forward = dmx_dm_forward,
};
