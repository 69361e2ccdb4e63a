/* zeros.h - checkpoints of any class and arguments, whose tensors are all zeros. */
#ifndef DEMUCS_TESTS_FAMILIES_ZEROS_H
#define DEMUCS_TESTS_FAMILIES_ZEROS_H

#include "models/network.h"

/* `path` is its name, which has to live as long; `arguments` is JSON. Clear it in either case. */
demucs_status zeros_make(dmx_checkpoint *checkpoint, char *path, const char *class_name, const char *arguments,
                         demucs_error *error);
void zeros_clear(dmx_checkpoint *checkpoint);

#endif
