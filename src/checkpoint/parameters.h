/* parameters.h - the tensors that a model of a class and its arguments has, by name and shape, in the order in which
 * PyTorch lists them (state_dict).
 *
 * Two formats hold tensors without their names and need that list: quantised states (diffq.c) and the ONNX export
 * (onnx.c). Whoever knows the classes makes it: see list_parameters in classes.h. */
#ifndef DMX_CHECKPOINT_PARAMETERS_H
#define DMX_CHECKPOINT_PARAMETERS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DMX_PARAMETER_NAME = 160, DMX_PARAMETER_RANK = 4 };

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

/* Add one to the end. False when there is no memory, or the list is longer or the tensor larger than any model's. */
bool dmx_parameters_add(dmx_parameters *parameters, const char *name, int rank, const int64_t *shape);
void dmx_parameters_clear(dmx_parameters *parameters);

#endif
