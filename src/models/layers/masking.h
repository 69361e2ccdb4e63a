/* masking.h - networks that predict magnitudes (cac=False): magnitudes in, and from predicted magnitudes back to
 * complex spectrograms by the mix's phase or by Wiener filtering (dsp/wiener.h). */
#ifndef DMX_MODELS_LAYERS_MASKING_H
#define DMX_MODELS_LAYERS_MASKING_H

#include "dsp/wiener.h"
#include "nn/grid.h"

/* magnitude[steps][bins][channels] = |z|, z[steps][bins][channels * 2] */
void dmx_magnitudes(dmx_exec *exec, const dmx_grid *z, const dmx_grid *magnitude);

/* out[steps][bins][sources * channels * 2] from the mix z[steps][bins][channels * 2] and the predicted
 * magnitude[steps][bins][sources * channels]. `filter` says channels, sources, iterations and residual; the rest of it
 * is filled in here. */
void dmx_mask_run(dmx_exec *exec, const dmx_wiener *filter, const dmx_grid *z, const dmx_grid *magnitude,
                  const dmx_grid *out);

#endif
