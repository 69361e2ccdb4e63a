/* attention.h - softmax(Q K^T / sqrt(head_dim)) V for many heads, without a score matrix in memory.
 *
 * Online softmax (Milakov and Gimelshein 2018; tiled as in FlashAttention, Dao et al. 2022): a block of queries goes
 * over blocks of keys and keeps, for each query, the running maximum, sum and weighted average, which are rescaled when
 * the maximum grows.
 *
 * Attention along one sequence may be local: the further the key, the lower its score, and a query's own key counts as
 * next to nothing (LocalState of the official demucs.py). */
#ifndef DMX_NN_ATTENTION_H
#define DMX_NN_ATTENTION_H

#include "nn/grid.h"

enum { DMX_OWN_SCORE = -100 };

/* out = attention over all cells of q and of k, step by step, bins within a step: [steps][bins][heads * head_dim],
 * where head h has the channels [h * head_dim, (h + 1) * head_dim). k and v have one shape, q and out have one; no
 * margins. */
void dmx_attention_run(dmx_exec *exec, int heads, const dmx_grid *q, const dmx_grid *k, const dmx_grid *v,
                       const dmx_grid *out);

/* The same along the steps, each bin a sequence of its own; all grids of one shape. A key that is n steps away has a
 * score that is n * slope lower, and the query's own key has DMX_OWN_SCORE. Each query has a slope for each head, from
 * query_decay[steps][bins][heads * decays]:
 *
 *     slope = sum over f < decays of (f + 1) * sigmoid(query_decay[f]) / 2 / sqrt(decays) */
void dmx_attention_run_local(dmx_exec *exec, int heads, int decays, const dmx_grid *q, const dmx_grid *k,
                             const dmx_grid *v, const dmx_grid *query_decay, const dmx_grid *out);

/* Periods: besides what it adds up to by its content, the score of a key t steps away has a multiple, which the query
 * chooses, of cos(2 pi t / n), for the periods n = 1 to `periods`. Since
 *
 *     cos(w (t - s)) = cos(w t) cos(w s) + sin(w t) sin(w s)
 *
 * attention itself knows nothing of it: each head's vectors grow by two numbers a period. A key at t has cos(w t) and
 * sin(w t) there, a query at s the same times what it chose, so that their product is the term of the score; and the
 * averages of cos(w t) and sin(w t) over the keys, times cos(w s) and sin(w s), are the average of the cosine.
 *
 * q, k, v [steps][bins][heads * head_dim] and freqs [steps][bins][heads * periods], what each query chose, become
 * wide_q, wide_k, wide_v [steps][bins][heads * (head_dim + 2 * periods)]. Queries are scaled as well: attention divides
 * by the root of the wide dimension, and the official code by those of the narrow ones. */
typedef struct dmx_periods {
    int heads, periods;
    dmx_grid q, k, v, freqs;
    dmx_grid wide_q, wide_k, wide_v;
} dmx_periods;
void dmx_periods_widen(dmx_exec *exec, const dmx_periods *periods);

/* joined[steps][bins][heads * (head_dim + periods)] from what attention makes of the wide ones. */
void dmx_periods_join(dmx_exec *exec, const dmx_periods *periods, const dmx_grid *wide, const dmx_grid *joined);

#endif
