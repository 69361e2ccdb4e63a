/* weights.c - see weights.h */
#include "models/loading/weights.h"

#include "base/alloc.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_ROWS = 1 << 20 }; /* far more than any layer has */

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

void dmx_weights_no_memory(dmx_weights *w)
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

void dmx_weights_begin(dmx_weights *w, const dmx_checkpoint *checkpoint, dmx_store *store, dmx_parameters *list,
                       demucs_error *error)
{
    *w = (dmx_weights){.checkpoint = checkpoint, .store = store, .list = list, .error = error};
    w->kernels = dmx_kernels_get(dmx_cpu_best());
    if (list != NULL) return;
    w->used = dmx_alloc(checkpoint->tensor_count, sizeof *w->used);
    if (w->used == NULL) dmx_weights_no_memory(w);
}

demucs_status dmx_weights_finish(dmx_weights *w)
{
    for (size_t i = 0; w->list == NULL && i < w->checkpoint->tensor_count && !w->failed; i++) {
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

/* The tensor of that name, or NULL. */
static dmx_tensor *find(const dmx_weights *w, const char *name)
{
    for (size_t i = 0; w->list == NULL && i < w->checkpoint->tensor_count; i++)
        if (strcmp(w->checkpoint->tensors[i].name, name) == 0) return &w->checkpoint->tensors[i];
    return NULL;
}

dmx_tensor *dmx_weights_take(dmx_weights *w, const char *name, int rank, const int64_t *shape)
{
    if (w->failed) return NULL;
    if (w->list != NULL) {
        if (!dmx_parameters_add(w->list, name, rank, shape)) dmx_weights_no_memory(w);
        return NULL;
    }
    dmx_tensor *tensor = find(w, name);
    if (tensor == NULL) {
        bad_tensor(w, name, "is missing");
        return NULL;
    }
    bool same = tensor->rank == rank;
    for (int axis = 0; axis < rank && same; axis++) same = tensor->shape[axis] == shape[axis];
    if (!same) bad_shape(w, tensor, rank, shape);
    if (!same) return NULL;
    if (tensor->dtype > DMX_BF16) {
        bad_tensor(w, name, "does not hold floating point numbers");
        return NULL;
    }
    w->used[tensor - w->checkpoint->tensors] = true;
    w->parameters += tensor->count;
    return tensor;
}

bool dmx_weights_has(const dmx_weights *w, const char *name) { return find(w, name) != NULL; }

int dmx_weights_rows(const dmx_weights *w, const char *name)
{
    const dmx_tensor *tensor = find(w, name);
    return tensor != NULL && tensor->rank > 0 && tensor->shape[0] <= MAX_ROWS ? (int)tensor->shape[0] : 0;
}

float *dmx_weights_floats(dmx_weights *w, size_t count)
{
    float *floats = w->failed ? NULL : dmx_store_floats(w->store, count);
    if (floats == NULL) dmx_weights_no_memory(w); /* unless it has failed already */
    return floats;
}

void *dmx_weights_part(dmx_weights *w, size_t size)
{
    if (w->failed) return NULL;
    void *part = dmx_store_bytes(w->store, size);
    if (part == NULL) dmx_weights_no_memory(w);
    return part;
}

/* By their bits, which compilers look at several at a time: an exponent of all ones is infinity or NaN. */
static bool all_finite(const float *values, size_t count)
{
    uint32_t not_finite = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        not_finite |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return not_finite == 0;
}

void dmx_weights_widen(dmx_weights *w, const dmx_tensor *tensor, size_t first, size_t count, float *out)
{
    if (tensor->dtype == DMX_F16)
        w->kernels->f16_to_f32((const unsigned char *)tensor->data + 2 * first, count, out);
    else
        dmx_tensor_to_f32(tensor, first, count, out);
    if (!all_finite(out, count)) bad_tensor(w, tensor->name, "holds NaN or infinite numbers");
}

const float *dmx_weights_tensor(dmx_weights *w, const char *name, int rank, const int64_t *shape)
{
    dmx_tensor *tensor = dmx_weights_take(w, name, rank, shape);
    if (tensor == NULL) return NULL;
    float *values = dmx_store_floats(w->store, tensor->count);
    if (values == NULL)
        dmx_weights_no_memory(w);
    else
        dmx_weights_widen(w, tensor, 0, tensor->count, values);
    dmx_checkpoint_release(w->checkpoint, tensor);
    return w->failed ? NULL : values;
}

const float *dmx_weights_vector(dmx_weights *w, const char *name, int64_t length)
{
    return dmx_weights_tensor(w, name, 1, &length);
}
