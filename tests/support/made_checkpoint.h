/* made_checkpoint.h - a checkpoint of any class and arguments, made in memory: the loader says which tensors it has,
 * the test what is in them. Not part of demucs_test_support, since it needs the engine. */
#ifndef DEMUCS_TESTS_SUPPORT_MADE_CHECKPOINT_H
#define DEMUCS_TESTS_SUPPORT_MADE_CHECKPOINT_H

#include "models/network.h"

/* Class and arguments, and no tensors yet. `path` is its name, which has to live as long; `arguments` is JSON. Clear it
 * in either case. */
demucs_status made_begin(dmx_checkpoint *checkpoint, char *path, const char *class_name, const char *arguments,
                         demucs_error *error);

/* Write the values, which are zeros before; the name may be changed to the one that the checkpoint shall have. */
typedef void (*made_fill_fn)(const void *context, dmx_parameter *parameter, float *values);

/* Add all tensors that its loader asks for, in float32. `fill` NULL: zeros. */
demucs_status made_add_tensors(dmx_checkpoint *checkpoint, made_fill_fn fill, const void *context, demucs_error *error);

void made_clear(dmx_checkpoint *checkpoint);

#endif
