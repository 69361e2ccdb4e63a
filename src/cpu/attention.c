/* attention.c - the CPU's attention; nn/attention.h says what it is.
 *
 * K^T and V of each head are packed once as the weights of a GEMM, in blocks of KEY_BLOCK keys. Then a work item is a
 * block of queries of one head. It goes over the blocks of keys; its scores, [rows][KEY_BLOCK], stay in the L2 cache:
 *
 *     for each block of keys:   S = Q K^T         GEMM, [rows][KEY_BLOCK]
 *                               softmax step      S, max, sum, correction
 *                               O = O * correction + S V      GEMM with O as residual
 *     out = O / sum
 */
#include "cpu/attention.h"

#include "cpu/gemm.h"
#include "cpu/ops.h"

#include <math.h>

enum { KEY_BLOCK = 256 }; /* keys in a block; a multiple of DMX_PANEL */

typedef struct attention_job {
    const dmx_exec *exec;
    const dmx_attention *att;
    size_t blocks;   /* blocks of keys */
    size_t k_floats; /* size of a packed block of K^T in floats, also when it holds bfloat16 */
    size_t v_floats; /* the same for V */
    float *packed_k; /* [heads][blocks][k_floats] */
    float *packed_v; /* [heads][blocks][v_floats] */
    size_t rows;     /* queries of a work item */
    size_t items_per_head;
} attention_job;

static size_t keys_of_block(const attention_job *job, size_t block)
{
    size_t left = job->att->keys - block * KEY_BLOCK;
    return left < KEY_BLOCK ? left : KEY_BLOCK;
}

/* The size, in floats, of a packed matrix [k][columns]. It holds bfloat16 when the exec computes in bfloat16, else
 * float32; nothing in the memory itself says which. */
static size_t packed_floats(const dmx_exec *exec, size_t k, size_t columns)
{
    return dmx_gemm_packed_floats(exec->bf16 ? dmx_bf16_k(k) / 2 : k, columns);
}

/* A packed matrix as what gemm_bf16 reads; NULL when it holds float32. */
static const uint16_t *as_bf16(const dmx_exec *exec, const float *packed)
{
    return exec->bf16 ? (const uint16_t *)(const void *)packed : NULL;
}

static void pack(const dmx_exec *exec, const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k,
                 size_t columns, float *packed)
{
    if (exec->bf16)
        exec->kernels->pack_bf16(b, row_stride, column_stride, k, columns, (uint16_t *)(void *)packed);
    else
        exec->kernels->pack_f32(b, row_stride, column_stride, k, columns, packed);
}

static void pack_item(void *context, size_t item, int worker)
{
    (void)worker;
    const attention_job *job = context;
    const dmx_attention *att = job->att;
    const size_t head = item / job->blocks, block = item % job->blocks, keys = keys_of_block(job, block);
    const size_t dim = (size_t)att->head_dim;
    const ptrdiff_t offset = (ptrdiff_t)(block * KEY_BLOCK) * att->kv_stride + (ptrdiff_t)(head * dim);
    pack(job->exec, att->k + offset, 1, att->kv_stride, dim, keys, job->packed_k + item * job->k_floats);
    pack(job->exec, att->v + offset, att->kv_stride, 1, keys, dim, job->packed_v + item * job->v_floats);
}

/* The arrays that a work item computes with. They lie one after the other in the scratch memory of its worker. */
typedef struct attention_block {
    float *scores;     /* [rows][KEY_BLOCK] */
    float *average;    /* [rows][head_dim] */
    float *max;        /* [rows] */
    float *sum;        /* [rows] */
    float *correction; /* [rows] */
    float *gemm;       /* scratch of the GEMM */
} attention_block;

static size_t round_up(size_t n) { return (n + 15) / 16 * 16; }

static attention_block cut_scratch(float *scratch, size_t rows, size_t head_dim)
{
    attention_block b = {.scores = scratch};
    b.average = b.scores + rows * KEY_BLOCK;
    b.max = b.average + round_up(rows * head_dim);
    b.sum = b.max + round_up(rows);
    b.correction = b.sum + round_up(rows);
    b.gemm = b.correction + round_up(rows);
    return b;
}

static size_t scratch_floats(const dmx_exec *exec, size_t rows, size_t head_dim)
{
    size_t k = head_dim > KEY_BLOCK ? head_dim : KEY_BLOCK;
    return rows * KEY_BLOCK + round_up(rows * head_dim) + 3 * round_up(rows) + dmx_gemm_scratch_floats(exec, rows, k);
}

/* Local attention: lower each score of a block by the distance between its query and its key, times the query's decay.
 * `query` is the step of the block's first row, `key` that of its first column. */
static void localise_scores(float *scores, size_t rows, size_t keys, size_t query, size_t key, float scale,
                            const float *decay)
{
    for (size_t r = 0; r < rows; r++, scores += KEY_BLOCK) {
        const float slope = decay[query + r], distance = (float)key - (float)(query + r);
        for (int j = 0; j < (int)keys; j++) scores[j] = scores[j] * scale - slope * fabsf(distance + (float)j);
        const size_t own =
            query + r - key; /* the column of the query's own key; a huge number when it lies before the block */
        if (own < keys) scores[own] = DMX_OWN_SCORE;
    }
}

/* Let `rows` queries, from query `first` on, attend to one block of keys. */
static void attend_block(const attention_job *job, const attention_block *b, size_t first, size_t rows, size_t head,
                         size_t block)
{
    const dmx_attention *att = job->att;
    const dmx_kernels *kernels = job->exec->kernels;
    const size_t place = head * job->blocks + block, keys = keys_of_block(job, block);
    const ptrdiff_t no_offset = 0;

    const float *q = att->q + (ptrdiff_t)first * att->q_stride + (ptrdiff_t)head * att->head_dim;
    const dmx_gemm scores = {.a = q,
                             .group_rows = rows,
                             .a_row_stride = att->q_stride,
                             .tap_offset = &no_offset,
                             .taps = 1,
                             .depth = att->head_dim,
                             .b = job->packed_k + place * job->k_floats,
                             .b_bf16 = as_bf16(job->exec, job->packed_k + place * job->k_floats),
                             .columns = (int)keys,
                             .c = b->scores,
                             .c_row_stride = KEY_BLOCK};
    dmx_gemm_compute(job->exec, &scores, 0, rows, 0, dmx_gemm_panels(keys), b->gemm);

    float scale = (float)(1.0 / sqrt((double)att->head_dim));
    if (att->decay != NULL) {
        localise_scores(b->scores, rows, keys, first, block * KEY_BLOCK, scale, att->decay + head * att->queries);
        scale = 1;
    }
    kernels->softmax_f32(b->scores, KEY_BLOCK, rows, keys, scale, b->max, b->sum, b->correction);
    if (block > 0) kernels->scale_rows_f32(b->average, att->head_dim, rows, (size_t)att->head_dim, b->correction);

    const dmx_gemm average = {.a = b->scores,
                              .group_rows = rows,
                              .a_row_stride = KEY_BLOCK,
                              .tap_offset = &no_offset,
                              .taps = 1,
                              .depth = (int)keys,
                              .b = job->packed_v + place * job->v_floats,
                              .b_bf16 = as_bf16(job->exec, job->packed_v + place * job->v_floats),
                              .columns = att->head_dim,
                              .c = b->average,
                              .c_row_stride = att->head_dim,
                              .residual = block > 0 ? b->average : NULL,
                              .residual_row_stride = att->head_dim};
    dmx_gemm_compute(job->exec, &average, 0, rows, 0, dmx_gemm_panels((size_t)att->head_dim), b->gemm);
}

static void attend_item(void *context, size_t item, int worker)
{
    const attention_job *job = context;
    const dmx_attention *att = job->att;
    const size_t head = item / job->items_per_head, first = item % job->items_per_head * job->rows;
    const size_t rows = att->queries - first < job->rows ? att->queries - first : job->rows;
    const size_t dim = (size_t)att->head_dim;
    const attention_block b = cut_scratch(dmx_exec_scratch(job->exec, worker), job->rows, dim);
    for (size_t r = 0; r < rows; r++) {
        b.max[r] = -INFINITY;
        b.sum[r] = 0;
    }
    for (size_t block = 0; block < job->blocks; block++) attend_block(job, &b, first, rows, head, block);

    for (size_t r = 0; r < rows; r++) {
        float *out = att->out + (ptrdiff_t)(first + r) * att->out_stride + (ptrdiff_t)(head * dim);
        const float inverse = 1 / b.sum[r];
        for (size_t c = 0; c < dim; c++) out[c] = b.average[r * dim + c] * inverse;
    }
}

void dmx_cpu_attend(dmx_exec *exec, const dmx_attention *att)
{
    const size_t dim = (size_t)att->head_dim, heads = (size_t)att->heads;
    attention_job job = {.exec = exec, .att = att};
    job.blocks = (att->keys + KEY_BLOCK - 1) / KEY_BLOCK;
    job.k_floats = packed_floats(exec, dim, KEY_BLOCK);
    job.v_floats = packed_floats(exec, KEY_BLOCK, dim);
    job.rows = dmx_gemm_item_rows(exec);
    job.items_per_head = (att->queries + job.rows - 1) / job.rows;

    exec->flops += 4.0 * (double)heads * (double)att->queries * (double)att->keys * (double)dim;
    size_t mark = exec->arena.used;
    job.packed_k = dmx_arena_floats(&exec->arena, heads * job.blocks * job.k_floats);
    job.packed_v = dmx_arena_floats(&exec->arena, heads * job.blocks * job.v_floats);
    dmx_exec_run(exec, heads * job.blocks, 0, pack_item, &job);
    dmx_exec_run(exec, heads * job.items_per_head, scratch_floats(exec, job.rows, dim), attend_item, &job);
    exec->arena.used = mark;
}

void dmx_cpu_attention(dmx_exec *exec, const dmx_op *op)
{
    const dmx_attention_args *args = &op->as.attention;
    const dmx_grid *q = &args->q, *k = &args->k;
    const dmx_attention attention = {.heads = args->heads,
                                     .head_dim = q->channels / args->heads,
                                     .queries = (size_t)q->steps * (size_t)q->bins,
                                     .keys = (size_t)k->steps * (size_t)k->bins,
                                     .q = q->data,
                                     .k = k->data,
                                     .v = args->v.data,
                                     .out = args->out.data,
                                     .q_stride = q->channels,
                                     .kv_stride = k->channels,
                                     .out_stride = args->out.channels};
    dmx_cpu_attend(exec, &attention);
}
