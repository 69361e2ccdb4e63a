/* zeros.c - see zeros.h */
#include "zeros.h"

#include "base/alloc.h"
#include "checkpoint/json.h"
#include "checkpoint/parameters.h"
#include "checkpoint/reader.h"

#include <string.h>

/* All tensors of the checkpoint's class and arguments, zeros. */
static demucs_status add_zeros(dmx_checkpoint *checkpoint, demucs_error *error)
{
    dmx_parameters list = {0};
    demucs_status status = checkpoint->classes->list_parameters(&list, checkpoint, error);
    for (size_t i = 0; status == DEMUCS_OK && i < list.count; i++) {
        const dmx_parameter *p = &list.items[i];
        float *zeros = dmx_alloc(p->count, sizeof *zeros);
        dmx_tensor tensor = {.dtype = DMX_F32, .rank = p->rank, .count = p->count, .data = zeros, .owned = zeros};
        memcpy(tensor.shape, p->shape, sizeof p->shape);
        status = dmx_checkpoint_add(checkpoint, p->name, strlen(p->name), &tensor, error);
    }
    dmx_parameters_clear(&list);
    return status;
}

demucs_status zeros_make(dmx_checkpoint *checkpoint, char *path, const char *class_name, const char *arguments,
                         demucs_error *error)
{
    *checkpoint = (dmx_checkpoint){.path = path, .classes = &dmx_families, .args = {.kind = DMX_VALUE_LIST}};
    demucs_status status = dmx_checkpoint_set_class(checkpoint, class_name, strlen(class_name), error);
    if (status == DEMUCS_OK)
        status = dmx_json_parse(&checkpoint->kwargs, arguments, strlen(arguments), path, "kwargs", error);
    return status == DEMUCS_OK ? add_zeros(checkpoint, error) : status;
}

void zeros_clear(dmx_checkpoint *checkpoint)
{
    for (size_t i = 0; i < checkpoint->tensor_count; i++) {
        dmx_free(checkpoint->tensors[i].name);
        dmx_free(checkpoint->tensors[i].owned);
    }
    dmx_free(checkpoint->tensors);
    dmx_value_clear(&checkpoint->kwargs);
}
