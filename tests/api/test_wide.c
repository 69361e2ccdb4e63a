/* test_wide.c - a model whose layers are wide enough for bfloat16 serves separators of either precision at once: one
 * with fast may be created while one with exact runs (the thread sanitizer watches). And a member that is loaded when
 * its turn comes computes in bfloat16 as well. */
#include "api.h"

#include "base/alloc.h"
#include "checkpoint/json.h"
#include "cpu/pack.h"
#include "cpu/upload.h"
#include "models/bag.h"
#include "support/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES = 3000, MOST_RUNS = 1000 };

/* An HDemucs with bands, and with residual branches as wide as its levels. */
static const char class_name[] = "demucs.hdemucs.HDemucs";
static const char kwargs[] =
    "{\"sources\":[\"a\",\"b\",\"c\",\"d\"],\"samplerate\":8000,\"segment\":0.2,\"channels\":32,\"growth\":1,"
    "\"depth\":4,\"nfft\":256,\"multi_freqs\":[0.5],\"multi_freqs_depth\":1,\"norm_starts\":9,\"dconv_mode\":3,"
    "\"dconv_depth\":1,\"dconv_comp\":1,\"dconv_attn\":9,\"dconv_lstm\":9}";

/* Write a model of these arguments with random weights. */
static bool write_model(const char *path)
{
    dmx_checkpoint c = {.path = (char *)path, .classes = &dmx_families, .args = {.kind = DMX_VALUE_LIST}};
    dmx_parameters list = {.count = 0};
    demucs_error error = {DEMUCS_OK, ""};
    c.class = dmx_classes_find(&dmx_families, class_name, sizeof class_name - 1);
    demucs_status status = dmx_json_parse(&c.kwargs, kwargs, sizeof kwargs - 1, path, "kwargs", &error);
    if (status == DEMUCS_OK) status = dmx_families.list_parameters(&list, &c, &error);
    dmx_tensor *tensors = calloc(list.count + 1, sizeof *tensors);
    for (size_t i = 0; i < list.count; i++) {
        const dmx_parameter *p = &list.items[i];
        float *values = api_noise(1, p->count, (unsigned)i);
        for (size_t k = 0; k < p->count; k++) values[k] *= 0.2f;
        tensors[i] = (dmx_tensor){.name = (char *)p->name, .dtype = DMX_F32, .rank = p->rank, .count = p->count};
        memcpy(tensors[i].shape, p->shape, sizeof p->shape);
        tensors[i].data = values;
    }
    c.tensors = tensors;
    c.tensor_count = list.count;
    if (status == DEMUCS_OK) status = dmx_checkpoint_write_safetensors(&c, path, &error);
    CHECK(status == DEMUCS_OK, "%s", error.message);
    for (size_t i = 0; i < list.count; i++) free((void *)tensors[i].data);
    free(tensors);
    dmx_value_clear(&c.kwargs);
    dmx_parameters_clear(&list);
    return status == DEMUCS_OK;
}

static demucs_model *load_wide(void)
{
    char path[64];
    demucs_model *model = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    snprintf(path, sizeof path, "test_wide.%ld.safetensors", (long)getpid());
    if (write_model(path)) CHECK(demucs_model_load(&model, path, &error) == DEMUCS_OK, "%s", error.message);
    unlink(path);
    return model;
}

/* The same as the only member of a bag whose weights are dropped after the checks. */
static demucs_model *load_in_turn(void)
{
    char name[32], path[64], bag[64];
    const dmx_loading loading = {.classes = &dmx_families, .upload = &dmx_cpu_upload, .resident_bytes = 0};
    demucs_model *model = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    snprintf(name, sizeof name, "wide%ld", (long)getpid());
    snprintf(path, sizeof path, "%s.safetensors", name);
    snprintf(bag, sizeof bag, "%s.yaml", name);
    FILE *file = fopen(bag, "w");
    if (file != NULL) fprintf(file, "models: [%s]\n", name);
    if (file != NULL) fclose(file);
    if (write_model(path)) CHECK(dmx_model_load(&model, bag, &loading, &error) == DEMUCS_OK, "%s", error.message);
    unlink(bag);
    return model;
}

static demucs_options options_of(demucs_precision precision)
{
    demucs_options options = api_options(2);
    options.precision = precision;
    return options;
}

/* Weights in bfloat16 that the model has. */
static int count_bf16(const demucs_model *model)
{
    int count = 0;
    for (struct dmx_conv_weights *w = model->members[0].network->store.convs; w != NULL; w = w->next)
        count += atomic_load(&w->bf16) != NULL;
    return count;
}

typedef struct runner {
    demucs_separator *separator;
    const float *mix, *right;
    _Atomic int runs; /* done so far */
    atomic_bool stop, same;
} runner;

static void *run(void *argument)
{
    runner *r = argument;
    float *stems = calloc(API_PLANES * FRAMES, sizeof *stems);
    for (; r->same && !r->stop && r->runs < MOST_RUNS; r->runs++)
        r->same = api_separate(r->separator, r->mix, FRAMES, stems, NULL) == DEMUCS_OK &&
                  memcmp(stems, r->right, API_PLANES * FRAMES * sizeof *stems) == 0;
    free(stems);
    return NULL;
}

static void wait_for_runs(const runner *r, int runs)
{
    while (r->runs < runs && r->runs < MOST_RUNS && r->same) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void test_fast_is_created_while_exact_runs(void)
{
    demucs_model *model = load_wide(), *other = load_wide();
    REQUIRE(model != NULL && other != NULL, "no model");
    const demucs_options exact = options_of(DEMUCS_PRECISION_EXACT), fast = options_of(DEMUCS_PRECISION_FAST);
    float *mix = api_noise(API_CHANNELS, FRAMES, 1), *right = api_stems(model, &exact, mix, FRAMES);
    float *right_fast = api_stems(other, &fast, mix, FRAMES);
    CHECK(count_bf16(model) == 0, "%d layers have bfloat16 before anybody asked", count_bf16(model));
    runner r = {.separator = api_create(model, &exact), .mix = mix, .right = right, .same = true};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, run, &r) == 0, "no thread");
    wait_for_runs(&r, 1);

    const int before = r.runs;
    float *stems = api_stems(model, &fast, mix, FRAMES);
    /* Where the machine has no such products: what the creation would have done. */
    demucs_error error = {DEMUCS_OK, ""};
    CHECK(dmx_model_add_bf16(model, 0, dmx_kernels_get(DMX_CPU_SCALAR), &error) == DEMUCS_OK, "%s", error.message);
    CHECK(count_bf16(model) > 10, "%d layers are wide", count_bf16(model));
    wait_for_runs(&r, before + 2);
    r.stop = true;
    pthread_join(thread, NULL);
    CHECK(r.same, "exact has other stems while fast is created, in run %d", (int)r.runs);
    CHECK(stems != NULL && memcmp(stems, right_fast, API_PLANES * FRAMES * sizeof *stems) == 0, "fast has other stems");
    demucs_separator_free(r.separator);
    free(mix);
    free(right);
    free(right_fast);
    free(stems);
    demucs_model_free(model);
    demucs_model_free(other);
}

/* It gets its weights in bfloat16 when its turn comes, and what its passes need is planned while they are not there. */
static void test_member_that_is_loaded_in_turn(void)
{
    char path[64];
    demucs_model *all = load_wide(), *in_turn = load_in_turn();
    REQUIRE(all != NULL && in_turn != NULL, "no model");
    CHECK(!in_turn->members[0].resident, "its weights were kept");
    float *mix = api_noise(API_CHANNELS, FRAMES, 1);
    for (int p = DEMUCS_PRECISION_EXACT; p <= DEMUCS_PRECISION_FAST; p++) {
        const demucs_options options = options_of((demucs_precision)p);
        float *right = api_stems(all, &options, mix, FRAMES), *stems = api_stems(in_turn, &options, mix, FRAMES);
        CHECK(right != NULL && stems != NULL && memcmp(right, stems, API_PLANES * FRAMES * sizeof *stems) == 0,
              "precision %d: other stems", p);
        free(right);
        free(stems);
    }
    snprintf(path, sizeof path, "wide%ld.safetensors", (long)getpid());
    unlink(path);
    free(mix);
    demucs_model_free(all);
    demucs_model_free(in_turn);
}

TEST_MAIN(test_fast_is_created_while_exact_runs, test_member_that_is_loaded_in_turn)
