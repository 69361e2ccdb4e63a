/* made_checkpoint.c - see made_checkpoint.h */
#include "made_checkpoint.h"

#include "base/alloc.h"
#include "checkpoint/json.h"
#include "checkpoint/parameters.h"
#include "checkpoint/reader.h"

#include <string.h>

demucs_status made_begin(dmx_checkpoint *checkpoint, char *path, const char *class_name, const char *arguments,
                         demucs_error *error)
{
    *checkpoint = (dmx_checkpoint){.path = path, .classes = &dmx_families, .args = {.kind = DMX_VALUE_LIST}};
    demucs_status status = dmx_checkpoint_set_class(checkpoint, class_name, strlen(class_name), error);
    if (status == DEMUCS_OK)
        status = dmx_json_parse(&checkpoint->kwargs, arguments, strlen(arguments), path, "kwargs", error);
    if (status == DEMUCS_OK) status = dmx_json_decode_fractions(&checkpoint->kwargs, path, "kwargs", error);
    return status;
}

static demucs_status add_tensor(dmx_checkpoint *checkpoint, dmx_parameter *p, made_fill_fn fill, const void *context,
                                demucs_error *error)
{
    float *values = dmx_alloc(p->count, sizeof *values);
    if (values == NULL) return dmx_fail(error, DEMUCS_ERROR_MEMORY, "out of memory");
    dmx_tensor tensor = {.dtype = DMX_F32, .rank = p->rank, .count = p->count, .data = values, .owned = values};
    memcpy(tensor.shape, p->shape, sizeof p->shape);
    if (fill != NULL) fill(context, p, values);
    return dmx_checkpoint_add(checkpoint, p->name, strlen(p->name), &tensor, error);
}

demucs_status made_add_tensors(dmx_checkpoint *checkpoint, made_fill_fn fill, const void *context, demucs_error *error)
{
    dmx_parameters list = {0};
    demucs_status status = checkpoint->classes->list_parameters(&list, checkpoint, error);
    for (size_t i = 0; status == DEMUCS_OK && i < list.count; i++)
        status = add_tensor(checkpoint, &list.items[i], fill, context, error);
    dmx_parameters_clear(&list);
    return status;
}

void made_clear(dmx_checkpoint *checkpoint)
{
    for (size_t i = 0; i < checkpoint->tensor_count; i++) {
        dmx_free(checkpoint->tensors[i].name);
        dmx_free(checkpoint->tensors[i].owned);
    }
    dmx_free(checkpoint->tensors);
    dmx_value_clear(&checkpoint->kwargs);
}
