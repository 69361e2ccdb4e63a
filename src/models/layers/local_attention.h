/* local_attention.h - LocalState of the official demucs.py: attention along the steps that fades with distance.
 *
 * There is no position embedding. Each query decides by itself how fast scores fall with the distance to the key, as a
 * sum of `decays` slopes, and hardly looks at its own step (a fixed score of -100).
 *
 * It may also look for rhythms (nfreqs): a query adds multiples that it chooses of cos(2 pi distance / period) to the
 * scores, for the periods 1 to `periods`, and what the same cosines average to over the keys goes on to `proj`, behind
 * each head's content. No constructor passes that on, but a checkpoint shows it by its tensor query_freqs. */
#ifndef DMX_MODELS_LAYERS_LOCAL_ATTENTION_H
#define DMX_MODELS_LAYERS_LOCAL_ATTENTION_H

#include "models/loading/weights.h"

typedef struct dmx_local_attention {
    int heads, decays;
    int periods;                  /* usually 0 */
    dmx_conv content, query, key; /* channels -> channels */
    dmx_conv query_decay;         /* channels -> heads * decays */
    dmx_conv query_freqs;         /* channels -> heads * periods */
    dmx_conv proj;                /* channels + heads * periods -> channels */
} dmx_local_attention;

/* heads and decays are filled in; heads divides channels. The periods are found out. */
void dmx_local_attention_load(dmx_weights *w, dmx_local_attention *attention, int channels, const char *prefix);

/* x += proj(attention(x)), in place; each bin is a sequence of its own. */
void dmx_local_attention_run(dmx_exec *exec, const dmx_local_attention *attention, const dmx_grid *x);

#endif
