/* test_resident.c - bags whose weights do not all fit into memory: members that are loaded when their turn comes give
 * the same bits, and a file that has gone by then is one sentence. */
#include "api.h"
#include "models/bag.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 3 * API_SEGMENT };

static demucs_model *load_within(const char *path, size_t resident_bytes)
{
    demucs_load_options options;
    demucs_model *model = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    demucs_default_load_options(&options, sizeof options);
    options.resident_bytes = resident_bytes;
    CHECK(demucs_model_load_with(&model, path, &options, &error) == DEMUCS_OK, "%s", error.message);
    return model;
}

static int residents(const demucs_model *model)
{
    int count = 0;
    for (int m = 0; m < model->count; m++) count += model->members[m].resident;
    return count;
}

static void test_same_bits(void)
{
    demucs_model *all = load_within(api_path(API_BAG), 0);
    REQUIRE(all != NULL, "no model");
    CHECK(residents(all) == all->count, "%d of %d are resident", residents(all), all->count);
    const size_t each = demucs_model_memory_bytes(all) / (size_t)all->count;
    demucs_options options = api_options(3);
    options.shifts = 2;
    float *mix = api_noise(API_CHANNELS, FRAMES, 7), *expected = api_stems(all, &options, mix, FRAMES);
    for (int i = 0; i < 2 * all->count; i++) {
        const int kept = i / 2;
        options.jobs = i % 2 == 0 ? 1 : 3;
        demucs_model *some = load_within(api_path(API_BAG), each * (size_t)kept + each / 2);
        if (some == NULL) continue;
        CHECK(residents(some) == kept, "%d are resident and not %d", residents(some), kept);
        float *stems = api_stems(some, &options, mix, FRAMES);
        CHECK(expected != NULL && stems != NULL && memcmp(stems, expected, sizeof(float) * API_PLANES * FRAMES) == 0,
              "with %d resident members and %d jobs the stems differ", kept, options.jobs);
        free(stems);
        demucs_model_free(some);
    }
    free(mix);
    free(expected);
    demucs_model_free(all);
}

static bool copy_file(const char *folder, const char *name)
{
    char target[512], buffer[4096], source[64];
    snprintf(source, sizeof source, "api/%s", name);
    snprintf(target, sizeof target, "%s/%s", folder, name);
    FILE *in = fopen(api_path(source), "rb"), *out = fopen(target, "wb");
    size_t count = 0;
    while (in != NULL && out != NULL && (count = fread(buffer, 1, sizeof buffer, in)) > 0)
        fwrite(buffer, 1, count, out);
    bool done = in != NULL && out != NULL;
    if (in != NULL) fclose(in);
    if (out != NULL) fclose(out);
    return done;
}

static void test_file_gone(void)
{
    static const char *const names[] = {"bag.yaml", "a0000000.safetensors", "a0000001.safetensors",
                                        "a0000002.safetensors", "a0000003.safetensors"};
    char folder[] = "/tmp/demucs-resident-XXXXXX", path[512];
    REQUIRE(mkdtemp(folder) != NULL, "no temporary folder");
    for (int i = 0; i < 5; i++) CHECK(copy_file(folder, names[i]), "%s was not copied", names[i]);
    snprintf(path, sizeof path, "%s/bag.yaml", folder);
    demucs_model *model = load_within(path, 1);
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
    REQUIRE(model != NULL, "no model");
    const demucs_options options = api_options(1);
    demucs_separator *separator = api_create(model, &options);
    float *mix = api_noise(API_CHANNELS, FRAMES, 7), *stems = calloc((size_t)API_PLANES * FRAMES, sizeof *stems);
    demucs_error error = {DEMUCS_OK, ""};
    demucs_status status = api_separate(separator, mix, FRAMES, stems, &error);
    CHECK(api_is(status, &error, DEMUCS_ERROR_IO, "a0000000.safetensors"), "%s", error.message);
    free(mix);
    free(stems);
    demucs_separator_free(separator);
    demucs_model_free(model);
}

TEST_MAIN(test_same_bits, test_file_gone)
