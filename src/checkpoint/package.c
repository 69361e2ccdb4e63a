/* package.c - from the dict that a .th file holds to a checkpoint.
 *
 *     {klass, args, kwargs, state, and training_args, metrics, ... which are for people}
 *
 * `state` is a dict of tensors by name, or what the quantiser of diffq made of one (diffq.c). */
#include "checkpoint/pickle.h"

#include "checkpoint/diffq.h"
#include "checkpoint/reader.h"

#include <string.h>

static demucs_status missing(const dmx_checkpoint *checkpoint, const char *key, demucs_error *error)
{
    return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "it has no '%s', so this is not a Demucs model.",
                      key);
}

static demucs_status read_plain_state(dmx_checkpoint *checkpoint, const dmx_object *state, demucs_error *error)
{
    size_t budget = 2 * checkpoint->size_bytes; /* of copies; a file whose every tensor is transposed needs one */
    for (size_t i = 0; i + 1 < state->count; i += 2) {
        const dmx_object *key = state->items[i];
        dmx_tensor tensor;
        if (key->kind != DMX_OBJECT_STRING)
            return dmx_refuse(checkpoint->path, error, DEMUCS_ERROR_FORMAT, "a tensor has no name.");
        demucs_status status =
            dmx_object_to_tensor(state->items[i + 1], &tensor, &budget, checkpoint, key->text, key->text_length, error);
        if (status != DEMUCS_OK) return status;
        status = dmx_checkpoint_add(checkpoint, key->text, key->text_length, &tensor, error);
        if (status != DEMUCS_OK) return status;
    }
    return DEMUCS_OK;
}

demucs_status dmx_read_state(dmx_checkpoint *checkpoint, const dmx_object *state, demucs_error *error)
{
    if (state->kind != DMX_OBJECT_DICT) return missing(checkpoint, "state", error);
    const dmx_object *quantized = dmx_object_get(state, "__quantized");
    if (quantized != NULL && quantized->integer != 0) return dmx_diffq_restore(checkpoint, state, error);
    return read_plain_state(checkpoint, state, error);
}

demucs_status dmx_read_package(dmx_checkpoint *checkpoint, const dmx_object *package, demucs_error *error)
{
    const dmx_object *klass = dmx_object_get(package, "klass"), *state = dmx_object_get(package, "state");
    const dmx_object *args = dmx_object_get(package, "args"), *kwargs = dmx_object_get(package, "kwargs");
    const char *path = checkpoint->path;
    if (klass == NULL || klass->kind != DMX_OBJECT_CLASS) return missing(checkpoint, "klass", error);
    if (args == NULL || args->kind != DMX_OBJECT_LIST) return missing(checkpoint, "args", error);
    if (kwargs == NULL || kwargs->kind != DMX_OBJECT_DICT) return missing(checkpoint, "kwargs", error);
    if (state == NULL) return missing(checkpoint, "state", error);
    demucs_status status = dmx_checkpoint_set_class(checkpoint, klass->text, klass->text_length, error);
    if (status != DEMUCS_OK) return status;
    status = dmx_object_to_value(args, &checkpoint->args, path, "args", error);
    if (status != DEMUCS_OK) return status;
    status = dmx_object_to_value(kwargs, &checkpoint->kwargs, path, "kwargs", error);
    if (status != DEMUCS_OK) return status;
    return dmx_read_state(checkpoint, state, error);
}
