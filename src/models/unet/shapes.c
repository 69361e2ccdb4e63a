/* shapes.c - follow the sizes of the activations through all levels and back; see unet.h
 *
 * The official code finds out by failed assertions, in the middle of a forward pass, that its pieces do not fit. Here
 * it is known before. */
#include "models/unet/unet.h"

bool dmx_unet_is_freq(const dmx_unet *m, int level) { return m->encoder[level].layers[0].options.freq; }

bool dmx_unet_merges(const dmx_unet *m, int level) { return level < m->time_depth && m->tencoder[level].options.empty; }

/* What a strided convolution leaves of `length`, which is first filled up to a multiple of the stride; 0 when nothing.
 */
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
    const dmx_level_options *o = &encoder->layers[0].options;
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

static bool level_fits(const dmx_unet *m, int i, dmx_unet_shapes *s)
{
    const bool freq = dmx_unet_is_freq(m, i);
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
    if (dmx_unet_merges(m, i) && (s->frames[i + 1] != s->steps[i + 1] || s->bins[i + 1] != 1)) return false;
    return time_returns(&m->tdecoder[i].conv, s->frames[i + 1], s->frames[i]);
}

bool dmx_unet_shapes_of(const dmx_unet *m, int64_t frames, dmx_unet_shapes *s)
{
    *s = (dmx_unet_shapes){0};
    if (frames < 1 || frames > DMX_MAX_FRAMES) return false;
    const int hop = m->config.nfft / 4;
    s->frames[0] = (int)frames;
    s->steps[0] = (int)(m->config.stft_kind == DMX_STFT_CENTRED ? 1 + frames / hop : (frames + hop - 1) / hop);
    s->bins[0] = m->config.nfft / 2;
    for (int i = 0; i < m->config.depth; i++)
        if (!level_fits(m, i, s)) return false;
    return true;
}

void dmx_unet_check_shapes(const dmx_unet *m, dmx_arguments *a, int64_t frames, dmx_unet_shapes *shapes)
{
    if (!dmx_unet_shapes_of(m, frames, shapes))
        dmx_arguments_fail(a, "the model's kernel sizes, strides and depth do not fit together.");
    else if (m->config.freq_emb != 0 && shapes->bins[1] > m->freq_embedding_bins)
        dmx_arguments_fail(a, "the model's frequency embedding has fewer rows than there are frequencies.");
}
