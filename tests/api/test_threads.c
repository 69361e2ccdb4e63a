/* test_threads.c - a model serves many separators in many threads at once, each with threads of its own: all get the
 * bits that one alone gets. The thread sanitizer watches. */
#include "api.h"

#include "support/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 5000, USERS = 4, ROUNDS = 2 };

typedef struct user {
    pthread_t thread;
    const demucs_model *model;
    const float *mix, *right;
    demucs_options options;
    bool same;
} user;

/* Everything that may be called on a shared model, then a few tracks. */
static void *use(void *argument)
{
    user *u = argument;
    demucs_separator *s = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    demucs_member_info info = {.struct_size = sizeof info};
    float *stems = calloc(API_PLANES * FRAMES, sizeof *stems);
    u->same = demucs_model_find_source(u->model, "vocals") == 3 &&
              demucs_model_member_info(u->model, demucs_model_members(u->model) - 1, &info, &error) == DEMUCS_OK;
    for (int round = 0; u->same && round < ROUNDS; round++) {
        u->same = demucs_separator_create(&s, u->model, &u->options, &error) == DEMUCS_OK &&
                  api_separate(s, u->mix, FRAMES, stems, &error) == DEMUCS_OK &&
                  memcmp(stems, u->right, API_PLANES * FRAMES * sizeof *stems) == 0;
        demucs_separator_free(s);
        s = NULL;
    }
    free(stems);
    return NULL;
}

static void check_shared(const char *model_name)
{
    user users[USERS];
    demucs_model *model = api_load(model_name);
    if (model == NULL) return;
    demucs_options o = api_options(1);
    o.shifts = 1;
    float *mix = api_noise(API_CHANNELS, FRAMES, 1), *right = api_stems(model, &o, mix, FRAMES);
    for (int i = 0; i < USERS; i++) {
        users[i] = (user){.model = model, .mix = mix, .right = right, .options = o};
        users[i].options.threads = 1 + i % 3;
        CHECK(pthread_create(&users[i].thread, NULL, use, &users[i]) == 0, "thread %d", i);
    }
    for (int i = 0; i < USERS; i++) {
        pthread_join(users[i].thread, NULL);
        CHECK(users[i].same, "%s: user %d, with %d threads, has other stems", model_name, i, users[i].options.threads);
    }
    free(mix);
    free(right);
    demucs_model_free(model);
}

static void test_shared_model(void) { check_shared(API_MODEL); }
static void test_shared_bag(void) { check_shared(API_BAG); }

/* More threads than there is work for, and the machine's own number (0). */
static void test_thread_counts(void)
{
    demucs_model *model = api_load("generated/variant_short.safetensors"); /* two stems */
    if (model == NULL) return;
    const int counts[] = {1, 0, 2, 3, 7, 33};
    float *mix = api_noise(API_CHANNELS, 9000, 2), *first = NULL;
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        const demucs_options o = api_options(counts[k]);
        float *stems = calloc(4 * 9000, sizeof *stems), *planes[4];
        demucs_separator *s = api_create(model, &o);
        api_planes(planes, stems, 4, 9000);
        CHECK(s != NULL && demucs_separate(s, (const float *const[]){mix, mix + 9000}, 9000, planes, NULL) == DEMUCS_OK,
              "%d threads", counts[k]);
        demucs_separator_free(s);
        if (first != NULL)
            CHECK(memcmp(first, stems, 4 * 9000 * sizeof *stems) == 0, "%d threads differ from 1", counts[k]);
        if (first == NULL)
            first = stems;
        else
            free(stems);
    }
    free(first);
    free(mix);
    demucs_model_free(model);
}

TEST_MAIN(test_shared_model, test_shared_bag, test_thread_counts)
