/* structure.h - a nested state in a safetensors file. */
#ifndef DMX_CHECKPOINT_STRUCTURE_H
#define DMX_CHECKPOINT_STRUCTURE_H

#include "checkpoint/checkpoint.h"

/* Replace the checkpoint's flat tensors by those of the nested state that the JSON text `structure` describes. */
demucs_status dmx_restore_structure(dmx_checkpoint *checkpoint, const dmx_value *structure, demucs_error *error);

#endif
