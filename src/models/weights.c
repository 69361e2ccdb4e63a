/* weights.c - see weights.h */
#include "models/weights.h"

#include "base/alloc.h"
#include "nn/winograd.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
    *store = (dmx_store){0};
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
    w->used = NULL;
    if (!w->failed) return DEMUCS_OK;
    return w->error != NULL && w->error->status != DEMUCS_OK ? w->error->status : DEMUCS_ERROR_FORMAT;
}

/* The tensor by name and shape, or NULL after a failure. */
static const dmx_tensor *take(dmx_weights *w, const char *name, int rank, const int64_t *shape)
{
    if (w->failed) return NULL;
    for (size_t i = 0; i < w->checkpoint->tensor_count; i++) {
        const dmx_tensor *tensor = &w->checkpoint->tensors[i];
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

static void widen(dmx_weights *w, const dmx_tensor *tensor, float *out)
{
    if (tensor->dtype == DMX_F16)
        w->kernels->f16_to_f32(tensor->data, tensor->count, out);
    else
        dmx_tensor_to_f32(tensor, 0, tensor->count, out);
    if (!all_finite(out, tensor->count)) bad_tensor(w, tensor->name, "holds NaN or infinite numbers");
}

const float *dmx_weights_tensor(dmx_weights *w, const char *name, int rank, const int64_t *shape)
{
    const dmx_tensor *tensor = take(w, name, rank, shape);
    if (tensor == NULL) return NULL;
    float *values = dmx_store_floats(w->store, tensor->count);
    if (values == NULL)
        out_of_memory(w);
    else
        widen(w, tensor, values);
    return w->failed ? NULL : values;
}

const float *dmx_weights_vector(dmx_weights *w, const char *name, int64_t length)
{
    return dmx_weights_tensor(w, name, 1, &length);
}

/* A tensor in memory of its own, for packing; NULL after a failure. */
static float *take_for_packing(dmx_weights *w, const char *name, int rank, const int64_t *shape)
{
    const dmx_tensor *tensor = take(w, name, rank, shape);
    if (tensor == NULL) return NULL;
    float *values = dmx_alloc(tensor->count, sizeof *values);
    if (values == NULL) out_of_memory(w);
    if (values != NULL) widen(w, tensor, values);
    if (!w->failed) return values;
    dmx_free(values);
    return NULL;
}

/* ---- layers ---- */

static void pack(dmx_weights *w, dmx_conv *conv, const float *weight, const float *bias)
{
    float *packed = dmx_store_floats(w->store, dmx_conv_weight_floats(conv));
    float *packed_bias = dmx_store_floats(w->store, dmx_conv_bias_floats(conv));
    if (packed == NULL || packed_bias == NULL) {
        out_of_memory(w);
        return;
    }
    dmx_conv_pack(conv, weight, packed);
    dmx_conv_pack_bias(conv, bias, packed_bias);
    conv->weight = packed;
    conv->bias = packed_bias;
    if (!dmx_winograd_suits(conv)) return;
    float *winograd = dmx_store_floats(w->store, dmx_winograd_floats(conv));
    if (winograd == NULL)
        out_of_memory(w);
    else
        dmx_winograd_pack(conv, weight, winograd);
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
    float *weight = take_for_packing(w, dmx_name_of("%s.weight", prefix).text, rank, shape);
    float *bias = take_for_packing(w, dmx_name_of("%s.bias", prefix).text, 1, (int64_t[]){conv->out_channels});
    if (!w->failed) pack(w, conv, weight, bias);
    dmx_free(weight);
    dmx_free(bias);
}

void dmx_weights_linear_rows(dmx_weights *w, dmx_conv *conv, const char *weight_name, const char *bias_name, int rows,
                             int first)
{
    size_t parameters = w->parameters;
    float *weight = take_for_packing(w, weight_name, 2, (int64_t[]){rows, conv->in_channels});
    float *bias = take_for_packing(w, bias_name, 1, (int64_t[]){rows});
    if (!w->failed) pack(w, conv, weight + (size_t)first * (size_t)conv->in_channels, bias + first);
    /* The tensor is read once for each part: count only this part's numbers. */
    w->parameters = parameters + (size_t)conv->out_channels * ((size_t)conv->in_channels + 1);
    dmx_free(weight);
    dmx_free(bias);
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
    float *values = take_for_packing(w, name, 1, (int64_t[]){conv->out_channels});
    float *packed = values != NULL ? dmx_store_floats(w->store, dmx_conv_bias_floats(conv)) : NULL;
    if (packed != NULL)
        dmx_conv_pack_bias(conv, values, packed);
    else
        out_of_memory(w); /* unless it has failed already */
    dmx_free(values);
    return packed;
}

void dmx_weights_normed_linear(dmx_weights *w, dmx_normed_linear *layer, const char *conv, const char *norm)
{
    dmx_conv *linear = &layer->linear;
    float *weight = take_for_packing(w, dmx_name_of("%s.weight", conv).text, 3,
                                     (int64_t[]){linear->out_channels, linear->in_channels, 1});
    float *bias = take_for_packing(w, dmx_name_of("%s.bias", conv).text, 1, (int64_t[]){linear->out_channels});
    double *tables = dmx_weights_part(w, dmx_normed_linear_doubles(linear->in_channels) * sizeof *tables);
    if (!w->failed) {
        pack(w, linear, weight, bias);
        dmx_normed_linear_prepare(layer, w->kernels, weight, bias, tables);
    }
    dmx_free(weight);
    dmx_free(bias);
    layer->gamma = take_packed_vector(w, linear, dmx_name_of("%s.weight", norm).text);
    layer->beta = take_packed_vector(w, linear, dmx_name_of("%s.bias", norm).text);
}

/* ---- LSTM ---- */

/* A tensor [4 * hidden][width] (width 0: a vector) in the order of lstm.h, in memory of its own; NULL after a failure.
 */
static float *take_gates(dmx_weights *w, const char *name, int hidden, int width)
{
    const size_t columns = width > 0 ? (size_t)width : 1;
    float *rows = take_for_packing(w, name, width > 0 ? 2 : 1, (int64_t[]){4 * (int64_t)hidden, width});
    float *ordered = rows != NULL ? dmx_alloc((size_t)dmx_lstm_columns(hidden) * columns, sizeof *ordered) : NULL;
    if (ordered != NULL)
        dmx_lstm_reorder(hidden, columns, rows, ordered);
    else
        out_of_memory(w); /* unless it has failed already */
    dmx_free(rows);
    return ordered;
}

/* PyTorch's two biases of one direction, added up. */
static float *take_gate_bias(dmx_weights *w, int hidden, const char *prefix, const char *suffix)
{
    float *bias = take_gates(w, dmx_name_of("%s.bias_ih_%s", prefix, suffix).text, hidden, 0);
    float *bias_hh = take_gates(w, dmx_name_of("%s.bias_hh_%s", prefix, suffix).text, hidden, 0);
    for (int i = 0; i < dmx_lstm_columns(hidden) && !w->failed; i++) bias[i] += bias_hh[i];
    dmx_free(bias_hh);
    return bias;
}

static const float *take_recurrent(dmx_weights *w, int hidden, const char *prefix, const char *suffix)
{
    const dmx_conv conv = dmx_linear(hidden, dmx_lstm_columns(hidden));
    float *rows = take_gates(w, dmx_name_of("%s.weight_hh_%s", prefix, suffix).text, hidden, hidden);
    float *packed = rows != NULL ? dmx_store_floats(w->store, dmx_conv_weight_floats(&conv)) : NULL;
    if (packed != NULL)
        dmx_conv_pack(&conv, rows, packed);
    else
        out_of_memory(w); /* unless it has failed already */
    dmx_free(rows);
    return packed;
}

/* Both directions side by side as one conv: weight[d] [columns][width] and bias[d] [columns], whole panels each. */
static void pack_directions(dmx_weights *w, dmx_conv *conv, float *const weight[2], float *const bias[2])
{
    const dmx_conv half = dmx_linear(conv->in_channels, conv->out_channels / 2);
    const size_t weight_floats = dmx_conv_weight_floats(&half), bias_floats = dmx_conv_bias_floats(&half);
    float *packed = dmx_store_floats(w->store, 2 * weight_floats);
    float *packed_bias = dmx_store_floats(w->store, 2 * bias_floats);
    if (packed == NULL || packed_bias == NULL) {
        out_of_memory(w);
        return;
    }
    for (size_t d = 0; d < 2; d++) {
        dmx_conv_pack(&half, weight[d], packed + d * weight_floats);
        dmx_conv_pack_bias(&half, bias[d], packed_bias + d * bias_floats);
    }
    conv->weight = packed;
    conv->bias = packed_bias;
}

static void load_lstm_layer(dmx_weights *w, dmx_lstm_layer *layer, int hidden, int width, int index, const char *prefix)
{
    float *weight[2], *bias[2];
    for (int d = 0; d < 2; d++) {
        const dmx_name suffix = dmx_name_of("l%d%s", index, d > 0 ? "_reverse" : "");
        weight[d] = take_gates(w, dmx_name_of("%s.weight_ih_%s", prefix, suffix.text).text, hidden, width);
        bias[d] = take_gate_bias(w, hidden, prefix, suffix.text);
        layer->recurrent[d] = take_recurrent(w, hidden, prefix, suffix.text);
    }
    layer->input = dmx_linear(width, 2 * dmx_lstm_columns(hidden));
    if (!w->failed) pack_directions(w, &layer->input, weight, bias);
    for (int d = 0; d < 2; d++) {
        dmx_free(weight[d]);
        dmx_free(bias[d]);
    }
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
