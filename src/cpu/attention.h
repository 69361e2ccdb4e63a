/* attention.h - attention between rows at regular distances in memory, see nn/attention.h */
#ifndef DMX_CPU_ATTENTION_H
#define DMX_CPU_ATTENTION_H

#include "nn/attention.h"

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

void dmx_cpu_attend(dmx_exec *exec, const dmx_attention *attention);

#endif
