/* forward.c - the forward pass of HTDemucs; see htdemucs.h and MODEL.md
 *
 * It reads like forward() of the official htdemucs.py. Two things differ in form, not in result. The skip connections
 * accumulate: a decoder adds its output to the encoder's output of the level above, in place, so x always is what the next
 * decoder wants to see. And activations are taken from the arena in the order in which they can be given back. */
#include "models/htdemucs/htdemucs.h"
#include "models/masking.h"

#include <assert.h>
#include <string.h>

/* One run on one segment. */
typedef struct pass {
    const dmx_htdemucs *m;
    dmx_exec *exec;
    dmx_ht_shapes shapes;
    const float *mix;               /* [channels][frames] */
    const bool *wanted;
    dmx_grid z;                     /* the mix's spectrogram [steps][bins][channels * 2], kept for masking; else it is x */
    dmx_grid x;                     /* normalised: [steps][bins][channels * 2], or [channels] magnitudes */
    dmx_grid xt;                    /* waveform, normalised: [1][frames][channels] */
    double mean, std, meant, stdt;
    dmx_grid saved[DMX_HT_MAX_DEPTH];   /* [steps][bins][channels] of each level; [1][steps][channels] beyond frequencies */
    dmx_grid saved_t[DMX_HT_MAX_DEPTH]; /* [1][frames][channels] */
    dmx_grid out;                   /* [steps][bins][sources * channels * 2], or magnitudes as in x */
    dmx_grid out_t;                 /* [1][frames][sources * channels] */
} pass;

/* ---- margins: what the layers around a saved activation need to find beside it ---- */

/* Zeros after the last bin that the strided convolution reads when the length is no multiple of its stride. */
static dmx_margin strided_margin(const dmx_conv *conv, int length, int outputs)
{
    dmx_margin margin = dmx_conv_input_margin(conv);
    int after = (outputs - 1) * conv->stride + conv->kernel_bins - conv->padding - length;
    if (after > margin.bins_after) margin.bins_after = after;
    return margin;
}

static dmx_margin encoder_margin(const dmx_multi_layer *encoder, int length, int outputs)
{
    const dmx_hybrid_layer *layer = &encoder->layers[0];
    if (encoder->bands == 1) return strided_margin(&layer->conv, length, outputs);
    int pad = layer->options.kernel_size / 4;
    return (dmx_margin){.bins_before = pad, .bins_after = pad};
}

/* Of the output of level i in the spectrogram branch. */
static dmx_margin saved_margin(const pass *p, int i)
{
    const dmx_htdemucs *m = p->m;
    const bool freq = dmx_ht_is_freq(m, i);
    dmx_margin margin = dmx_hdecoder_margin(&m->decoder[i].layers[0]);
    if (i + 1 == m->config.depth || dmx_ht_is_freq(m, i + 1) != freq) return margin;
    const int length = freq ? p->shapes.bins[i + 1] : p->shapes.steps[i + 1];
    const int next = freq ? p->shapes.bins[i + 2] : p->shapes.steps[i + 2];
    margin = dmx_margin_max(margin, encoder_margin(&m->encoder[i + 1], length, next));
    return dmx_margin_max(margin, dmx_hdecoder_output_margin(&m->decoder[i + 1].layers[0], next, length));
}

static dmx_margin saved_t_margin(const pass *p, int i)
{
    const dmx_htdemucs *m = p->m;
    dmx_margin margin = dmx_hdecoder_margin(&m->tdecoder[i]);
    if (i + 1 == m->time_depth) return margin;
    const int length = p->shapes.frames[i + 1], next = p->shapes.frames[i + 2];
    margin = dmx_margin_max(margin, strided_margin(&m->tencoder[i + 1].conv, length, next));
    return dmx_margin_max(margin, dmx_hdecoder_output_margin(&m->tdecoder[i + 1], next, length));
}

/* ---- the two inputs ---- */

static void spec_item(void *context, size_t step, int worker)
{
    const pass *p = context;
    const size_t frames = (size_t)p->shapes.frames[0];
    dmx_stft_forward(p->m->stft, p->mix, frames, p->m->network.channels, frames, step,
                     p->z.data + (ptrdiff_t)step * p->z.step_stride, dmx_exec_scratch(p->exec, worker));
}

/* x = normalised spectrogram, complex numbers as channels or magnitudes */
static void prepare_spectrogram(pass *p)
{
    dmx_exec *exec = p->exec;
    const int channels = p->m->network.channels;
    const dmx_margin margin = encoder_margin(&p->m->encoder[0], p->shapes.bins[0], p->shapes.bins[1]);
    const bool cac = p->m->config.cac;
    p->z = dmx_grid_create(exec, p->shapes.steps[0], p->shapes.bins[0], 2 * channels, cac ? margin : (dmx_margin){0});
    dmx_exec_run(exec, (size_t)p->z.steps, dmx_stft_scratch(p->m->stft, channels), spec_item, p);
    p->x = p->z;
    if (!cac) {
        p->x = dmx_grid_create(exec, p->z.steps, p->z.bins, channels, margin);
        dmx_magnitudes(exec, &p->z, &p->x);
    }
    dmx_grid_mean_deviation(exec, &p->x, &p->mean, &p->std);
    const double scale = 1 / (1e-5 + p->std);
    dmx_grid_affine(exec, &p->x, (float)scale, (float)(-p->mean * scale), &p->x);
    dmx_grid_trace(exec, "encoder.0:in", -1, &p->x);
}

static void interleave(const pass *p)
{
    const int channels = p->m->network.channels, frames = p->shapes.frames[0];
    for (int c = 0; c < channels; c++) {
        const float *plane = p->mix + (ptrdiff_t)c * frames;
        for (ptrdiff_t i = 0; i < frames; i++) p->xt.data[i * channels + c] = plane[i];
    }
}

/* xt = normalised waveform */
static void prepare_waveform(pass *p)
{
    const dmx_margin margin = strided_margin(&p->m->tencoder[0].conv, p->shapes.frames[0], p->shapes.frames[1]);
    p->xt = dmx_grid_create(p->exec, 1, p->shapes.frames[0], p->m->network.channels, margin);
    if (!p->exec->planning) interleave(p);
    dmx_grid_mean_deviation(p->exec, &p->xt, &p->meant, &p->stdt);
    const double scale = 1 / (1e-5 + p->stdt);
    dmx_grid_affine(p->exec, &p->xt, (float)scale, (float)(-p->meant * scale), &p->xt);
    dmx_grid_trace(p->exec, "tencoder.0:in", -1, &p->xt);
}

/* ---- encoders ---- */

static void encode_time(pass *p, int i, dmx_grid *inject)
{
    const dmx_hybrid_layer *layer = &p->m->tencoder[i];
    const dmx_grid *input = i == 0 ? &p->xt : &p->saved_t[i - 1];
    dmx_grid *output = layer->options.empty ? inject : &p->saved_t[i];
    const dmx_margin margin = layer->options.empty ? (dmx_margin){0} : saved_t_margin(p, i);
    *output = dmx_grid_create(p->exec, 1, p->shapes.frames[i + 1], layer->options.out_channels, margin);
    dmx_hencoder_run(p->exec, layer, input, NULL, output);
    dmx_grid_trace(p->exec, "tencoder", i, output);
}

/* Levels beyond the last frequency see the steps as a row; the first of them has to copy it out of the grid. */
static void encode_steps(pass *p, int i, const dmx_grid *input)
{
    const dmx_hybrid_layer *layer = &p->m->encoder[i].layers[0];
    dmx_grid row = *input;
    const size_t mark = p->exec->arena.used;
    if (dmx_ht_is_freq(p->m, i - 1)) {
        const dmx_margin margin = strided_margin(&layer->conv, p->shapes.steps[i], p->shapes.steps[i + 1]);
        row = dmx_grid_create(p->exec, 1, p->shapes.steps[i], input->channels, margin);
        dmx_grid steps = dmx_grid_as_sequence(&row);
        dmx_grid_copy(p->exec, input, &steps);
    }
    dmx_hencoder_run(p->exec, layer, &row, NULL, &p->saved[i]);
    p->exec->arena.used = mark;
}

static void encode(pass *p, int i)
{
    const dmx_htdemucs *m = p->m;
    const int channels = m->encoder[i].layers[0].options.out_channels;
    const dmx_grid *input = i == 0 ? &p->x : &p->saved[i - 1];
    if (!dmx_ht_is_freq(m, i)) {
        p->saved[i] = dmx_grid_create(p->exec, 1, p->shapes.steps[i + 1], channels, saved_margin(p, i));
        encode_steps(p, i, input);
        return;
    }
    p->saved[i] =
        dmx_grid_create(p->exec, p->shapes.steps[i + 1], p->shapes.bins[i + 1], channels, saved_margin(p, i));
    const size_t mark = p->exec->arena.used;
    dmx_grid inject = {0};
    encode_time(p, i, &inject);
    if (m->tencoder[i].options.empty) {
        dmx_grid steps = dmx_grid_as_sequence(&inject);
        dmx_multi_encoder_run(p->exec, &m->encoder[i], input, &steps, &p->saved[i]);
        p->saved_t[i] = inject; /* what the transformer attends to, when it follows at once */
        if (i + 1 < m->config.depth || m->transformer.options.layers == 0) p->exec->arena.used = mark;
    } else {
        dmx_multi_encoder_run(p->exec, &m->encoder[i], input, NULL, &p->saved[i]);
    }
    dmx_grid_trace(p->exec, "encoder", i, &p->saved[i]);
    if (i == 0 && m->freq_embedding != NULL) dmx_grid_add_row(p->exec, m->freq_embedding, &p->saved[0]);
}

/* ---- transformer ---- */

/* saved[deepest] += transformer(saved[deepest]): what the first decoder gets is x + skip. */
static void run_transformer(pass *p)
{
    const dmx_htdemucs *m = p->m;
    dmx_exec *exec = p->exec;
    const int deepest = m->config.depth - 1;
    const dmx_grid *skip = &p->saved[deepest], *skip_t = &p->saved_t[deepest];
    if (m->transformer.options.layers == 0) {
        dmx_grid_add(exec, skip, skip);
        if (deepest < m->time_depth && !m->tencoder[deepest].options.empty) dmx_grid_add(exec, skip_t, skip_t);
        return;
    }
    const size_t mark = exec->arena.used;
    const int dim = m->transformer.options.dim;
    dmx_grid x = dmx_grid_create(exec, skip->steps, skip->bins, dim, (dmx_margin){0});
    dmx_grid row_t = dmx_grid_create(exec, 1, skip_t->bins, dim, (dmx_margin){0});
    dmx_grid xt = dmx_grid_as_sequence(&row_t);
    if (m->config.bottom_channels > 0) {
        dmx_conv_run(exec, &m->channel_upsampler, skip, NULL, &x);
        dmx_conv_run(exec, &m->channel_upsampler_t, skip_t, NULL, &row_t);
        dmx_grid_trace(exec, "channel_upsampler", -1, &x);
        dmx_grid_trace(exec, "channel_upsampler_t", -1, &row_t);
        dmx_transformer_run(exec, &m->transformer, &x, &xt);
        dmx_conv_run(exec, &m->channel_downsampler, &x, &(dmx_epilogue){.residual = skip}, skip);
        dmx_conv_run(exec, &m->channel_downsampler_t, &row_t, &(dmx_epilogue){.residual = skip_t}, skip_t);
    } else {
        dmx_grid_copy(exec, skip, &x);
        dmx_grid_copy(exec, skip_t, &row_t);
        dmx_transformer_run(exec, &m->transformer, &x, &xt);
        dmx_grid_add(exec, &x, skip);
        dmx_grid_add(exec, &row_t, skip_t);
    }
    exec->arena.used = mark;
}

/* ---- decoders ---- */

/* Where level i of the decoder writes: the skip connection above it, or the output. */
static const dmx_grid *decoder_target(const pass *p, int i) { return i == 0 ? &p->out : &p->saved[i - 1]; }

/* A level beyond the frequencies: when the one above has frequencies its layout differs, so the result passes through a
 * row of its own. */
static void decode_steps(pass *p, int i)
{
    const dmx_hybrid_layer *layer = &p->m->decoder[i].layers[0];
    const dmx_grid *target = decoder_target(p, i);
    if (!dmx_ht_is_freq(p->m, i - 1)) {
        dmx_hdecoder_run(p->exec, layer, &p->saved[i], NULL, true, target);
        dmx_grid_clear_margins(p->exec, target);
        return;
    }
    const size_t mark = p->exec->arena.used;
    const dmx_margin margin = dmx_hdecoder_output_margin(layer, p->shapes.steps[i + 1], p->shapes.steps[i]);
    dmx_grid row = dmx_grid_create(p->exec, 1, p->shapes.steps[i], target->channels, margin);
    dmx_hdecoder_run(p->exec, layer, &p->saved[i], NULL, false, &row);
    dmx_grid steps = dmx_grid_as_sequence(&row);
    dmx_grid_add(p->exec, &steps, target);
    p->exec->arena.used = mark;
}

/* `pre` is what goes into the frequency branch's last transposed convolution where the branches part. */
static void decode_time(pass *p, int i, const dmx_grid *pre)
{
    const dmx_hybrid_layer *layer = &p->m->tdecoder[i];
    const dmx_grid *target = i == 0 ? &p->out_t : &p->saved_t[i - 1];
    dmx_hdecoder_run(p->exec, layer, pre != NULL ? pre : &p->saved_t[i], NULL, i > 0, target);
    dmx_grid_clear_margins(p->exec, target);
    dmx_grid_trace(p->exec, "tdecoder", p->m->time_depth - 1 - i, target);
}

static void decode(pass *p, int i)
{
    const dmx_htdemucs *m = p->m;
    if (!dmx_ht_is_freq(m, i)) {
        decode_steps(p, i);
        return;
    }
    const dmx_grid *target = decoder_target(p, i);
    const bool parts = m->tdecoder[i].options.empty;
    const size_t mark = p->exec->arena.used;
    if (parts) {
        dmx_grid row = dmx_grid_create(p->exec, 1, p->shapes.steps[i + 1], p->saved[i].channels,
                                       dmx_hdecoder_margin(&m->tdecoder[i]));
        dmx_grid pre = dmx_grid_as_sequence(&row);
        dmx_multi_decoder_run(p->exec, &m->decoder[i], &p->saved[i], &pre, i > 0, target);
        dmx_grid_clear_margins(p->exec, target);
        decode_time(p, i, &row);
    } else {
        dmx_multi_decoder_run(p->exec, &m->decoder[i], &p->saved[i], NULL, i > 0, target);
        dmx_grid_clear_margins(p->exec, target);
        decode_time(p, i, NULL);
    }
    p->exec->arena.used = mark;
    dmx_grid_trace(p->exec, "decoder", m->config.depth - 1 - i, target);
}

/* ---- outputs ---- */

static void create_outputs(pass *p)
{
    const dmx_htdemucs *m = p->m;
    const int planes = m->network.source_count * m->network.channels;
    dmx_margin margin = {0};
    if (m->decoder[0].bands == 1)
        margin = dmx_hdecoder_output_margin(&m->decoder[0].layers[0], p->shapes.bins[1], p->shapes.bins[0]);
    const int channels = m->config.cac ? 2 * planes : planes;
    p->out = dmx_grid_create(p->exec, p->shapes.steps[0], p->shapes.bins[0], channels, margin);
    margin = dmx_hdecoder_output_margin(&m->tdecoder[0], p->shapes.frames[1], p->shapes.frames[0]);
    p->out_t = dmx_grid_create(p->exec, 1, p->shapes.frames[0], planes, margin);
}

/* _mask: complex spectrograms from what the network predicts; nothing to do where it predicts them itself. */
static dmx_grid mask(const pass *p)
{
    const dmx_ht_config *c = &p->m->config;
    if (c->cac) return p->out;
    const dmx_wiener filter = {.channels = p->m->network.channels, .sources = p->m->network.source_count,
                               .iterations = c->wiener_iters, .residual = c->wiener_residual};
    dmx_grid masked = dmx_grid_create(p->exec, p->out.steps, p->out.bins, 2 * p->out.channels, (dmx_margin){0});
    dmx_mask_run(p->exec, &filter, &p->z, &p->out, &masked);
    return masked;
}

typedef struct ispec_job {
    const pass *p;
    dmx_spectrogram spectrogram;
    int source;
    float *planes; /* [channels][frames] */
} ispec_job;

/* planes = iSTFT of a stretch, plus the waveform branch's */
static void ispec_item(void *context, size_t item, int worker)
{
    const ispec_job *job = context;
    const size_t frames = (size_t)job->p->shapes.frames[0];
    dmx_istft_item(job->p->m->stft, &job->spectrogram, frames, item, job->planes, frames,
                   dmx_exec_scratch(job->p->exec, worker));
}

static void add_waveform(const pass *p, int source, float *planes)
{
    const int channels = p->m->network.channels, frames = p->shapes.frames[0];
    const float stdt = (float)p->stdt, meant = (float)p->meant;
    for (int c = 0; c < channels; c++) {
        const float *xt = p->out_t.data + (ptrdiff_t)source * channels + c;
        float *plane = planes + (ptrdiff_t)c * frames;
        for (ptrdiff_t i = 0; i < frames; i++) plane[i] += xt[i * p->out_t.channels] * stdt + meant;
    }
}

/* planes = _ispec(masked) + (xt * stdt + meant) for one source */
static void source_planes(pass *p, const dmx_grid *masked, int source, float *planes)
{
    const int channels = p->m->network.channels;
    ispec_job job = {.p = p, .source = source, .planes = planes};
    job.spectrogram = (dmx_spectrogram){.step_stride = (size_t)masked->step_stride,
                                        .bin_stride = (size_t)masked->channels, .planes = channels};
    if (!p->exec->planning) job.spectrogram.x = masked->data + (ptrdiff_t)source * channels * 2;
    dmx_exec_run(p->exec, dmx_istft_items(p->m->stft, (size_t)p->shapes.frames[0]),
                 dmx_stft_scratch(p->m->stft, channels), ispec_item, &job);
    if (!p->exec->planning) add_waveform(p, source, planes);
}

static void write_stems(pass *p, int64_t frames, float *stems)
{
    const int channels = p->m->network.channels;
    const size_t length = (size_t)p->shapes.frames[0];
    dmx_grid_affine(p->exec, &p->out, (float)p->std, (float)p->mean, &p->out);
    const dmx_grid masked = mask(p);
    float *planes = dmx_arena_floats(&p->exec->arena, (size_t)channels * length);
    for (int s = 0; s < p->m->network.source_count; s++) {
        if (!p->wanted[s]) continue;
        source_planes(p, &masked, s, planes);
        for (int c = 0; c < channels && !p->exec->planning; c++)
            memcpy(stems + ((int64_t)s * channels + c) * frames, planes + (size_t)c * length,
                   (size_t)frames * sizeof(float));
    }
}

/* A mix shorter than the training length gets zeros on the right. */
static void set_mix(pass *p, const float *mix, int64_t frames)
{
    const int channels = p->m->network.channels;
    const size_t length = (size_t)p->shapes.frames[0];
    p->mix = mix;
    if ((int64_t)length == frames) return;
    float *padded = dmx_arena_floats(&p->exec->arena, (size_t)channels * length);
    p->mix = padded;
    if (p->exec->planning) return;
    memset(padded, 0, (size_t)channels * length * sizeof(float));
    for (int c = 0; c < channels; c++)
        memcpy(padded + (size_t)c * length, mix + c * frames, (size_t)frames * sizeof(float));
}

void dmx_ht_forward(const dmx_network *network, dmx_exec *exec, const float *mix, int64_t frames, const bool *wanted,
                    float *stems)
{
    pass p = {.m = (const dmx_htdemucs *)network, .exec = exec, .wanted = wanted};
    const int depth = p.m->config.depth;
    const size_t mark = exec->arena.used;
    const bool fits = dmx_ht_shapes_of(p.m, dmx_ht_valid_length(network, frames), &p.shapes);
    assert(fits);
    (void)fits;
    set_mix(&p, mix, frames);
    prepare_spectrogram(&p);
    prepare_waveform(&p);
    for (int i = 0; i < depth; i++) encode(&p, i);
    run_transformer(&p);
    for (int i = depth - 1; i > 0; i--) decode(&p, i);
    create_outputs(&p);
    decode(&p, 0);
    write_stems(&p, frames, stems);
    exec->arena.used = mark;
}
