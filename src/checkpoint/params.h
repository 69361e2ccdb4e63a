/* params.h - the parameters of each class, by name and shape, in the order in which PyTorch registers them.
 *
 * Two formats hold tensors without their names and need that order: quantised states (diffq.c) and the ONNX export
 * (onnx.c). The models know their tensors by name and do not use this. */
#ifndef DMX_CHECKPOINT_PARAMS_H
#define DMX_CHECKPOINT_PARAMS_H

#include "checkpoint/checkpoint.h"

enum { DMX_PARAMETER_NAME = 96, DMX_PARAMETER_RANK = 4 };

typedef struct dmx_parameter {
    char name[DMX_PARAMETER_NAME];
    int rank;
    int64_t shape[DMX_PARAMETER_RANK];
    size_t count; /* their product */
} dmx_parameter;

typedef struct dmx_parameters {
    dmx_parameter *items; /* [count] */
    size_t count;
} dmx_parameters;

/* List the parameters of the class and arguments that `checkpoint` holds. Arguments that no such model can have are
 * refused. Clear it on failure too. */
demucs_status dmx_parameters_list(dmx_parameters *parameters, const dmx_checkpoint *checkpoint, demucs_error *error);
void dmx_parameters_clear(dmx_parameters *parameters);

#endif
