/* weights_layers.c - tensors into packed layers; see weights.h.
 *
 * Weights are widened and packed in pieces of about so many floats, which stay in the cache: the largest tensor then
 * never lies in memory as floats beside its packed self. */
#include "models/loading/weights.h"

#include "base/alloc.h"
#include "cpu/winograd.h"

/* ---- packing ---- */

enum { PIECE_FLOATS = 1 << 16 };

/* Memory for `rows` rows; NULL after a failure. */
static float *piece_for(dmx_weights *w, size_t rows, size_t row_floats)
{
    if (w->failed) return NULL;
    if (rows * row_floats > w->piece_floats) {
        dmx_free(w->piece);
        w->piece = dmx_alloc(row_floats, rows * sizeof *w->piece);
        w->piece_floats = w->piece != NULL ? rows * row_floats : 0;
    }
    if (w->piece == NULL) dmx_weights_no_memory(w);
    return w->piece;
}

/* Rows [first, first + count) of the tensor to rows [to, to + count) of the packed weight, by one of two functions. */
typedef void (*pack_fn)(const dmx_conv *conv, size_t first, size_t count, const float *weight, float *packed);

static void pack_rows(dmx_weights *w, const dmx_tensor *tensor, size_t first, size_t count, const dmx_conv *conv,
                      size_t to, pack_fn pack, float *packed)
{
    const size_t row = tensor->count / (size_t)tensor->shape[0];
    const size_t most = row > PIECE_FLOATS / DMX_PACK_ROWS ? DMX_PACK_ROWS : PIECE_FLOATS / row;
    float *piece = piece_for(w, most < count ? most : count, row);
    for (size_t done = 0, rows; done < count && !w->failed; done += rows) {
        rows = count - done < most ? count - done : most;
        dmx_weights_widen(w, tensor, (first + done) * row, rows * row, piece);
        pack(conv, to + done, rows, piece, packed);
    }
}

/* `conv`'s output channels of a vector, from `first` on, packed like its bias; NULL after a failure. */
static const float *pack_vector(dmx_weights *w, const dmx_conv *conv, const dmx_tensor *vector, size_t first)
{
    const size_t count = (size_t)conv->out_channels;
    float *packed = dmx_weights_floats(w, dmx_conv_bias_floats(conv)), *values = piece_for(w, 1, count);
    if (w->failed) return NULL;
    dmx_weights_widen(w, vector, first, count, values);
    dmx_conv_pack_bias(conv, values, packed);
    return packed;
}

/* Rows [first, first + conv's rows) of both tensors into the conv. */
static void pack(dmx_weights *w, dmx_conv *conv, const dmx_tensor *weight, const dmx_tensor *bias, size_t first)
{
    float *packed = dmx_weights_floats(w, dmx_conv_weight_floats(conv));
    if (!w->failed) pack_rows(w, weight, first, dmx_conv_weight_rows(conv), conv, 0, dmx_conv_pack_rows, packed);
    conv->weight = packed;
    conv->bias = pack_vector(w, conv, bias, first);
    if (w->failed) return;
    if (!dmx_store_conv(w->store, conv)) dmx_weights_no_memory(w);
    if (!dmx_winograd_suits(conv)) return;
    float *winograd = dmx_weights_floats(w, dmx_winograd_floats(conv));
    pack_rows(w, weight, 0, dmx_conv_weight_rows(conv), conv, 0, dmx_winograd_pack_rows, winograd);
    conv->winograd = winograd;
}

static int weight_shape(const dmx_conv *conv, dmx_axes axes, int64_t *shape)
{
    shape[0] = conv->transposed ? conv->in_channels : conv->out_channels;
    shape[1] = conv->transposed ? conv->out_channels : conv->in_channels;
    if (axes == DMX_AXES_LINEAR) return 2;
    if (axes == DMX_AXES_CONV1D) {
        shape[2] = (int64_t)conv->kernel_bins * conv->kernel_steps; /* one of them is 1 */
        return 3;
    }
    shape[2] = conv->kernel_bins;
    shape[3] = conv->kernel_steps;
    return 4;
}

void dmx_weights_conv(dmx_weights *w, dmx_conv *conv, dmx_axes axes, const char *prefix)
{
    int64_t shape[4];
    int rank = weight_shape(conv, axes, shape);
    dmx_tensor *weight = dmx_weights_take(w, dmx_name_of("%s.weight", prefix).text, rank, shape);
    dmx_tensor *bias = dmx_weights_take(w, dmx_name_of("%s.bias", prefix).text, 1, (int64_t[]){conv->out_channels});
    if (weight == NULL || bias == NULL) return;
    pack(w, conv, weight, bias, 0);
    dmx_checkpoint_release(w->checkpoint, weight);
    dmx_checkpoint_release(w->checkpoint, bias);
}

void dmx_weights_linears(dmx_weights *w, dmx_conv *const *convs, int count, const char *weight_name,
                         const char *bias_name)
{
    const int out = convs[0]->out_channels, in = convs[0]->in_channels;
    dmx_tensor *weight = dmx_weights_take(w, weight_name, 2, (int64_t[]){count * out, in});
    dmx_tensor *bias = dmx_weights_take(w, bias_name, 1, (int64_t[]){count * out});
    if (weight == NULL || bias == NULL) return;
    for (int i = 0; i < count; i++) pack(w, convs[i], weight, bias, (size_t)(i * out));
    dmx_checkpoint_release(w->checkpoint, weight);
    dmx_checkpoint_release(w->checkpoint, bias);
}

void dmx_weights_norm(dmx_weights *w, dmx_norm *norm, const char *prefix)
{
    if (norm->groups == 0) return;
    norm->gamma = dmx_weights_vector(w, dmx_name_of("%s.weight", prefix).text, norm->channels);
    norm->beta = dmx_weights_vector(w, dmx_name_of("%s.bias", prefix).text, norm->channels);
}

static const dmx_tensor *take_vector(dmx_weights *w, const dmx_conv *conv, const char *prefix, const char *name)
{
    return dmx_weights_take(w, dmx_name_of("%s.%s", prefix, name).text, 1, (int64_t[]){conv->out_channels});
}

void dmx_weights_normed_linear(dmx_weights *w, dmx_normed_linear *layer, const char *conv, const char *norm)
{
    dmx_conv *linear = &layer->linear;
    const size_t out = (size_t)linear->out_channels, in = (size_t)linear->in_channels;
    dmx_tensor *weight =
        dmx_weights_take(w, dmx_name_of("%s.weight", conv).text, 3, (int64_t[]){(int64_t)out, (int64_t)in, 1});
    dmx_tensor *bias = dmx_weights_take(w, dmx_name_of("%s.bias", conv).text, 1, (int64_t[]){(int64_t)out});
    const dmx_tensor *gamma = take_vector(w, linear, norm, "weight"), *beta = take_vector(w, linear, norm, "bias");
    if (weight == NULL || bias == NULL || gamma == NULL || beta == NULL) return;
    double *tables = dmx_weights_part(w, dmx_normed_linear_doubles(linear->in_channels) * sizeof *tables);
    if (!w->failed) pack(w, linear, weight, bias, 0);
    float *values = piece_for(w, out, in + 1); /* narrow enough to be taken whole */
    if (!w->failed) {
        dmx_weights_widen(w, weight, 0, out * in, values);
        dmx_weights_widen(w, bias, 0, out, values + out * in);
        dmx_normed_linear_prepare(layer, w->kernels, values, values + out * in, tables);
        dmx_checkpoint_release(w->checkpoint, weight);
    }
    layer->gamma = pack_vector(w, linear, gamma, 0);
    layer->beta = pack_vector(w, linear, beta, 0);
}

/* ---- LSTM ---- */

/* The tensors of one direction of a layer, in PyTorch's order. */
typedef struct direction {
    dmx_tensor *weight_ih, *weight_hh; /* [4 * hidden][inputs], [4 * hidden][hidden] */
    dmx_tensor *bias_ih, *bias_hh;     /* [4 * hidden] */
} direction;

/* False after a failure and when it runs dry. */
static bool take_direction(dmx_weights *w, direction *d, int hidden, int width, const char *prefix, const char *suffix)
{
    const int64_t rows = 4 * (int64_t)hidden;
    d->weight_ih =
        dmx_weights_take(w, dmx_name_of("%s.weight_ih_%s", prefix, suffix).text, 2, (int64_t[]){rows, width});
    d->weight_hh =
        dmx_weights_take(w, dmx_name_of("%s.weight_hh_%s", prefix, suffix).text, 2, (int64_t[]){rows, hidden});
    d->bias_ih = dmx_weights_take(w, dmx_name_of("%s.bias_ih_%s", prefix, suffix).text, 1, &rows);
    d->bias_hh = dmx_weights_take(w, dmx_name_of("%s.bias_hh_%s", prefix, suffix).text, 1, &rows);
    return d->weight_ih != NULL && d->weight_hh != NULL && d->bias_ih != NULL && d->bias_hh != NULL;
}

/* [4 * hidden][conv's inputs] into the packed weight in the order of lstm.h: a block of units' rows at a time. */
static void pack_gates(dmx_weights *w, const dmx_conv *conv, int hidden, dmx_tensor *tensor, float *packed)
{
    const size_t units = (size_t)hidden;
    for (size_t gate = 0; gate < DMX_LSTM_GATES && !w->failed; gate++)
        for (size_t unit = 0; unit < units; unit += DMX_PANEL) {
            const size_t count = units - unit < DMX_PANEL ? units - unit : DMX_PANEL;
            pack_rows(w, tensor, gate * units + unit, count, conv, dmx_lstm_column(gate, unit), dmx_conv_pack_rows,
                      packed);
        }
    if (!w->failed) dmx_checkpoint_release(w->checkpoint, tensor);
}

/* Add [4 * hidden] in that order: PyTorch has two biases. */
static void add_gate_bias(dmx_weights *w, int hidden, dmx_tensor *tensor, float *sum)
{
    const size_t units = (size_t)hidden;
    float *values = piece_for(w, DMX_LSTM_GATES, units);
    if (values == NULL) return;
    dmx_weights_widen(w, tensor, 0, tensor->count, values);
    for (size_t gate = 0; gate < DMX_LSTM_GATES; gate++)
        for (size_t unit = 0; unit < units; unit++) sum[dmx_lstm_column(gate, unit)] += values[gate * units + unit];
    dmx_checkpoint_release(w->checkpoint, tensor);
}

/* One layer: the input's weights of both directions are one conv, whole panels of each side by side. */
static void load_lstm_layer(dmx_weights *w, dmx_lstm_layer *layer, int hidden, int width, int index, const char *prefix)
{
    const int columns = dmx_lstm_columns(hidden);
    const dmx_conv input = dmx_linear(width, columns), recurrent = dmx_linear(hidden, columns);
    direction directions[2];
    const bool forward = take_direction(w, &directions[0], hidden, width, prefix, dmx_name_of("l%d", index).text);
    const bool backward =
        take_direction(w, &directions[1], hidden, width, prefix, dmx_name_of("l%d_reverse", index).text);
    if (!forward || !backward) return;
    float *weight = dmx_weights_floats(w, 2 * dmx_conv_weight_floats(&input));
    float *bias = dmx_weights_floats(w, 2 * dmx_conv_bias_floats(&input));
    for (size_t d = 0; d < 2; d++) {
        float *packed = dmx_weights_floats(w, dmx_conv_weight_floats(&recurrent));
        if (w->failed) return;
        float *direction_bias = bias + d * dmx_conv_bias_floats(&input);
        pack_gates(w, &input, hidden, directions[d].weight_ih, weight + d * dmx_conv_weight_floats(&input));
        pack_gates(w, &recurrent, hidden, directions[d].weight_hh, packed);
        add_gate_bias(w, hidden, directions[d].bias_ih, direction_bias);
        add_gate_bias(w, hidden, directions[d].bias_hh, direction_bias);
        layer->recurrent[d] = packed;
    }
    layer->input = dmx_linear(width, 2 * columns);
    layer->input.weight = weight;
    layer->input.bias = bias;
    if (!dmx_store_conv(w->store, &layer->input)) dmx_weights_no_memory(w);
}

void dmx_weights_lstm(dmx_weights *w, dmx_lstm *lstm, int hidden, int layers, const char *prefix)
{
    *lstm = (dmx_lstm){.hidden = hidden, .layers = layers};
    for (int l = 0; l < layers; l++)
        load_lstm_layer(w, &lstm->layer[l], hidden, l == 0 ? hidden : 2 * hidden, l, prefix);
}

dmx_conv dmx_linear(int in_channels, int out_channels)
{
    return (dmx_conv){.in_channels = in_channels,
                      .out_channels = out_channels,
                      .kernel_bins = 1,
                      .kernel_steps = 1,
                      .stride = 1,
                      .dilation = 1};
}
