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

#include "nn/exec.h"

enum { DMX_OWN_SCORE = -100 };

typedef struct dmx_attention {
    int heads, head_dim; /* head h has columns [h * head_dim, (h + 1) * head_dim) */
    size_t queries, keys;
    const float *q;     /* [queries][heads * head_dim], row stride q_stride */
    const float *k, *v; /* [keys][heads * head_dim], row stride kv_stride */
    ptrdiff_t q_stride, kv_stride;
    const float *decay; /* [heads][queries] or NULL: the score of a key n steps away is n * decay lower, and that of
                         * the query's own step is DMX_OWN_SCORE; queries == keys */
    float *out;         /* [queries][heads * head_dim], row stride out_stride */
    ptrdiff_t out_stride;
} dmx_attention;

void dmx_attention_run(dmx_exec *exec, const dmx_attention *attention);

#endif
