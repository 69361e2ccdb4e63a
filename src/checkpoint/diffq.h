/* diffq.h - states that the quantisers of the package diffq made. */
#ifndef DMX_CHECKPOINT_DIFFQ_H
#define DMX_CHECKPOINT_DIFFQ_H

#include "checkpoint/object.h"

/* Decode a quantised state into float tensors, named after the class and arguments that the checkpoint holds. */
demucs_status dmx_diffq_restore(dmx_checkpoint *checkpoint, const dmx_object *state, demucs_error *error);

#endif
