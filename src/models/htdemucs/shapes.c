/* shapes.c - follow the sizes of HTDemucs' activations through all levels and back; see htdemucs.h
 *
 * The official code finds out by failed assertions, in the middle of a forward pass, that its pieces do not fit. Here it is
 * known before. */
#include "models/htdemucs/htdemucs.h"

/* Longer than any segment anybody runs, and short enough for every size to fit its type. */
static const int64_t most_frames = (int64_t)1 << 28;

bool dmx_ht_is_freq(const dmx_htdemucs *m, int level) { return m->encoder[level].layers[0].options.freq; }

/* What a strided convolution leaves of `length`, which is first filled up to a multiple of the stride; 0 when nothing. */
static int time_output(const dmx_conv *conv, int length)
{
    int filled = (length + conv->stride - 1) / conv->stride * conv->stride;
    return filled + 2 * conv->padding < conv->kernel_bins ? 0 : dmx_conv_output_bins(conv, filled);
}

/* A transposed convolution along time gives back at least `length`. */
static bool time_returns(const dmx_conv *conv_tr, int from, int length)
{
    return conv_tr->padding + length <= dmx_conv_output_bins(conv_tr, from);
}

static bool freq_output(const dmx_multi_layer *encoder, int bins, int *out)
{
    const dmx_hybrid_options *o = &encoder->layers[0].options;
    if (encoder->bands > 1) {
        *out = bins / o->stride;
        return bins % o->stride == 0 && dmx_multi_fits(encoder, bins);
    }
    const dmx_conv *conv = &encoder->layers[0].conv;
    if (bins + 2 * conv->padding < conv->kernel_bins) return false;
    *out = dmx_conv_output_bins(conv, bins);
    return true;
}

static bool freq_returns(const dmx_multi_layer *decoder, int from, int bins)
{
    const dmx_conv *conv = &decoder->layers[0].conv;
    if (decoder->bands > 1) return from * conv->stride == bins;
    return dmx_conv_output_bins(conv, from) - 2 * conv->padding == bins;
}

static bool level_fits(const dmx_htdemucs *m, int i, dmx_ht_shapes *s)
{
    const bool freq = dmx_ht_is_freq(m, i);
    s->bins[i + 1] = s->bins[i];
    s->steps[i + 1] = s->steps[i];
    if (freq) {
        if (!freq_output(&m->encoder[i], s->bins[i], &s->bins[i + 1])) return false;
        if (!freq_returns(&m->decoder[i], s->bins[i + 1], s->bins[i])) return false;
    } else {
        if (s->bins[i] != 1) return false;
        s->steps[i + 1] = time_output(&m->encoder[i].layers[0].conv, s->steps[i]);
        if (s->steps[i + 1] < 1) return false;
        if (!time_returns(&m->decoder[i].layers[0].conv, s->steps[i + 1], s->steps[i])) return false;
    }
    if (i >= m->time_depth) return true;
    s->frames[i + 1] = time_output(&m->tencoder[i].conv, s->frames[i]);
    if (s->frames[i + 1] < 1) return false;
    const bool merges = m->tencoder[i].options.empty; /* the branches become one */
    if (merges && (s->frames[i + 1] != s->steps[i + 1] || s->bins[i + 1] != 1)) return false;
    return time_returns(&m->tdecoder[i].conv, s->frames[i + 1], s->frames[i]);
}

bool dmx_ht_shapes_of(const dmx_htdemucs *m, int64_t frames, dmx_ht_shapes *s)
{
    *s = (dmx_ht_shapes){0};
    if (frames < 1 || frames > most_frames) return false;
    const int hop = m->config.nfft / 4;
    s->frames[0] = (int)frames;
    s->steps[0] = (int)((frames + hop - 1) / hop);
    s->bins[0] = m->config.nfft / 2;
    for (int i = 0; i < m->config.depth; i++)
        if (!level_fits(m, i, s)) return false;
    return true;
}

int64_t dmx_ht_valid_length(const dmx_network *network, int64_t frames)
{
    const dmx_htdemucs *m = (const dmx_htdemucs *)network;
    int64_t length = frames;
    if (m->config.use_train_segment) {
        length = dmx_segment_frames(network->segment, network->sample_rate_hz);
        if (length < frames) return -1;
    }
    dmx_ht_shapes shapes;
    if (!dmx_ht_shapes_of(m, length, &shapes)) return -1;
    const dmx_transformer_options *o = &m->transformer.options;
    if (o->layers > 0 && o->embedding == DMX_EMBEDDING_SCALED && shapes.frames[m->config.depth] > o->max_positions)
        return -1;
    return length;
}
