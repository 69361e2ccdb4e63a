/* weights.c - see weights.h */
#include "models/weights.h"

#include "base/alloc.h"
#include "nn/winograd.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_ROWS = 1 << 20 }; /* far more than any layer has */

/* ---- store ---- */

static void *store_block(dmx_store *store, size_t count, size_t size)
{
    void **blocks = dmx_realloc(store->blocks, store->count, store->count + 1, sizeof *blocks);
    if (blocks == NULL) return NULL;
    store->blocks = blocks;
    void *block = dmx_alloc(count, size);
    if (block != NULL) blocks[store->count++] = block;
    return block;
}

float *dmx_store_floats(dmx_store *store, size_t count) { return store_block(store, count, sizeof(float)); }

void *dmx_store_bytes(dmx_store *store, size_t size) { return store_block(store, 1, size); }

void dmx_store_clear(dmx_store *store)
{
    for (size_t i = 0; i < store->count; i++) dmx_free(store->blocks[i]);
    dmx_free(store->blocks);
    dmx_free(store->convs);
    *store = (dmx_store){0};
}

bool dmx_store_add_bf16(dmx_store *store, const dmx_kernels *kernels)
{
    for (size_t i = 0; i < store->conv_count; i++) {
        dmx_conv *conv = store->convs[i];
        const size_t count = dmx_conv_bf16_count(conv);
        if (count == 0 || conv->weight_bf16 != NULL) continue;
        uint16_t *packed = store_block(store, count, sizeof *packed);
        if (packed == NULL) return false;
        dmx_conv_pack_bf16(conv, kernels, packed);
        conv->weight_bf16 = packed;
    }
    return true;
}

/* ---- names and failures ---- */

dmx_name dmx_name_of(const char *format, ...)
{
    dmx_name name;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name.text, sizeof name.text, format, arguments);
    va_end(arguments);
    return name;
}

static void out_of_memory(dmx_weights *w)
{
    if (!w->failed)
        dmx_fail(w->error, DEMUCS_ERROR_MEMORY, "%s: out of memory while loading the model.", w->checkpoint->path);
    w->failed = true;
}

static void bad_tensor(dmx_weights *w, const char *name, const char *what)
{
    if (!w->failed) dmx_fail(w->error, DEMUCS_ERROR_FORMAT, "%s: the tensor %s %s.", w->checkpoint->path, name, what);
    w->failed = true;
}

static void bad_shape(dmx_weights *w, const dmx_tensor *tensor, int rank, const int64_t *shape)
{
    char what[256];
    size_t used = (size_t)snprintf(what, sizeof what, "has the shape [");
    for (int i = 0; i < tensor->rank; i++)
        used += (size_t)snprintf(what + used, sizeof what - used, "%s%lld", i ? ", " : "", (long long)tensor->shape[i]);
    used += (size_t)snprintf(what + used, sizeof what - used, "], but the model needs [");
    for (int i = 0; i < rank && used < sizeof what; i++)
        used += (size_t)snprintf(what + used, sizeof what - used, "%s%lld", i ? ", " : "", (long long)shape[i]);
    if (used < sizeof what) snprintf(what + used, sizeof what - used, "]");
    bad_tensor(w, tensor->name, what);
}

/* ---- taking tensors ---- */

void dmx_weights_begin(dmx_weights *w, const dmx_checkpoint *checkpoint, dmx_store *store, demucs_error *error)
{
    *w = (dmx_weights){.checkpoint = checkpoint, .store = store, .error = error};
    w->kernels = dmx_kernels_get(dmx_cpu_best());
    w->used = dmx_alloc(checkpoint->tensor_count, sizeof *w->used);
    if (w->used == NULL) out_of_memory(w);
}

demucs_status dmx_weights_finish(dmx_weights *w)
{
    for (size_t i = 0; i < w->checkpoint->tensor_count && !w->failed; i++) {
        if (w->used[i]) continue;
        char name[128];
        const char *text = w->checkpoint->tensors[i].name;
        bad_tensor(w, dmx_printable(name, sizeof name, text, strlen(text)), "does not belong to this model");
    }
    dmx_free(w->used);
    dmx_free(w->piece);
    w->used = NULL;
    w->piece = NULL;
    if (!w->failed) return DEMUCS_OK;
    return w->error != NULL && w->error->status != DEMUCS_OK ? w->error->status : DEMUCS_ERROR_FORMAT;
}

/* The tensor by name and shape, or NULL after a failure. */
static dmx_tensor *take(dmx_weights *w, const char *name, int rank, const int64_t *shape)
{
    if (w->failed) return NULL;
    for (size_t i = 0; i < w->checkpoint->tensor_count; i++) {
        dmx_tensor *tensor = &w->checkpoint->tensors[i];
        if (strcmp(tensor->name, name) != 0) continue;
        bool same = tensor->rank == rank;
        for (int axis = 0; axis < rank && same; axis++) same = tensor->shape[axis] == shape[axis];
        if (!same) bad_shape(w, tensor, rank, shape);
        if (!same) return NULL;
        if (tensor->dtype > DMX_BF16) {
            bad_tensor(w, name, "does not hold floating point numbers");
            return NULL;
        }
        w->used[i] = true;
        w->parameters += tensor->count;
        return tensor;
    }
    bad_tensor(w, name, "is missing");
    return NULL;
}

bool dmx_weights_has(const dmx_weights *w, const char *name)
{
    for (size_t i = 0; i < w->checkpoint->tensor_count; i++)
        if (strcmp(w->checkpoint->tensors[i].name, name) == 0) return true;
    return false;
}

int dmx_weights_rows(const dmx_weights *w, const char *name)
{
    for (size_t i = 0; i < w->checkpoint->tensor_count; i++) {
        const dmx_tensor *tensor = &w->checkpoint->tensors[i];
        if (strcmp(tensor->name, name) == 0)
            return tensor->rank > 0 && tensor->shape[0] <= MAX_ROWS ? (int)tensor->shape[0] : 0;
    }
    return 0;
}

void *dmx_weights_part(dmx_weights *w, size_t size)
{
    if (w->failed) return NULL;
    void *part = dmx_store_bytes(w->store, size);
    if (part == NULL) out_of_memory(w);
    return part;
}

static bool all_finite(const float *values, size_t count)
{
    /* x - x is 0 for every finite x and NaN for the others; sums of zeros stay 0. */
    float sum = 0;
    for (size_t i = 0; i < count; i++) sum += values[i] - values[i];
    return sum == 0;
}

/* Elements [first, first + count) as floats. */
static void widen(dmx_weights *w, const dmx_tensor *tensor, size_t first, size_t count, float *out)
{
    if (tensor->dtype == DMX_F16)
        w->kernels->f16_to_f32((const unsigned char *)tensor->data + 2 * first, count, out);
    else
        dmx_tensor_to_f32(tensor, first, count, out);
    if (!all_finite(out, count)) bad_tensor(w, tensor->name, "holds NaN or infinite numbers");
}

const float *dmx_weights_tensor(dmx_weights *w, const char *name, int rank, const int64_t *shape)
{
    dmx_tensor *tensor = take(w, name, rank, shape);
    if (tensor == NULL) return NULL;
    float *values = dmx_store_floats(w->store, tensor->count);
    if (values == NULL)
        out_of_memory(w);
    else
        widen(w, tensor, 0, tensor->count, values);
    dmx_checkpoint_release(w->checkpoint, tensor);
    return w->failed ? NULL : values;
}

const float *dmx_weights_vector(dmx_weights *w, const char *name, int64_t length)
{
    return dmx_weights_tensor(w, name, 1, &length);
}

/* ---- packing ---- */

/* Weights are widened and packed in pieces of about so many floats, which stay in the cache: the largest tensor then
 * never lies in memory as floats beside its packed self. */
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
    if (w->piece == NULL) out_of_memory(w);
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
        widen(w, tensor, (first + done) * row, rows * row, piece);
        pack(conv, to + done, rows, piece, packed);
    }
}

static float *store_packed(dmx_weights *w, size_t count)
{
    float *packed = w->failed ? NULL : dmx_store_floats(w->store, count);
    if (packed == NULL) out_of_memory(w); /* unless it has failed already */
    return packed;
}

/* Remember a layer for dmx_store_add_bf16. Its place must not change any more. */
static bool store_conv(dmx_weights *w, dmx_conv *conv)
{
    dmx_store *store = w->store;
    dmx_conv **convs = dmx_realloc(store->convs, store->conv_count, store->conv_count + 1, sizeof *convs);
    if (convs == NULL) out_of_memory(w);
    if (convs == NULL) return false;
    store->convs = convs;
    convs[store->conv_count++] = conv;
    return true;
}

/* Rows [first, first + conv's rows) of both tensors into the conv. */
static void pack(dmx_weights *w, dmx_conv *conv, const dmx_tensor *weight, const dmx_tensor *bias, size_t first)
{
    float *packed = store_packed(w, dmx_conv_weight_floats(conv));
    float *packed_bias = store_packed(w, dmx_conv_bias_floats(conv));
    if (!w->failed) pack_rows(w, weight, first, dmx_conv_weight_rows(conv), conv, 0, dmx_conv_pack_rows, packed);
    float *values = piece_for(w, 1, (size_t)conv->out_channels);
    if (values == NULL || !store_conv(w, conv)) return;
    widen(w, bias, first, (size_t)conv->out_channels, values);
    dmx_conv_pack_bias(conv, values, packed_bias);
    conv->weight = packed;
    conv->bias = packed_bias;
    if (!dmx_winograd_suits(conv)) return;
    float *winograd = store_packed(w, dmx_winograd_floats(conv));
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
    dmx_tensor *weight = take(w, dmx_name_of("%s.weight", prefix).text, rank, shape);
    dmx_tensor *bias = take(w, dmx_name_of("%s.bias", prefix).text, 1, (int64_t[]){conv->out_channels});
    if (w->failed) return;
    pack(w, conv, weight, bias, 0);
    dmx_checkpoint_release(w->checkpoint, weight);
    dmx_checkpoint_release(w->checkpoint, bias);
}

void dmx_weights_linear_rows(dmx_weights *w, dmx_conv *conv, const char *weight_name, const char *bias_name, int rows,
                             int first)
{
    size_t parameters = w->parameters;
    dmx_tensor *weight = take(w, weight_name, 2, (int64_t[]){rows, conv->in_channels});
    dmx_tensor *bias = take(w, bias_name, 1, (int64_t[]){rows});
    if (w->failed) return;
    pack(w, conv, weight, bias, (size_t)first);
    /* The tensor is read once for each part: count only this part's numbers. */
    w->parameters = parameters + (size_t)conv->out_channels * ((size_t)conv->in_channels + 1);
    if (first + conv->out_channels < rows) return;
    dmx_checkpoint_release(w->checkpoint, weight);
    dmx_checkpoint_release(w->checkpoint, bias);
}

void dmx_weights_norm(dmx_weights *w, dmx_norm *norm, const char *prefix)
{
    if (norm->groups == 0) return;
    norm->gamma = dmx_weights_vector(w, dmx_name_of("%s.weight", prefix).text, norm->channels);
    norm->beta = dmx_weights_vector(w, dmx_name_of("%s.bias", prefix).text, norm->channels);
}

/* A vector of `conv`'s output channels, packed like its bias; NULL after a failure. */
static const float *take_packed_vector(dmx_weights *w, const dmx_conv *conv, const char *name)
{
    dmx_tensor *tensor = take(w, name, 1, (int64_t[]){conv->out_channels});
    float *packed = store_packed(w, dmx_conv_bias_floats(conv)), *values = piece_for(w, 1, (size_t)conv->out_channels);
    if (w->failed) return NULL;
    widen(w, tensor, 0, tensor->count, values);
    dmx_conv_pack_bias(conv, values, packed);
    return packed;
}

void dmx_weights_normed_linear(dmx_weights *w, dmx_normed_linear *layer, const char *conv, const char *norm)
{
    dmx_conv *linear = &layer->linear;
    const size_t out = (size_t)linear->out_channels, in = (size_t)linear->in_channels;
    dmx_tensor *weight = take(w, dmx_name_of("%s.weight", conv).text, 3, (int64_t[]){(int64_t)out, (int64_t)in, 1});
    dmx_tensor *bias = take(w, dmx_name_of("%s.bias", conv).text, 1, (int64_t[]){(int64_t)out});
    double *tables = dmx_weights_part(w, dmx_normed_linear_doubles(linear->in_channels) * sizeof *tables);
    if (!w->failed) pack(w, linear, weight, bias, 0);
    float *values = piece_for(w, out, in + 1); /* narrow enough to be taken whole */
    if (!w->failed) {
        widen(w, weight, 0, out * in, values);
        widen(w, bias, 0, out, values + out * in);
        dmx_normed_linear_prepare(layer, w->kernels, values, values + out * in, tables);
        dmx_checkpoint_release(w->checkpoint, weight);
    }
    layer->gamma = take_packed_vector(w, linear, dmx_name_of("%s.weight", norm).text);
    layer->beta = take_packed_vector(w, linear, dmx_name_of("%s.bias", norm).text);
}

/* ---- LSTM ---- */

/* NAME, [4 * hidden][conv's inputs], into the packed weight in the order of lstm.h: a block of units' rows at a time.
 */
static void pack_gates(dmx_weights *w, const dmx_conv *conv, int hidden, const char *name, float *packed)
{
    const size_t units = (size_t)hidden;
    dmx_tensor *tensor = take(w, name, 2, (int64_t[]){4 * (int64_t)hidden, conv->in_channels});
    for (size_t gate = 0; gate < DMX_LSTM_GATES && !w->failed; gate++)
        for (size_t unit = 0; unit < units; unit += DMX_PANEL) {
            const size_t count = units - unit < DMX_PANEL ? units - unit : DMX_PANEL;
            pack_rows(w, tensor, gate * units + unit, count, conv, dmx_lstm_column(gate, unit), dmx_conv_pack_rows,
                      packed);
        }
    if (!w->failed) dmx_checkpoint_release(w->checkpoint, tensor);
}

/* Add NAME, [4 * hidden], in that order: PyTorch has two biases. */
static void add_gate_bias(dmx_weights *w, int hidden, const char *name, float *sum)
{
    const size_t units = (size_t)hidden;
    dmx_tensor *tensor = take(w, name, 1, (int64_t[]){4 * (int64_t)hidden});
    float *values = piece_for(w, DMX_LSTM_GATES, units);
    if (values == NULL) return;
    widen(w, tensor, 0, tensor->count, values);
    for (size_t gate = 0; gate < DMX_LSTM_GATES; gate++)
        for (size_t unit = 0; unit < units; unit++) sum[dmx_lstm_column(gate, unit)] += values[gate * units + unit];
    dmx_checkpoint_release(w->checkpoint, tensor);
}

/* One layer: the input's weights of both directions are one conv, whole panels of each side by side. */
static void load_lstm_layer(dmx_weights *w, dmx_lstm_layer *layer, int hidden, int width, int index, const char *prefix)
{
    const int columns = dmx_lstm_columns(hidden);
    const dmx_conv input = dmx_linear(width, columns), recurrent = dmx_linear(hidden, columns);
    float *weight = store_packed(w, 2 * dmx_conv_weight_floats(&input));
    float *bias = store_packed(w, 2 * dmx_conv_bias_floats(&input));
    for (size_t d = 0; d < 2; d++) {
        const dmx_name suffix = dmx_name_of("l%d%s", index, d > 0 ? "_reverse" : "");
        float *packed = store_packed(w, dmx_conv_weight_floats(&recurrent));
        if (w->failed) return;
        float *direction_bias = bias + d * dmx_conv_bias_floats(&input);
        pack_gates(w, &input, hidden, dmx_name_of("%s.weight_ih_%s", prefix, suffix.text).text,
                   weight + d * dmx_conv_weight_floats(&input));
        add_gate_bias(w, hidden, dmx_name_of("%s.bias_ih_%s", prefix, suffix.text).text, direction_bias);
        add_gate_bias(w, hidden, dmx_name_of("%s.bias_hh_%s", prefix, suffix.text).text, direction_bias);
        pack_gates(w, &recurrent, hidden, dmx_name_of("%s.weight_hh_%s", prefix, suffix.text).text, packed);
        layer->recurrent[d] = packed;
    }
    layer->input = dmx_linear(width, 2 * columns);
    layer->input.weight = weight;
    layer->input.bias = bias;
    store_conv(w, &layer->input);
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
