/* mask.h - networks that predict magnitudes (cac=False): magnitudes in, and from predicted magnitudes back to complex
 * spectrograms by the mix's phase or by Wiener filtering (dsp/wiener.h). */
#ifndef DMX_NN_MASK_H
#define DMX_NN_MASK_H

#include "nn/grid.h"

/* magnitude[steps][bins][channels] = |z|, z[steps][bins][channels * 2] */
void dmx_magnitudes(dmx_exec *exec, const dmx_grid *z, const dmx_grid *magnitude);

/* How: see dmx_wiener in dsp/wiener.h. */
typedef struct dmx_mask {
    int channels, sources;
    int iterations;
    bool residual;
} dmx_mask;

/* out[steps][bins][sources * channels * 2] from the mix z[steps][bins][channels * 2] and the predicted
 * magnitude[steps][bins][sources * channels]. */
void dmx_mask_run(dmx_exec *exec, const dmx_mask *mask, const dmx_grid *z, const dmx_grid *magnitude,
                  const dmx_grid *out);

#endif
