/* test_digest.c - what demucs_model_digest goes by and what it does not; and the results that this version of the
 * numerics gives. */
#include "api.h"

#include "base/cpu.h"
#include "base/sha256.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static demucs_error error;

typedef struct sum {
    char hex[65];
} sum;

static sum sum_of(const demucs_model *model)
{
    sum is = {""};
    CHECK(demucs_model_digest(model, is.hex, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(strlen(is.hex) == 64 && strspn(is.hex, "0123456789abcdef") == 64, "'%s'", is.hex);
    return is;
}

static sum sum_of_file(const char *path)
{
    demucs_model *model = NULL;
    sum is = {""};
    CHECK(demucs_model_load(&model, path, &error) == DEMUCS_OK, "%s", error.message);
    if (model != NULL) is = sum_of(model);
    demucs_model_free(model);
    return is;
}

static bool same(sum a, sum b) { return strcmp(a.hex, b.hex) == 0; }

/* Where a test may write. */
static const char *scratch(const char *name)
{
    static char folder[64], path[128];
    if (folder[0] == '\0') snprintf(folder, sizeof folder, "digest-%ld", (long)getpid());
    snprintf(path, sizeof path, "%s-%s", folder, name);
    return path;
}

static unsigned char *read_all(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*size);
    if (fread(bytes, 1, *size, file) != *size) *size = 0;
    fclose(file);
    return bytes;
}

static void write_all(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(bytes, 1, size, file) == size, "%s", path);
    if (file != NULL) fclose(file);
}

/* From a path, from memory, and again. */
static void test_same_model(void)
{
    size_t size;
    demucs_model *model = NULL;
    const sum expected = sum_of_file(api_path(API_MODEL));
    unsigned char *bytes = read_all(api_path(API_MODEL), &size);
    REQUIRE(bytes != NULL && demucs_model_load_memory(&model, bytes, size, &error) == DEMUCS_OK, "%s", error.message);
    memset(bytes, 0, size);
    free(bytes);
    CHECK(same(sum_of(model), expected) && same(sum_of(model), expected), "a model from memory, twice");
    demucs_model_free(model);
}

/* Every format of the same model: torch's forms, safetensors, and what demucs_convert makes of them. */
static void test_formats(void)
{
    static const char *const pairs[][2] = {
        {"checkpoint/good/409eef75-f587c11e.th", "checkpoint/good/409eef75.safetensors"},
        {"checkpoint/good/b72453dc-9f8cb998.th", "checkpoint/good/b72453dc.safetensors"},
        {"checkpoint/good/legacy_protocol1.th", "checkpoint/good/legacy_protocol5.th"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const sum first = sum_of_file(api_path(pairs[i][0]));
        CHECK(same(first, sum_of_file(api_path(pairs[i][1]))), "%s and %s", pairs[i][0], pairs[i][1]);
        if (i > 0) continue; /* their weights do not fit into the float16 that is written */
        CHECK(demucs_convert(api_path(pairs[i][0]), scratch("copy.safetensors"), &error) == DEMUCS_OK, "%s",
              error.message);
        CHECK(same(first, sum_of_file(scratch("copy.safetensors"))), "%s and its copy", pairs[i][0]);
        unlink(scratch("copy.safetensors"));
    }
}

/* One bit of one weight, the last that is finite with it. */
static void test_one_weight(void)
{
    size_t size;
    const sum expected = sum_of_file(api_path(API_MODEL));
    unsigned char *bytes = read_all(api_path(API_MODEL), &size);
    REQUIRE(bytes != NULL && size > 2, "the model");
    bytes[size - 2] ^= 1;
    write_all(scratch("other.safetensors"), bytes, size);
    CHECK(!same(sum_of_file(scratch("other.safetensors")), expected), "a weight of another value");
    unlink(scratch("other.safetensors"));
    free(bytes);
}

/* An argument that no tensor shows: the name of a stem. */
static void test_arguments(void)
{
    size_t size;
    const sum expected = sum_of_file(api_path(API_MODEL));
    unsigned char *bytes = read_all(api_path(API_MODEL), &size);
    REQUIRE(bytes != NULL, "the model");
    unsigned char *name = NULL;
    for (size_t i = 0; name == NULL && i + 6 < size; i++)
        if (memcmp(bytes + i, "vocals", 6) == 0) name = bytes + i;
    REQUIRE(name != NULL, "no stem called vocals");
    name[0] = 'w';
    write_all(scratch("named.safetensors"), bytes, size);
    CHECK(!same(sum_of_file(scratch("named.safetensors")), expected), "a stem of another name");
    unlink(scratch("named.safetensors"));
    free(bytes);
}

/* ---- bags ---- */

/* A folder in memory with a bag and its members: those of tests/data, one of which may be another. */
typedef struct folder {
    const char *bag;
    const char *replaced, *by; /* a part of a path, and the file below tests/data that is there instead */
} folder;

static const void *open_in(void *user, const char *path, size_t *size)
{
    const folder *self = user;
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    char inside[96];
    if (strcmp(name, "bag.yaml") == 0) {
        *size = strlen(self->bag);
        return strdup(self->bag);
    }
    snprintf(inside, sizeof inside, "api/%s", name);
    if (self->replaced != NULL && strstr(name, self->replaced) != NULL) snprintf(inside, sizeof inside, "%s", self->by);
    return read_all(api_path(inside), size);
}

static void close_in(void *user, const void *bytes, size_t size)
{
    (void)user, (void)size;
    free((void *)bytes);
}

static demucs_model *load_bag(folder *from, size_t resident_bytes)
{
    demucs_model *model = NULL;
    demucs_load_options options;
    demucs_default_load_options(&options, sizeof options);
    options.open = open_in;
    options.close = close_in;
    options.user = from;
    options.resident_bytes = resident_bytes;
    CHECK(demucs_model_load_with(&model, "bag.yaml", &options, &error) == DEMUCS_OK, "%s", error.message);
    return model;
}

static sum sum_of_bag(const char *bag, size_t resident_bytes)
{
    folder from = {.bag = bag};
    demucs_model *model = load_bag(&from, resident_bytes);
    const sum is = sum_of(model);
    demucs_model_free(model);
    return is;
}

static void test_bags(void)
{
    static const char plain[] = "models: ['a0000000', 'a0000001']\n";
    static const char *const others[] = {
        "models: ['a0000001', 'a0000000']\n", "models: ['a0000000', 'a0000000']\n", "models: ['a0000000']\n",
        "models: ['a0000000', 'a0000001']\nsegment: 0.25\n",
        "models: ['a0000000', 'a0000001']\nweights: [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.5]]\n"};
    const sum expected = sum_of_bag(plain, 0);
    CHECK(same(sum_of_bag(plain, 1), expected), "members that are not kept in memory");
    CHECK(same(sum_of_bag("# no matter\nmodels: [a0000000, a0000001]\n", 0), expected), "the text of the bag");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!same(sum_of_bag(others[i], 0), expected), "%s", others[i]);
}

/* A member that is loaded for its turn must still be the one that the digest was for. */
static void test_changed_member(void)
{
    folder from = {.bag = "models: ['a0000000', 'a0000001']\n"};
    float *mix = api_noise(API_CHANNELS, API_SEGMENT, 1), *data = calloc(API_PLANES * API_SEGMENT, sizeof *data);
    demucs_model *model = load_bag(&from, 1);
    for (int asked = 0; asked < 2; asked++) {
        demucs_separator *separator = NULL;
        from.replaced = NULL;
        if (asked) sum_of(model);
        demucs_options options = api_options(1);
        CHECK(demucs_separator_create(&separator, model, &options, &error) == DEMUCS_OK, "%s", error.message);
        from.replaced = "a0000001";
        from.by = "api/a0000002.safetensors";
        const demucs_status status = api_separate(separator, mix, API_SEGMENT, data, &error);
        CHECK(status == (asked ? DEMUCS_ERROR_FORMAT : DEMUCS_OK), "asked: %d: %s", asked, demucs_status_name(status));
        demucs_separator_free(separator);
    }
    demucs_model_free(model);
    free(mix);
    free(data);
}

static void test_misuse(void)
{
    char digest[65] = "x";
    CHECK_FAILS(demucs_model_digest(NULL, digest, &error), DEMUCS_ERROR_ARGUMENT, "model");
    CHECK(digest[0] == '\0', "no digest after a failure");
    demucs_model *model = api_load(API_MODEL);
    CHECK_FAILS(demucs_model_digest(model, NULL, &error), DEMUCS_ERROR_ARGUMENT, "digest");
    demucs_model_free(model);
}

/* ---- the version of the numerics ---- */

/* The sum of the stems that three networks make of noise. */
static sum sum_of_results(const char *cpu)
{
    enum { FRAMES = 3 * API_SEGMENT };
    static const char *const models[] = {API_MODEL, "cli/models/0a0ae777.safetensors",
                                         "checkpoint/good/409eef75.safetensors"};
    sum is;
    dmx_sha256 sha;
    unsigned char bytes[DMX_SHA256_BYTES];
    dmx_sha256_begin(&sha, dmx_sha256_plain);
    for (int i = 0; i < 3; i++) {
        demucs_model *model = api_load(models[i]);
        demucs_options options = api_options(1);
        options.cpu = cpu;
        options.shifts = 1;
        const int channels = demucs_model_channels(model);
        float *mix = api_noise(channels, FRAMES, 1);
        float *stems = api_stems(model, &options, mix, FRAMES);
        dmx_sha256_add(&sha, stems, (size_t)(channels * demucs_model_sources(model)) * FRAMES * sizeof *stems);
        free(stems);
        free(mix);
        demucs_model_free(model);
    }
    dmx_sha256_end(&sha, bytes);
    dmx_sha256_hex(bytes, is.hex);
    return is;
}

/* Results that were kept under a version of the numerics must be those of this version. A change that shows here is
 * either not meant, or raises NUMERICS_VERSION (src/api/status.c), and then the sums below are replaced. */
static void test_numerics(void)
{
    static const int version = 1;
    static const struct {
        const char *cpu, *sum;
    } levels[] = {{"scalar", "55646165eda465553e4ba4e8eb39dffe75e79823899a7ff33bb4027760f3c284"},
                  {"avx2", "465cda1992cf3f23858454f3b4d83ef2343877e0e52a0466a8214c1f02e812df"},
                  {"avx512", "f91313b3b26e6ee5ad0f10a7317cd0b040324f278c3384f86cb043c3b1d40dc4"}};
    CHECK(demucs_numerics_version() == version, "the sums below are of version %d", version);
#if defined(__x86_64__) && defined(__GLIBC__)
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        dmx_cpu_level level;
        if (!dmx_cpu_level_parse(levels[i].cpu, &level) || !dmx_cpu_has(level)) continue;
        const sum is = sum_of_results(levels[i].cpu);
        CHECK(strcmp(is.hex, levels[i].sum) == 0, "the results of the level %s sum up to %s now: see above",
              levels[i].cpu, is.hex);
    }
#else
    (void)levels, (void)sum_of_results;
#endif
}

TEST_MAIN(test_same_model, test_formats, test_one_weight, test_arguments, test_bags, test_changed_member, test_misuse,
          test_numerics)
