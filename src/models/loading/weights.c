/* weights.c - see weights.h */
#include "models/loading/weights.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
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

static void no_memory(dmx_weights *w)
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

static int compare_tensors(const void *a, const void *b)
{
    return strcmp((*(dmx_tensor *const *)a)->name, (*(dmx_tensor *const *)b)->name);
}

void dmx_weights_begin(dmx_weights *w, const dmx_checkpoint *checkpoint, const dmx_upload *upload, dmx_store *store,
                       demucs_error *error)
{
    *w = (dmx_weights){.checkpoint = checkpoint, .upload = upload, .store = store, .error = error};
    const size_t count = checkpoint->tensor_count;
    w->used = dmx_alloc(count, sizeof *w->used);
    w->by_name = dmx_alloc(count, sizeof(dmx_tensor *));
    if (w->used == NULL || w->by_name == NULL) {
        no_memory(w);
        return;
    }
    for (size_t i = 0; i < count; i++) w->by_name[i] = &checkpoint->tensors[i];
    if (count > 0) qsort(w->by_name, count, sizeof(dmx_tensor *), compare_tensors);
}

void dmx_weights_begin_dry(dmx_weights *w, const dmx_checkpoint *checkpoint, dmx_parameters *list, dmx_store *store,
                           demucs_error *error)
{
    *w = (dmx_weights){.checkpoint = checkpoint, .list = list, .store = store, .error = error};
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
    dmx_free(w->by_name);
    dmx_free(w->piece);
    w->used = NULL;
    w->by_name = NULL;
    w->piece = NULL;
    if (!w->failed) return DEMUCS_OK;
    return w->error != NULL && w->error->status != DEMUCS_OK ? w->error->status : DEMUCS_ERROR_FORMAT;
}

/* The tensor of that name, or NULL. */
static dmx_tensor *find(const dmx_weights *w, const char *name)
{
    size_t low = 0, high = w->by_name != NULL ? w->checkpoint->tensor_count : 0;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(w->by_name[middle]->name, name);
        if (order == 0) return w->by_name[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool is_right(dmx_weights *w, const dmx_tensor *tensor, int rank, const int64_t *shape)
{
    bool same = tensor->rank == rank;
    for (int axis = 0; axis < rank && same; axis++) same = tensor->shape[axis] == shape[axis];
    if (!same)
        bad_shape(w, tensor, rank, shape);
    else if (tensor->dtype > DMX_BF16)
        bad_tensor(w, tensor->name, "does not hold floating point numbers");
    return !w->failed;
}

/* Memory for so many floats; NULL when there is none. */
static float *piece_of(dmx_weights *w, size_t floats)
{
    if (floats > w->piece_floats) {
        dmx_free(w->piece);
        w->piece = dmx_alloc(floats, sizeof *w->piece);
        w->piece_floats = w->piece != NULL ? floats : 0;
    }
    return w->piece;
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

/* The `read` of dmx_rows. Numbers that are not finite are a failure. */
static const float *read_rows(const dmx_rows *rows, size_t first, size_t count)
{
    const dmx_taken *taken = rows->source;
    dmx_weights *w = taken->w;
    const size_t floats = count * rows->row_floats;
    float *piece = piece_of(w, floats);
    if (piece == NULL) return NULL;
    const size_t at = (taken->first_row + first) * rows->row_floats;
    if (dmx_checkpoint_read(w->checkpoint, taken->tensor, at, floats, piece, w->error) != DEMUCS_OK) {
        w->failed = true;
        return NULL;
    }
    if (!all_finite(piece, floats)) {
        bad_tensor(w, taken->tensor->name, "holds NaN or infinite numbers");
        return NULL;
    }
    for (size_t i = 0; taken->scaled && i < floats; i++) piece[i] = taken->factors[1] * (piece[i] * taken->factors[0]);
    return piece;
}

bool dmx_weights_take(dmx_weights *w, dmx_taken *taken, const char *name, int rank, const int64_t *shape)
{
    if (w->failed) return false;
    if (w->list != NULL) {
        if (!dmx_parameters_add(w->list, name, rank, shape)) no_memory(w);
        return false;
    }
    dmx_tensor *tensor = find(w, name);
    if (tensor == NULL) bad_tensor(w, name, "is missing");
    if (tensor == NULL || !is_right(w, tensor, rank, shape)) return false;
    w->used[tensor - w->checkpoint->tensors] = true;
    w->parameters += tensor->count;
    *taken = (dmx_taken){.w = w, .tensor = tensor};
    taken->rows = (dmx_rows){.count = (size_t)shape[0], .row_floats = 1, .read = read_rows, .source = taken};
    for (int axis = 1; axis < rank; axis++) taken->rows.row_floats *= (size_t)shape[axis];
    return true;
}

void dmx_taken_part(dmx_taken *part, const dmx_taken *whole, size_t first, size_t count)
{
    *part = *whole;
    part->first_row = first;
    part->rows.count = count;
    part->rows.source = part;
}

void dmx_taken_release(const dmx_taken *taken) { dmx_checkpoint_release(taken->w->checkpoint, taken->tensor); }

void dmx_weights_uploaded(dmx_weights *w, bool uploaded)
{
    if (!uploaded) no_memory(w);
}

/* ---- beside the layers ---- */

bool dmx_weights_has(const dmx_weights *w, const char *name) { return find(w, name) != NULL; }

int dmx_weights_rows(const dmx_weights *w, const char *name)
{
    const dmx_tensor *tensor = find(w, name);
    return tensor != NULL && tensor->rank > 0 && tensor->shape[0] <= MAX_ROWS ? (int)tensor->shape[0] : 0;
}

void *dmx_weights_part(dmx_weights *w, size_t size)
{
    if (w->failed) return NULL;
    void *part = dmx_store_bytes(w->store, size);
    if (part == NULL) no_memory(w);
    return part;
}
