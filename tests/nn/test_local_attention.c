/* test_local_attention.c - attention that fades with distance against its formula in double precision, over several
 * blocks of keys (the tiny models' sequences are shorter than one), and the layer with periods, which no model has,
 * against the official class. */
#include "base/alloc.h"
#include "cpu/attention.h"
#include "cpu/ops.h"
#include "cpu/upload.h"
#include "models/layers/local_attention.h"
#include "plan.h"
#include "support/npy.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEADS = 3, DIM = 10, CHANNELS = HEADS * DIM, MOST_STEPS = 700 };

static void run_attention(dmx_exec *exec, void *context) { dmx_cpu_attend(exec, context); }

/* One query of one head: out[DIM]. */
static void expect_query(const dmx_attention *a, int head, int s, double *out)
{
    double score[MOST_STEPS], largest = -INFINITY, sum = 0;
    const int steps = (int)a->keys;
    for (int t = 0; t < steps; t++) {
        double dot = 0;
        for (int c = 0; c < DIM; c++)
            dot += (double)a->q[s * CHANNELS + head * DIM + c] * (double)a->k[t * CHANNELS + head * DIM + c];
        score[t] = dot / sqrt(DIM) - (double)a->decay[head * steps + s] * abs(t - s);
        if (t == s) score[t] = -100;
        largest = fmax(largest, score[t]);
    }
    for (int c = 0; c < DIM; c++) out[c] = 0;
    for (int t = 0; t < steps; t++) {
        const double weight = exp(score[t] - largest);
        sum += weight;
        for (int c = 0; c < DIM; c++) out[c] += weight * (double)a->v[t * CHANNELS + head * DIM + c];
    }
    for (int c = 0; c < DIM; c++) out[c] /= sum;
}

/* `decay`: the largest slope; 2.5 is the most that LocalState can have with its four decays. */
static void check_attention(int steps, float decay)
{
    const size_t count = (size_t)steps * CHANNELS, rows = (size_t)steps * HEADS;
    float *q = plan_random(1, count, 2), *k = plan_random(2, count, 2), *v = plan_random(3, count, 1);
    float *slopes = plan_random(4, rows, decay), *expected = plan_random(5, count, 0);
    for (size_t i = 0; i < rows; i++) slopes[i] = fabsf(slopes[i]);
    dmx_attention a = {.heads = HEADS,
                       .head_dim = DIM,
                       .queries = (size_t)steps,
                       .keys = (size_t)steps,
                       .q = q,
                       .k = k,
                       .v = v,
                       .q_stride = CHANNELS,
                       .kv_stride = CHANNELS,
                       .decay = slopes,
                       .out_stride = CHANNELS};
    for (int s = 0; s < steps; s++)
        for (int head = 0; head < HEADS; head++) {
            double out[DIM];
            expect_query(&a, head, s, out);
            for (int c = 0; c < DIM; c++) expected[s * CHANNELS + head * DIM + c] = (float)out[c];
        }
    for (int level = 0; level <= (int)dmx_cpu_best(); level++) {
        if (!dmx_cpu_has((dmx_cpu_level)level)) continue;
        float *one = plan_random(1, count, 0), *two = plan_random(1, count, 0);
        a.out = one;
        CHECK(plan_run(run_attention, &a, (dmx_cpu_level)level, 1), "no run");
        a.out = two;
        CHECK(plan_run(run_attention, &a, (dmx_cpu_level)level, 2), "no run");
        const double snr = test_snr_db(expected, one, count);
        printf("  %d steps, %s: %.1f dB\n", steps, dmx_cpu_level_name((dmx_cpu_level)level), snr);
        /* Scores of about 4 count, where a float's last digit is 2.4e-7 of what goes into exp. Measured: 129 dB and
         * more. */
        CHECK(snr > 115, "%d steps, decay up to %g: %.1f dB", steps, (double)decay, snr);
        CHECK(memcmp(one, two, count * sizeof *one) == 0, "1 and 2 threads differ");
        dmx_free(one);
        dmx_free(two);
    }
    dmx_free(q);
    dmx_free(k);
    dmx_free(v);
    dmx_free(slopes);
    dmx_free(expected);
}

static void test_local_attention(void)
{
    check_attention(1, 1);
    check_attention(2, 1);
    check_attention(100, 2.5f);
    check_attention(257, 0.05f);
    check_attention(MOST_STEPS, 2.5f);
    check_attention(MOST_STEPS, 0.01f);
}

/* ---- the layer with periods ---- */

#define DATA DEMUCS_TEST_DATA "/nn/local_attention.npz"

static const char *const names[] = {
    "content.weight",     "content.bias",     "query.weight",       "query.bias",       "key.weight",  "key.bias",
    "query_freqs.weight", "query_freqs.bias", "query_decay.weight", "query_decay.bias", "proj.weight", "proj.bias",
};
enum { NAMES = sizeof names / sizeof *names, LAYER_HEADS = 4, LAYER_PERIODS = 5 };

/* The layer's tensors as a checkpoint has them. */
typedef struct layer {
    test_array arrays[NAMES];
    dmx_tensor tensors[NAMES];
    char tensor_names[NAMES][32];
    dmx_checkpoint checkpoint;
    dmx_store store;
    dmx_local_attention attention;
} layer;

static bool layer_open(layer *l)
{
    *l = (layer){.checkpoint = {.path = (char *)"local_attention", .tensors = l->tensors, .tensor_count = NAMES}};
    for (int i = 0; i < NAMES; i++) {
        test_array *array = &l->arrays[i];
        if (!test_npz_load(DATA, names[i], array)) return false;
        snprintf(l->tensor_names[i], sizeof l->tensor_names[i], "layer.%s", names[i]);
        l->tensors[i] = (dmx_tensor){.name = l->tensor_names[i],
                                     .dtype = DMX_F32,
                                     .rank = array->dimensions,
                                     .count = array->count,
                                     .data = array->data};
        for (int d = 0; d < array->dimensions; d++) l->tensors[i].shape[d] = (int64_t)array->shape[d];
    }
    return true;
}

static demucs_status layer_load(layer *l, int channels, demucs_error *error)
{
    dmx_weights w;
    dmx_weights_begin(&w, &l->checkpoint, &dmx_cpu_upload, &l->store, error);
    l->attention = (dmx_local_attention){.heads = LAYER_HEADS, .decays = 4};
    dmx_local_attention_load(&w, &l->attention, channels, "layer");
    return dmx_weights_finish(&w);
}

static void layer_close(layer *l)
{
    for (int i = 0; i < NAMES; i++) test_array_free(&l->arrays[i]);
    dmx_store_clear(&l->store);
}

typedef struct layer_job {
    const dmx_local_attention *attention;
    const test_array *x; /* [bins][channels][steps] */
    float *y;            /* the same */
} layer_job;

/* Between the official order and a grid. */
static void copy_grid(const test_array *shape, const dmx_grid *grid, const float *from, float *to)
{
    const size_t channels = shape->shape[1], steps = shape->shape[2];
    for (size_t i = 0; i < shape->count; i++) {
        float *place = grid->data + (ptrdiff_t)(i % steps) * grid->step_stride + i / (steps * channels) * channels +
                       i / steps % channels;
        if (to != NULL)
            to[i] = *place;
        else
            *place = from[i];
    }
}

static void run_layer(dmx_exec *exec, void *context)
{
    const layer_job *job = context;
    const size_t *shape = job->x->shape;
    dmx_grid x = dmx_grid_create(exec, (int)shape[2], (int)shape[0], (int)shape[1], (dmx_margin){0});
    if (!exec->planning) copy_grid(job->x, &x, job->x->f32, NULL);
    dmx_local_attention_run(exec, job->attention, &x);
    if (!exec->planning) copy_grid(job->x, &x, NULL, job->y);
}

/* The layer as a list of operations, and where its input and result lies. */
typedef struct listed_layer {
    const layer_job *job;
    dmx_op_list list;
    dmx_grid x;
} listed_layer;

static void replay_layer(dmx_exec *exec, void *context)
{
    const listed_layer *listed = context;
    if (!exec->planning) copy_grid(listed->job->x, &listed->x, listed->job->x->f32, NULL);
    dmx_cpu_replay(exec, &listed->list, NULL, NULL);
    if (!exec->planning) copy_grid(listed->job->x, &listed->x, NULL, listed->job->y);
}

static void run_listed(const layer_job *job, dmx_cpu_level level)
{
    const size_t *shape = job->x->shape, bytes = 1 << 22;
    listed_layer listed = {.job = job};
    dmx_exec recorder = {.ops = &dmx_record_ops, .list = &listed.list};
    recorder.arena = (dmx_arena){.block = dmx_alloc(bytes, 1), .size = bytes};
    REQUIRE(recorder.arena.block != NULL, "no memory");
    listed.x = dmx_grid_create(&recorder, (int)shape[2], (int)shape[0], (int)shape[1], (dmx_margin){0});
    dmx_local_attention_run(&recorder, job->attention, &listed.x);
    CHECK(plan_run(replay_layer, &listed, level, 1), "no replay");
    dmx_op_list_clear(&listed.list);
    dmx_free(recorder.arena.block);
}

static void test_periods(void)
{
    layer l;
    test_array x, y;
    demucs_error error = {DEMUCS_OK, ""};
    REQUIRE(layer_open(&l) && test_npz_load(DATA, "x", &x) && test_npz_load(DATA, "y", &y), "no data");
    REQUIRE(layer_load(&l, (int)x.shape[1], &error) == DEMUCS_OK, "%s", error.message);
    CHECK(l.attention.periods == LAYER_PERIODS, "%d periods", l.attention.periods);
    for (int level = 0; level <= (int)dmx_cpu_best(); level++) {
        float *one = plan_random(1, x.count, 0), *two = plan_random(1, x.count, 0);
        layer_job job = {.attention = &l.attention, .x = &x, .y = one};
        CHECK(plan_run(run_layer, &job, (dmx_cpu_level)level, 1), "no run");
        job.y = two;
        CHECK(plan_run(run_layer, &job, (dmx_cpu_level)level, 2), "no run");
        const double snr = test_snr_db(y.f32, one, y.count);
        printf("  with periods, %s: %.1f dB\n", dmx_cpu_level_name((dmx_cpu_level)level), snr);
        CHECK(snr > 120, "%.1f dB", snr); /* measured: 132.9 dB and more */
        CHECK(memcmp(one, two, x.count * sizeof *one) == 0, "1 and 2 threads differ");
        memset(two, 0, x.count * sizeof *two);
        run_listed(&job, (dmx_cpu_level)level);
        CHECK(memcmp(one, two, x.count * sizeof *one) == 0, "the layer from a list differs");
        dmx_free(one);
        dmx_free(two);
    }
    test_array_free(&x);
    test_array_free(&y);
    layer_close(&l);
}

/* Periods that the heads do not share evenly, and a projection that does not take them, are refused by name. */
static void test_periods_that_do_not_fit(void)
{
    enum { FREQS_WEIGHT = 6, PROJ_WEIGHT = 10 };
    layer l;
    demucs_error error = {DEMUCS_OK, ""};
    REQUIRE(layer_open(&l), "no data");
    const int channels = (int)l.tensors[0].shape[0];
    l.tensors[FREQS_WEIGHT].shape[0]--;
    CHECK(layer_load(&l, channels, &error) != DEMUCS_OK, "loaded");
    CHECK(strstr(error.message, "query_freqs.weight") != NULL, "%s", error.message);
    l.tensors[FREQS_WEIGHT].shape[0]++;
    l.tensors[PROJ_WEIGHT].shape[1] -= LAYER_HEADS * LAYER_PERIODS;
    error = (demucs_error){DEMUCS_OK, ""};
    CHECK(layer_load(&l, channels, &error) != DEMUCS_OK, "loaded");
    CHECK(strstr(error.message, "proj.weight") != NULL, "%s", error.message);
    layer_close(&l);
}

TEST_MAIN(test_local_attention, test_periods, test_periods_that_do_not_fit)
