/* pad.h - reflect padding as index arithmetic: which sample stands at a place of the padded signal. */
#ifndef DMX_DSP_PAD_H
#define DMX_DSP_PAD_H

#include <stddef.h>

/* A signal of `length` samples, padded by reflection to left + length + right (the edge sample is not repeated).
 * A signal too short to be reflected so far is made longer by zeros first, on the right as far as the padding there
 * allows, the rest on the left, inside the padding: pad1d of the official hdemucs.py.
 *   position  [0, left + length + right)
 *   returns   the index of the sample in [0, length), or -1 for one of those zeros */
ptrdiff_t dmx_pad_reflect(ptrdiff_t position, size_t length, size_t left, size_t right);

#endif
