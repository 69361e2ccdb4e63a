/* test_precision.c - fast and exact: which one runs, that exact stays what it is beside it, and that fast, like exact,
 * does not depend on threads, on who else uses the model, or on which members of a bag stay in memory. */
#include "api.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "cpu/upload.h"
#include "models/bag.h"
#include "support/npy.h"
#include "support/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 2 * API_SEGMENT, BYTES = API_PLANES * FRAMES * (int)sizeof(float) };

static demucs_options options_of(demucs_precision precision, int threads)
{
    demucs_options o = api_options(threads);
    o.precision = precision;
    return o;
}

static demucs_precision precision_used(const demucs_model *model, const demucs_options *options)
{
    demucs_separator *separator = api_create(model, options);
    const demucs_precision precision = demucs_separator_precision(separator);
    demucs_separator_free(separator);
    return precision;
}

/* Whether the best level of this CPU, or the one that DEMUCS_CPU lowers it to, has bfloat16. */
static bool has_fast(const demucs_model *model)
{
    const demucs_options fast = options_of(DEMUCS_PRECISION_FAST, 1);
    return precision_used(model, &fast) == DEMUCS_PRECISION_FAST;
}

static bool same(const float *a, const float *b) { return a != NULL && b != NULL && memcmp(a, b, BYTES) == 0; }

static void test_levels_without_it_compute_exactly(void)
{
    static const char *const levels[] = {"scalar", "avx2", "avx512", "neon"};
    demucs_model *model = api_load(API_MODEL);
    if (model == NULL) return;
    float *mix = api_noise(API_CHANNELS, FRAMES, 1);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        dmx_cpu_level level;
        CHECK(dmx_cpu_level_parse(levels[i], &level), "%s is no level", levels[i]);
        if (!dmx_cpu_has(level)) continue; /* asking for it changes nothing */
        demucs_options exact = options_of(DEMUCS_PRECISION_EXACT, 2), fast = options_of(DEMUCS_PRECISION_FAST, 2);
        exact.cpu = fast.cpu = levels[i];
        CHECK(precision_used(model, &fast) == DEMUCS_PRECISION_EXACT, "%s is fast", levels[i]);
        float *right = api_stems(model, &exact, mix, FRAMES), *stems = api_stems(model, &fast, mix, FRAMES);
        CHECK(same(right, stems), "fast at %s has other bits than exact", levels[i]);
        free(right);
        free(stems);
    }
    free(mix);
    demucs_model_free(model);
}

/* Exact before, fast on one and on three threads, exact after: on one model. */
static void test_fast_beside_exact(void)
{
    demucs_model *model = api_load(API_BAG);
    if (model == NULL) return;
    float *mix = api_noise(API_CHANNELS, FRAMES, 2), *stems[4];
    const demucs_precision precisions[4] = {DEMUCS_PRECISION_EXACT, DEMUCS_PRECISION_FAST, DEMUCS_PRECISION_FAST,
                                            DEMUCS_PRECISION_EXACT};
    for (int i = 0; i < 4; i++) {
        const demucs_options o = options_of(precisions[i], i == 2 ? 3 : 1);
        stems[i] = api_stems(model, &o, mix, FRAMES);
    }
    CHECK(same(stems[0], stems[3]), "exact has other bits after fast");
    CHECK(same(stems[1], stems[2]), "fast has other bits on three threads");
    if (has_fast(model) && stems[0] != NULL && stems[1] != NULL) {
        const double snr = test_snr_db(stems[0], stems[1], (size_t)API_PLANES * FRAMES);
        CHECK(snr > 30 && snr < 80, "fast is %.1f dB from exact", snr); /* for the bounds see golden/test_fast.c */
    }
    for (int i = 0; i < 4; i++) free(stems[i]);
    free(mix);
    demucs_model_free(model);
}

static void test_members_that_are_loaded_in_turn(void)
{
    const dmx_loading in_turn = {.classes = &dmx_families, .upload = &dmx_cpu_upload, .resident_bytes = 0};
    demucs_model *all = api_load(API_BAG), *none = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    CHECK(dmx_model_load(&none, api_path(API_BAG), &in_turn, &error) == DEMUCS_OK, "%s", error.message);
    if (all != NULL && none != NULL) {
        const demucs_options o = options_of(DEMUCS_PRECISION_FAST, 2);
        float *mix = api_noise(API_CHANNELS, FRAMES, 3);
        float *right = api_stems(all, &o, mix, FRAMES), *stems = api_stems(none, &o, mix, FRAMES);
        CHECK(same(right, stems), "the stems differ");
        free(mix);
        free(right);
        free(stems);
    }
    demucs_model_free(all);
    demucs_model_free(none);
}

typedef struct user {
    pthread_t thread;
    const demucs_model *model;
    demucs_options options;
    const float *mix;
    float *stems;
} user;

static void *use(void *argument)
{
    user *u = argument;
    u->stems = api_stems(u->model, &u->options, u->mix, FRAMES);
    return NULL;
}

/* A fresh model, and four threads that all want it at once, two of them in fast. The thread sanitizer watches. */
static void test_many_at_once(void)
{
    demucs_model *model = api_load(API_MODEL);
    if (model == NULL) return;
    float *mix = api_noise(API_CHANNELS, FRAMES, 4);
    user users[4];
    for (int i = 0; i < 4; i++) {
        users[i] = (user){.model = model, .mix = mix};
        users[i].options = options_of(i % 2 == 0 ? DEMUCS_PRECISION_FAST : DEMUCS_PRECISION_EXACT, 1 + i / 2);
        CHECK(pthread_create(&users[i].thread, NULL, use, &users[i]) == 0, "thread %d", i);
    }
    for (int i = 0; i < 4; i++) pthread_join(users[i].thread, NULL);
    CHECK(same(users[0].stems, users[2].stems), "the fast ones differ");
    CHECK(same(users[1].stems, users[3].stems), "the exact ones differ");
    for (int i = 0; i < 4; i++) free(users[i].stems);
    free(mix);
    demucs_model_free(model);
}

/* Memory that is not there: create fails, and what it had made so far is good for the next try. */
static void test_no_memory(void)
{
    demucs_model *model = api_load(API_BAG), *fresh = api_load(API_BAG);
    const demucs_options o = options_of(DEMUCS_PRECISION_FAST, 1);
    demucs_separator *separator = NULL;
    int failures = 0;
    for (int64_t n = 0; model != NULL && separator == NULL && n < 1000; n++) {
        demucs_error error = {DEMUCS_OK, ""};
        dmx_alloc_fail_after(n);
        demucs_status status = demucs_separator_create(&separator, model, &o, &error);
        dmx_alloc_fail_after(-1);
        if (status == DEMUCS_OK) break;
        CHECK(api_is(status, &error, DEMUCS_ERROR_MEMORY, "memory"), "allocation %d: %s", (int)n, error.message);
        failures++;
    }
    CHECK(separator != NULL && failures >= 5, "%d failures", failures);
    demucs_separator_free(separator);
    if (model != NULL && fresh != NULL) {
        float *mix = api_noise(API_CHANNELS, FRAMES, 5);
        float *right = api_stems(fresh, &o, mix, FRAMES), *stems = api_stems(model, &o, mix, FRAMES);
        CHECK(same(right, stems), "the stems differ from those of a model that had memory at once");
        free(mix);
        free(right);
        free(stems);
    }
    demucs_model_free(model);
    demucs_model_free(fresh);
}

TEST_MAIN(test_levels_without_it_compute_exactly, test_fast_beside_exact, test_members_that_are_loaded_in_turn,
          test_many_at_once, test_no_memory)
