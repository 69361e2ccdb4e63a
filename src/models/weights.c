/* weights.c - see weights.h */
#include "models/weights.h"

#include "base/alloc.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- store ---- */

float *dmx_store_floats(dmx_store *store, size_t count)
{
    void **blocks = dmx_realloc(store->blocks, store->count, store->count + 1, sizeof *blocks);
    if (blocks == NULL) return NULL;
    store->blocks = blocks;
    float *block = dmx_alloc(count, sizeof(float));
    if (block != NULL) blocks[store->count++] = block;
    return block;
}

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
    if (!w->failed) dmx_fail(w->error, DEMUCS_ERROR_MEMORY, "%s: out of memory while loading the model.",
                             w->checkpoint->path);
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

dmx_conv dmx_linear(int in_channels, int out_channels)
{
    return (dmx_conv){.in_channels = in_channels, .out_channels = out_channels, .kernel_bins = 1, .kernel_steps = 1,
                      .stride = 1, .dilation = 1};
}
