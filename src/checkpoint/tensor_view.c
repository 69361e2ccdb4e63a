/* tensor_view.c - from a view into a storage to plain rows.
 *
 * Nearly all tensors are plain already and are used in place. The others (a transposed weight, say) are copied, element
 * after element, the last index fastest. */
#include "checkpoint/object.h"

#include "base/alloc.h"
#include "checkpoint/reader.h"

#include <string.h>

/* Everything lies inside of the storage? Strides are never negative in torch. */
static bool fits(const dmx_view *view, size_t count)
{
    const dmx_storage *storage = view->storage;
    const uint64_t limit = storage->count;
    if (view->offset < 0 || (uint64_t)view->offset > limit) return false;
    if (count == 0) return true;
    uint64_t last = (uint64_t)view->offset;
    for (int i = 0; i < view->rank; i++) {
        if (view->strides[i] < 0) return false;
        uint64_t steps = (uint64_t)view->shape[i] - 1, stride = (uint64_t)view->strides[i];
        if (steps != 0 && stride > limit / steps) return false;
        last += steps * stride; /* each term is at most `limit`, and a limit is far below 2^60 */
        if (last >= limit) return false;
    }
    return last < limit;
}

static bool is_plain(const dmx_view *view)
{
    int64_t stride = 1;
    for (int i = view->rank - 1; i >= 0; i--) {
        if (view->shape[i] != 1 && view->strides[i] != stride) return false;
        stride *= view->shape[i];
    }
    return true;
}

static void copy_elements(const dmx_view *view, const unsigned char *data, size_t count, size_t size,
                          unsigned char *out)
{
    int64_t index[DMX_MAX_RANK] = {0};
    uint64_t at = (uint64_t)view->offset;
    for (size_t i = 0; i < count; i++) {
        memcpy(out + i * size, data + at * size, size);
        for (int d = view->rank - 1; d >= 0; d--) {
            at += (uint64_t)view->strides[d];
            if (++index[d] < view->shape[d]) break;
            at -= (uint64_t)(view->strides[d] * view->shape[d]);
            index[d] = 0;
        }
    }
}

demucs_status dmx_object_to_tensor(const dmx_object *object, dmx_tensor *tensor, size_t *budget,
                                   dmx_checkpoint *checkpoint, const char *name, size_t name_length,
                                   demucs_error *error)
{
    const char *path = checkpoint->path;
    char text[120];
    dmx_printable(text, sizeof text, name, name_length);
    *tensor = (dmx_tensor){.rank = 0};
    if (object == NULL || object->kind != DMX_OBJECT_TENSOR)
        return dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "'%s' is not a tensor.", text);
    const dmx_view *view = object->view;
    const dmx_storage *storage = view->storage;
    const size_t size = dmx_dtype_size(storage->dtype);
    tensor->dtype = storage->dtype;
    tensor->rank = view->rank;
    memcpy(tensor->shape, view->shape, sizeof tensor->shape);
    if (!dmx_shape_count(view->shape, view->rank, storage->dtype, &tensor->count) || !fits(view, tensor->count))
        return dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "tensor '%s' reaches outside of its data.", text);
    if (!storage->found)
        return dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "the data of tensor '%s' are missing.", text);
    if (tensor->count == 0 || is_plain(view)) {
        tensor->at = storage->at + (size_t)view->offset * size;
        if (checkpoint->bytes != NULL) tensor->data = checkpoint->bytes + tensor->at;
        return DEMUCS_OK;
    }
    if (tensor->count > storage->count || tensor->count * size > *budget)
        return dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "tensor '%s' uses the same data several times.", text);
    demucs_status status = dmx_checkpoint_keep(checkpoint, error);
    if (status != DEMUCS_OK) return status;
    *budget -= tensor->count * size;
    tensor->owned = dmx_alloc(tensor->count, size);
    if (tensor->owned == NULL) return dmx_no_memory(path, error);
    copy_elements(view, checkpoint->bytes + storage->at, tensor->count, size, tensor->owned);
    tensor->data = tensor->owned;
    return DEMUCS_OK;
}
