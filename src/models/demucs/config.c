/* config.c - the constructor's arguments of Demucs; see demucs.h
 *
 * Every argument of the official class is read here, except dconv_init and rescale, which only matter to training. */
#include "models/demucs/demucs.h"

void dmx_dm_config_read(dmx_arguments *a, dmx_dm_config *c, dmx_network *network)
{
    dmx_arguments_sources(a, network);
    network->channels = dmx_arguments_int(a, "audio_channels", 2, 1, DMX_MAX_CHANNELS);
    network->sample_rate_hz = dmx_arguments_int(a, "samplerate", 44100, 1, DMX_MAX_SAMPLE_RATE);
    dmx_arguments_segment(a, 40, network);
    c->channels = dmx_arguments_int(a, "channels", 64, 1, 8192);
    c->growth = dmx_arguments_number(a, "growth", 2, 0.1, 16);
    c->depth = dmx_arguments_int(a, "depth", 6, 1, DMX_DM_MAX_DEPTH);
    c->rewrite = dmx_arguments_bool(a, "rewrite", true);
    c->lstm_layers = dmx_arguments_int(a, "lstm_layers", 0, 0, DMX_LSTM_MAX_LAYERS);
    c->kernel_size = dmx_arguments_int(a, "kernel_size", 8, 1, 64);
    c->stride = dmx_arguments_int(a, "stride", 4, 1, 64);
    c->context = dmx_arguments_int(a, "context", 1, 0, 16);
    c->gelu = dmx_arguments_bool(a, "gelu", true);
    c->glu = dmx_arguments_bool(a, "glu", true);
    c->norm_starts = dmx_arguments_int(a, "norm_starts", 4, -1000, 1000);
    c->norm_groups = dmx_arguments_int(a, "norm_groups", 4, 1, 8192);
    c->dconv_mode = dmx_arguments_int(a, "dconv_mode", 1, 0, 1000);
    c->dconv.depth = dmx_arguments_int(a, "dconv_depth", 2, -DMX_DCONV_MAX_DEPTH, DMX_DCONV_MAX_DEPTH);
    c->dconv.compress = dmx_arguments_number(a, "dconv_comp", 4, 0.01, 8192);
    c->dconv_attn = dmx_arguments_int(a, "dconv_attn", 4, -1000, 1000);
    c->dconv_lstm = dmx_arguments_int(a, "dconv_lstm", 4, -1000, 1000);
    c->normalize = dmx_arguments_bool(a, "normalize", true);
    c->resample = dmx_arguments_bool(a, "resample", true);
}
