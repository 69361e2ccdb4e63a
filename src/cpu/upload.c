/* upload.c - see upload.h
 *
 * Weights are read and packed in pieces of about PIECE_FLOATS, which stay in the cache. */
#include "cpu/upload.h"

#include "cpu/pack.h"
#include "cpu/winograd.h"

#include <string.h>

enum { PIECE_FLOATS = 1 << 16 };

/* Rows that are read at once: some whole multiple of what packs well, where rows are short enough. */
static size_t rows_at_once(const dmx_rows *rows)
{
    return rows->row_floats > PIECE_FLOATS / DMX_PACK_ROWS ? DMX_PACK_ROWS : PIECE_FLOATS / rows->row_floats;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* ---- vectors ---- */

static const float *upload_vector(dmx_store *store, const dmx_rows *values)
{
    float *vector = dmx_store_floats(store, values->count * values->row_floats);
    if (vector == NULL) return NULL;
    for (size_t done = 0, some; done < values->count; done += some) {
        some = least(values->count - done, rows_at_once(values));
        const float *piece = values->read(values, done, some);
        if (piece == NULL) return NULL;
        memcpy(vector + done * values->row_floats, piece, some * values->row_floats * sizeof *vector);
    }
    return vector;
}

/* A vector of the conv's output channels, packed like its bias. */
static const float *upload_packed_vector(dmx_store *store, const dmx_conv *conv, const dmx_rows *values)
{
    float *packed = dmx_store_floats(store, dmx_conv_bias_floats(conv));
    const float *all = packed != NULL ? values->read(values, 0, values->count) : NULL;
    if (all == NULL) return NULL;
    dmx_conv_pack_bias(conv, all, packed);
    return packed;
}

/* ---- convolutions ---- */

/* Rows [first, first + count) to the packed rows from `to` on, by one of two functions. */
typedef void (*pack_fn)(const dmx_conv *conv, size_t first, size_t count, const float *weight, float *packed);

static bool pack_rows(const dmx_conv *conv, const dmx_rows *rows, size_t first, size_t count, size_t to, pack_fn pack,
                      float *packed)
{
    for (size_t done = 0, some; done < count; done += some) {
        some = least(count - done, rows_at_once(rows));
        const float *piece = rows->read(rows, first + done, some);
        if (piece == NULL) return false;
        pack(conv, to + done, some, piece, packed);
    }
    return true;
}

/* Weights of the conv's size with room for its panels, in the store's list. */
static struct dmx_conv_weights *new_weights(dmx_store *store, const dmx_conv *conv, float **panels)
{
    struct dmx_conv_weights *weights = dmx_store_bytes(store, sizeof *weights);
    *panels = weights != NULL ? dmx_store_floats(store, dmx_conv_weight_floats(conv)) : NULL;
    if (*panels == NULL) return NULL;
    weights->k = dmx_conv_k(conv);
    weights->panel_count = dmx_conv_bias_floats(conv) / DMX_PANEL;
    weights->panels = *panels;
    weights->suits_bf16 = dmx_conv_suits_bf16(conv);
    weights->next = store->convs;
    store->convs = weights;
    return weights;
}

static bool upload_conv(dmx_store *store, dmx_conv *conv, const dmx_rows *weight, const dmx_rows *bias)
{
    const size_t rows = dmx_conv_weight_rows(conv);
    float *panels;
    struct dmx_conv_weights *weights = new_weights(store, conv, &panels);
    if (weights == NULL || !pack_rows(conv, weight, 0, rows, 0, dmx_conv_pack_rows, panels)) return false;
    if (dmx_winograd_suits(conv)) {
        float *winograd = dmx_store_bytes(store, dmx_winograd_floats(conv) * sizeof *winograd);
        if (winograd == NULL || !pack_rows(conv, weight, 0, rows, 0, dmx_winograd_pack_rows, winograd)) return false;
        weights->winograd = winograd;
    }
    conv->weights = weights;
    conv->bias = upload_packed_vector(store, conv, bias);
    return conv->bias != NULL;
}

/* ---- a linear layer and its norm ---- */

/* The sums over the weights that normed_linear.h names, in double. The layers are narrow enough to be read whole. */
static bool sum_weights(dmx_store *store, dmx_normed_linear *layer, const dmx_rows *weight)
{
    const dmx_conv *linear = &layer->linear;
    const size_t in = (size_t)linear->in_channels, out = (size_t)linear->out_channels;
    double *gram = dmx_store_bytes(store, in * (in + 2) * sizeof *gram), *sum = gram + in * in, *bias_sum = sum + in;
    const float *rows = gram != NULL ? weight->read(weight, 0, out) : NULL;
    if (rows == NULL) return false;
    dmx_kernels_get(dmx_cpu_best())->gram_f32(rows, (ptrdiff_t)in, out, in, 0, in, gram, sum);
    for (size_t j = 0; j < out; j++) {
        const float bias = linear->bias[dmx_conv_packed_column(linear, j)];
        layer->bias += bias;
        layer->bias_squared += (double)bias * bias;
        for (size_t i = 0; i < in; i++) bias_sum[i] += (double)bias * rows[j * in + i];
    }
    layer->gram = gram;
    layer->sum = sum;
    layer->bias_sum = bias_sum;
    return true;
}

static bool upload_normed_linear(dmx_store *store, dmx_normed_linear *layer, const dmx_rows *weight,
                                 const dmx_rows *bias, const dmx_rows *gamma, const dmx_rows *beta)
{
    layer->bias = layer->bias_squared = 0;
    if (!upload_conv(store, &layer->linear, weight, bias) || !sum_weights(store, layer, weight)) return false;
    layer->gamma = upload_packed_vector(store, &layer->linear, gamma);
    layer->beta = layer->gamma != NULL ? upload_packed_vector(store, &layer->linear, beta) : NULL;
    return layer->beta != NULL;
}

/* ---- LSTM ---- */

/* [4 * hidden][conv's inputs] into the order of pack.h: a block of units' rows at a time. */
static bool pack_gates(const dmx_conv *conv, size_t hidden, const dmx_rows *rows, float *packed)
{
    for (size_t gate = 0; gate < DMX_LSTM_GATES; gate++)
        for (size_t unit = 0; unit < hidden; unit += DMX_PANEL)
            if (!pack_rows(conv, rows, gate * hidden + unit, least(hidden - unit, DMX_PANEL),
                           dmx_lstm_column(gate, unit), dmx_conv_pack_rows, packed))
                return false;
    return true;
}

/* Add [4 * hidden] in that order: PyTorch has two biases. */
static bool add_gate_bias(size_t hidden, const dmx_rows *bias, float *sum)
{
    const float *values = bias->read(bias, 0, bias->count);
    if (values == NULL) return false;
    for (size_t gate = 0; gate < DMX_LSTM_GATES; gate++)
        for (size_t unit = 0; unit < hidden; unit++) sum[dmx_lstm_column(gate, unit)] += values[gate * hidden + unit];
    return true;
}

/* The input's weights of both directions are one conv, whole panels of each side by side. */
static bool upload_lstm_layer(dmx_store *store, dmx_lstm_layer *layer, int hidden, const dmx_lstm_rows directions[2])
{
    const int columns = dmx_lstm_columns(hidden), width = (int)directions[0].weight_ih.row_floats;
    const dmx_conv input = dmx_linear(width, columns), recurrent = dmx_linear(hidden, columns);
    layer->input = dmx_linear(width, 2 * columns);
    float *panels, *bias = dmx_store_floats(store, dmx_conv_bias_floats(&layer->input));
    struct dmx_conv_weights *weights = new_weights(store, &layer->input, &panels);
    if (bias == NULL || weights == NULL) return false;
    for (size_t d = 0; d < 2; d++) {
        const dmx_lstm_rows *rows = &directions[d];
        float *packed = dmx_store_floats(store, dmx_conv_weight_floats(&recurrent));
        float *own_bias = bias + d * dmx_conv_bias_floats(&input);
        if (packed == NULL ||
            !pack_gates(&input, (size_t)hidden, &rows->weight_ih, panels + d * dmx_conv_weight_floats(&input)) ||
            !pack_gates(&recurrent, (size_t)hidden, &rows->weight_hh, packed) ||
            !add_gate_bias((size_t)hidden, &rows->bias_ih, own_bias) ||
            !add_gate_bias((size_t)hidden, &rows->bias_hh, own_bias))
            return false;
        layer->recurrent[d] = packed;
    }
    layer->input.weights = weights;
    layer->input.bias = bias;
    return true;
}

/* ---- bfloat16 ---- */

/* A panel of floats is a row-major matrix of its own. Whoever computes in bfloat16 finds the pointer once it is whole.
 */
static bool add_bf16(dmx_store *store, const dmx_kernels *kernels)
{
    for (struct dmx_conv_weights *w = store->convs; w != NULL; w = w->next) {
        const size_t panel = dmx_bf16_k(w->k) * DMX_PANEL;
        if (!w->suits_bf16 || atomic_load_explicit(&w->bf16, memory_order_relaxed) != NULL) continue;
        uint16_t *packed = dmx_store_bytes(store, w->panel_count * panel * sizeof *packed);
        if (packed == NULL) return false;
        for (size_t p = 0; p < w->panel_count; p++)
            kernels->pack_bf16(w->panels + p * w->k * DMX_PANEL, DMX_PANEL, 1, w->k, DMX_PANEL, packed + p * panel);
        atomic_store_explicit(&w->bf16, packed, memory_order_release);
    }
    return true;
}

const dmx_upload dmx_cpu_upload = {
    .vector = upload_vector,
    .conv = upload_conv,
    .normed_linear = upload_normed_linear,
    .lstm_layer = upload_lstm_layer,
    .add_bf16 = add_bf16,
};
