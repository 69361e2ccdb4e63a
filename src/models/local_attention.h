/* local_attention.h - LocalState of the official demucs.py: attention along the steps that fades with distance.
 *
 * There is no position embedding. Each query decides by itself how fast scores fall with the distance to the key, as a
 * sum of `decays` slopes, and hardly looks at its own step (a fixed score of -100). The official class can also weigh
 * distances by cosines (nfreqs), a failed experiment by its own words: no model can ask for it, since no constructor
 * passes it on. */
#ifndef DMX_MODELS_LOCAL_ATTENTION_H
#define DMX_MODELS_LOCAL_ATTENTION_H

#include "models/weights.h"

typedef struct dmx_local_attention {
    int heads, decays;
    dmx_conv content, query, key; /* channels -> channels */
    dmx_conv query_decay;         /* channels -> heads * decays */
    dmx_conv proj;                /* channels -> channels */
} dmx_local_attention;

/* heads and decays are filled in; heads divides channels. */
void dmx_local_attention_load(dmx_weights *w, dmx_local_attention *attention, int channels, const char *prefix);

/* x += proj(attention(x)), in place; each bin is a sequence of its own. */
void dmx_local_attention_run(dmx_exec *exec, const dmx_local_attention *attention, const dmx_grid *x);

#endif
