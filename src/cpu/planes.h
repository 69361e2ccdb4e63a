/* planes.h - where sound lies. */
#ifndef DMX_CPU_PLANES_H
#define DMX_CPU_PLANES_H

#include "nn/audio.h"

/* A channel of planes, or of the mix where they have no address; in work items only. */
const float *dmx_cpu_plane(const dmx_exec *exec, const dmx_grid *planes, int channel);

#endif
