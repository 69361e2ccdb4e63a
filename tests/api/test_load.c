/* test_load.c - models whose files lie in memory, or come from a function of the caller: the same model as from the
 * file system, and the same refusals; how much memory weights may take; and files that change while they are read. */
#include "api.h"

#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES = 2 * API_SEGMENT, MAX_OPEN = 4 };

static demucs_error error;

/* The content of a file below tests/data in a block of exactly its size; NULL when there is none. */
static void *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    *size = 0;
    if (file == NULL) return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    void *bytes = malloc(*size + (*size == 0));
    CHECK(bytes != NULL && fread(bytes, 1, *size, file) == *size, "%s", path);
    fclose(file);
    return bytes;
}

/* ---- from memory ---- */

static void check_same_stems(const demucs_model *a, const demucs_model *b, const char *what)
{
    const demucs_options o = api_options(1);
    float *mix = api_noise(API_CHANNELS, FRAMES, 1);
    float *right = api_stems(a, &o, mix, FRAMES), *stems = api_stems(b, &o, mix, FRAMES);
    CHECK(right != NULL && stems != NULL && memcmp(right, stems, API_PLANES * FRAMES * sizeof *stems) == 0, "%s", what);
    free(mix);
    free(right);
    free(stems);
}

static void test_memory(void)
{
    size_t size;
    void *bytes = read_file(api_path(API_MODEL), &size);
    demucs_model *model = NULL, *expected = api_load(API_MODEL);
    demucs_member_info info = {.struct_size = sizeof info};
    CHECK(demucs_model_load_memory(&model, bytes, size, &error) == DEMUCS_OK, "%s", error.message);
    free(bytes); /* it is not looked at any more */
    if (model == NULL || expected == NULL) return;
    check_same_stems(expected, model, "a model from memory differs");
    CHECK(demucs_model_member_info(model, 0, &info, NULL) == DEMUCS_OK && strcmp(info.path, "(memory)") == 0, "%s",
          info.path);
    CHECK(demucs_model_memory_bytes(model) == demucs_model_memory_bytes(expected) &&
              demucs_model_memory_bytes(model) > info.parameters * sizeof(float),
          "%zu bytes of %zu parameters", demucs_model_memory_bytes(model), info.parameters);
    demucs_model_free(model);
    demucs_model_free(expected);
}

/* Every file of an index, good or hostile, is loaded or refused from memory as it is by its path. */
static void check_index(const char *folder, int least)
{
    char line[512], name[64], path[128];
    int count = 0, loaded = 0;
    snprintf(path, sizeof path, "checkpoint/%s/index.tsv", folder);
    FILE *index = fopen(api_path(path), "r");
    REQUIRE(index != NULL, "no index");
    while (fgets(line, sizeof line, index) != NULL) {
        if (sscanf(line, "%63[^\t]\t", name) != 1 || strcmp(name, "file") == 0 || strstr(name, ".yaml") != NULL)
            continue;
        demucs_model *one = NULL, *other = NULL;
        size_t size;
        snprintf(path, sizeof path, "checkpoint/%s/%s", folder, name);
        void *bytes = read_file(api_path(path), &size);
        const demucs_status expected = demucs_model_load(&one, api_path(path), NULL);
        const demucs_status status = demucs_model_load_memory(&other, bytes, size, &error);
        CHECK(status == expected, "%s: %s from memory, %s by its path", name, demucs_status_name(status),
              demucs_status_name(expected));
        CHECK((status == DEMUCS_OK) == (other != NULL), "%s: a model beside a failure", name);
        if (status != DEMUCS_OK) CHECK(strstr(error.message, "(memory)") != NULL, "%s: %s", name, error.message);
        loaded += status == DEMUCS_OK;
        count++;
        demucs_model_free(one);
        demucs_model_free(other);
        free(bytes);
    }
    fclose(index);
    CHECK(count >= least && (loaded > 0) == (strcmp(folder, "good") == 0), "%d files, %d loaded", count, loaded);
}

static void test_good_files(void) { check_index("good", 10); }
static void test_hostile_files(void) { check_index("hostile", 40); }

static void test_misuse(void)
{
    demucs_model *model = (demucs_model *)1;
    demucs_load_options o;
    CHECK_FAILS(demucs_model_load_memory(NULL, "x", 1, &error), DEMUCS_ERROR_ARGUMENT, "model");
    CHECK_FAILS(demucs_model_load_memory(&model, NULL, 1, &error), DEMUCS_ERROR_ARGUMENT, "bytes");
    CHECK(model == NULL, "a failed load leaves NULL");
    CHECK_FAILS(demucs_model_load_memory(&model, "", 0, &error), DEMUCS_ERROR_FORMAT, "(memory)");
    CHECK_FAILS(demucs_model_load_memory(&model, "models: ['a']\n", 14, &error), DEMUCS_ERROR_FORMAT, "(memory)");
    CHECK_FAILS(demucs_model_load_with(NULL, "x", NULL, &error), DEMUCS_ERROR_ARGUMENT, "model");
    CHECK_FAILS(demucs_model_load_with(&model, NULL, NULL, &error), DEMUCS_ERROR_ARGUMENT, "path");
    demucs_default_load_options(&o, sizeof o);
    o.struct_size = 0;
    CHECK_FAILS(demucs_model_load_with(&model, "x", &o, &error), DEMUCS_ERROR_ARGUMENT, "demucs_default_load_options");
    CHECK(demucs_model_load_with(&model, api_path(API_MODEL), NULL, NULL) == DEMUCS_OK, "no options");
    demucs_model_free(model);
    CHECK(demucs_model_memory_bytes(NULL) == 0, "NULL");
}

/* ---- from a function ---- */

/* A store of files: those of tests/data/api under another folder, or none any more. */
typedef struct store {
    int opened, open;
    bool empty;
    bool changed; /* the members' files hold another model */
} store;

static const void *open_stored(void *user, const char *path, size_t *size_bytes)
{
    store *s = user;
    char name[128];
    if (s->empty || strncmp(path, "elsewhere/", 10) != 0) return NULL;
    snprintf(name, sizeof name, "api/%s", path + 10);
    if (s->changed) strcpy(name, "cli/models/f0cb5d54.safetensors");
    void *bytes = read_file(api_path(name), size_bytes);
    s->opened += bytes != NULL;
    s->open += bytes != NULL;
    return bytes;
}

static void close_stored(void *user, const void *bytes, size_t size_bytes)
{
    store *s = user;
    CHECK(size_bytes > 0, "%zu bytes are closed", size_bytes);
    s->open--;
    free((void *)bytes);
}

static demucs_model *load_stored(store *s, size_t resident_bytes)
{
    demucs_load_options o;
    demucs_model *model = NULL;
    demucs_default_load_options(&o, sizeof o);
    o.resident_bytes = resident_bytes;
    o.open = open_stored;
    o.close = close_stored;
    o.user = s;
    error = (demucs_error){DEMUCS_OK, ""};
    CHECK(demucs_model_load_with(&model, "elsewhere/bag.yaml", &o, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(s->open == 0, "%d files were left open", s->open);
    return model;
}

static void test_function(void)
{
    store s = {0}, kept_out = {0};
    demucs_model *expected = api_load(API_BAG), *model = load_stored(&s, 0), *small = load_stored(&kept_out, 1);
    if (model == NULL || expected == NULL || small == NULL) return;
    check_same_stems(expected, model, "a bag from a function differs");
    CHECK(demucs_model_memory_bytes(small) == 0, "%zu bytes are resident", demucs_model_memory_bytes(small));
    const int before = kept_out.opened;
    check_same_stems(expected, small, "a bag whose members are opened for their turn differs");
    CHECK(kept_out.opened > before && kept_out.open == 0, "%d files were opened", kept_out.opened - before);
    demucs_model_free(model);
    demucs_model_free(small);
    demucs_model_free(expected);
}

/* What the function has no more is an error of the track, and the next track is fine when it is there again. */
static void test_function_fails(void)
{
    store s = {0};
    demucs_model *model = load_stored(&s, 1);
    const demucs_options o = api_options(1);
    demucs_separator *separator = model != NULL ? api_create(model, &o) : NULL;
    if (separator == NULL) return;
    float *mix = api_noise(API_CHANNELS, FRAMES, 1), *stems = calloc(API_PLANES * FRAMES, sizeof *stems);
    s.empty = true;
    CHECK_FAILS(api_separate(separator, mix, FRAMES, stems, &error), DEMUCS_ERROR_IO, "a0000000");
    s.empty = false;
    s.changed = true;
    CHECK_FAILS(api_separate(separator, mix, FRAMES, stems, &error), DEMUCS_ERROR_FORMAT, "is another model now");
    s.changed = false;
    CHECK(api_separate(separator, mix, FRAMES, stems, &error) == DEMUCS_OK, "%s", error.message);
    demucs_separator_free(separator);
    demucs_model_free(model);
    demucs_load_options options;
    demucs_default_load_options(&options, sizeof options);
    options.open = open_stored;
    options.user = &s;
    CHECK_FAILS(demucs_model_load_with(&model, "elsewhere/none.yaml", &options, &error), DEMUCS_ERROR_IO, "none.yaml");
    CHECK_FAILS(demucs_model_load_with(&model, "elsewhere/none.th", &options, &error), DEMUCS_ERROR_IO, "none.th");
    free(mix);
    free(stems);
}

/* The engine counts the member that it has to have room for. */
static void test_room_for_a_guest(void)
{
    store s = {0}, t = {0};
    demucs_model *all = load_stored(&s, 0), *none = load_stored(&t, 1);
    const demucs_options o = api_options(1);
    demucs_separator *one = all != NULL ? api_create(all, &o) : NULL,
                     *other = none != NULL ? api_create(none, &o) : NULL;
    if (one == NULL || other == NULL) return;
    const size_t more = demucs_separator_memory_bytes(other) - demucs_separator_memory_bytes(one);
    CHECK(more == demucs_model_memory_bytes(all) / 4, "%zu bytes more, but a member takes %zu", more,
          demucs_model_memory_bytes(all) / 4);
    demucs_separator_free(one);
    demucs_separator_free(other);
    demucs_model_free(all);
    demucs_model_free(none);
}

/* ---- files that somebody writes to ---- */

typedef struct rewriter {
    char path[64];
    void *bytes;
    size_t size;
    struct timespec pause;
    atomic_bool stop;
} rewriter;

static void store_file(const rewriter *r)
{
    FILE *file = fopen(r->path, "wb");
    CHECK(file != NULL && fwrite(r->bytes, 1, r->size, file) == r->size && fclose(file) == 0, "%s", r->path);
}

static void *rewrite(void *user)
{
    rewriter *r = user;
    while (!atomic_load(&r->stop)) {
        store_file(r);
        nanosleep(&r->pause, NULL);
    }
    return NULL;
}

/* Twice as long as it takes to load that file. */
static struct timespec pause_for(const char *path)
{
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    demucs_model_free(api_load(path));
    clock_gettime(CLOCK_MONOTONIC, &end);
    const long long nanoseconds = 2 * ((end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec);
    return (struct timespec){.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
}

/* Somebody empties the file and writes it again, over and over. Each load gives the model or a sentence, and the
 * program lives. */
static void test_rewritten(void)
{
    enum { LOADS = 2000, ENOUGH = 20 };
    int good = 0, refused = 0;
    static const char source[] = "checkpoint/good/f0cb5d54.safetensors";
    rewriter r = {.pause = pause_for(source)};
    pthread_t thread;
    char right[65], digest[65];
    demucs_model *model = api_load(source);
    if (model == NULL) return;
    demucs_model_digest(model, right, NULL);
    demucs_model_free(model);
    r.bytes = read_file(api_path(source), &r.size);
    snprintf(r.path, sizeof r.path, "test_load.%ld.safetensors", (long)getpid());
    store_file(&r);
    REQUIRE(pthread_create(&thread, NULL, rewrite, &r) == 0, "no thread");
    for (int i = 0; i < LOADS && (good < ENOUGH || refused < ENOUGH); i++) {
        const demucs_status status = demucs_model_load(&model, r.path, &error);
        if (status == DEMUCS_OK)
            CHECK(demucs_model_digest(model, digest, NULL) == DEMUCS_OK && strcmp(digest, right) == 0, "another model");
        else
            CHECK((status == DEMUCS_ERROR_IO || status == DEMUCS_ERROR_FORMAT) && model == NULL &&
                      strstr(error.message, r.path) != NULL,
                  "%d: %s", (int)status, error.message);
        good += status == DEMUCS_OK;
        refused += status != DEMUCS_OK;
        demucs_model_free(model);
    }
    CHECK(good > 0 && refused > 0, "%d good, %d refused", good, refused);
    atomic_store(&r.stop, true);
    pthread_join(thread, NULL);
    unlink(r.path);
    free(r.bytes);
}

TEST_MAIN(test_memory, test_good_files, test_hostile_files, test_misuse, test_function, test_function_fails,
          test_room_for_a_guest, test_rewritten)
