/* guest.h - the one member of a bag that is in memory for its turn, where not all of them can stay (models/bag.h). */
#ifndef DMX_ENGINE_GUEST_H
#define DMX_ENGINE_GUEST_H

#include "models/bag.h"

typedef struct dmx_guest {
    dmx_network *network; /* NULL: none is loaded */
    int member;           /* -1: none */
} dmx_guest;

/* Make `member` the guest, with its weights in bfloat16 if asked for. It takes the place of the one before, also when
 * it fails: IO, FORMAT, UNSUPPORTED and MEMORY as demucs_model_load. */
demucs_status dmx_guest_load(dmx_guest *guest, const demucs_model *model, int member, const dmx_kernels *kernels,
                             bool bf16, demucs_error *error);
void dmx_guest_free(dmx_guest *guest);

#endif
