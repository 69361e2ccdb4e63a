/* test_refusals.c - files that demucs_model_load must refuse, with one sentence that names the file and the reason.
 *
 * The hostile files of tests/data/checkpoint go through the whole loader here, but those that are damaged in what the
 * model needs are of a class that may not be supported, and would be refused for that alone. So a good HTDemucs file is
 * damaged in the same ways as well. */
#include "api.h"

#include "support/test.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `file` must be refused with a sentence that has the two texts in it. */
static void check_refused(const char *path, const char *file, const char *reason)
{
    demucs_model *model = (demucs_model *)1;
    demucs_error error = {DEMUCS_OK, ""};
    const demucs_status status = demucs_model_load(&model, path, &error);
    const size_t length = strlen(error.message);
    CHECK(status != DEMUCS_OK && error.status == status, "%s (%s) was loaded", file, reason);
    CHECK(model == NULL, "%s left a model", file);
    CHECK(strstr(error.message, file) != NULL && strstr(error.message, reason) != NULL, "%s: expected \"%s\" in \"%s\"",
          file, reason, error.message);
    CHECK(length > 20 && error.message[length - 1] == '.' && strchr(error.message, '\n') == NULL, "%s: \"%s\"", file,
          error.message);
    if (status == DEMUCS_OK) demucs_model_free(model);
}

/* ---- the hostile files ---- */

static void link_into(const char *folder, const char *target, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    CHECK(symlink(target, path) == 0, "%s cannot be made", path);
}

/* The members of the hostile bags, which are looked for beside the bag. Leaves the folder's name in `folder`. */
static void make_bag_folder(char *folder, size_t size)
{
    snprintf(folder, size, "api_refusals.%ld", (long)getpid());
    CHECK(mkdir(folder, 0700) == 0, "%s cannot be made", folder);
    link_into(folder, api_path("cli/models/f0cb5d54.safetensors"), "f0cb5d54.safetensors");
    link_into(folder, api_path("generated/ht6.safetensors"), "d0cc6360.safetensors");
}

static void remove_folder(const char *folder, const char *const *names)
{
    char path[256];
    for (; *names != NULL; names++) {
        snprintf(path, sizeof path, "%s/%s", folder, *names);
        unlink(path);
    }
    CHECK(rmdir(folder) == 0, "%s cannot be removed", folder);
}

static void test_hostile_files(void)
{
    char line[512], name[64], what[128], path[128];
    int count = 0;
    FILE *index = fopen(api_path("checkpoint/hostile/index.tsv"), "r");
    REQUIRE(index != NULL, "no index");
    while (fgets(line, sizeof line, index) != NULL) {
        if (sscanf(line, "%63[^\t]\t%127[^\t]", name, what) != 2 || strcmp(name, "file") == 0) continue;
        snprintf(path, sizeof path, "checkpoint/hostile/%s", name);
        if (strstr(name, ".yaml") == NULL) check_refused(api_path(path), name, "");
        count++;
    }
    fclose(index);
    CHECK(count >= 50, "%d files", count);
    CHECK(access("PWNED", F_OK) != 0, "a hostile file was run");
}

static void test_hostile_bags(void)
{
    static const struct {
        const char *name, *reason;
    } bags[] = {{"bag_unknown_sig.yaml", "deadbeef"},
                {"bag_wrong_weights.yaml", "weights"},
                {"bag_mixed_sources.yaml", "same stems"},
                {"bag_python_tag.yaml", "tag"},
                {"bag_empty.yaml", "no models"}};
    const char *names[16] = {"f0cb5d54.safetensors", "d0cc6360.safetensors"};
    char folder[64], path[256];
    make_bag_folder(folder, sizeof folder);
    for (size_t i = 0; i < sizeof bags / sizeof *bags; i++) {
        snprintf(path, sizeof path, "checkpoint/hostile/%s", bags[i].name);
        link_into(folder, api_path(path), bags[i].name);
        snprintf(path, sizeof path, "%s/%s", folder, bags[i].name);
        check_refused(path, bags[i].name, bags[i].reason);
        names[2 + i] = bags[i].name;
    }
    remove_folder(folder, names);
    CHECK(access("PWNED", F_OK) != 0, "a hostile file was run");
}

/* ---- a good file, damaged ---- */

typedef struct damaged {
    char *header; /* the JSON */
    unsigned char *body;
    size_t body_bytes;
} damaged;

static bool read_model(damaged *d, const char *name)
{
    uint64_t header_bytes = 0;
    struct stat info;
    *d = (damaged){.body_bytes = 0};
    FILE *file = fopen(api_path(name), "rb");
    if (file == NULL || fstat(fileno(file), &info) != 0 || fread(&header_bytes, 8, 1, file) != 1) return false;
    d->header = calloc(1, header_bytes + 1);
    d->body_bytes = (size_t)info.st_size - 8 - header_bytes;
    d->body = malloc(d->body_bytes);
    const bool right = fread(d->header, 1, header_bytes, file) == header_bytes &&
                       fread(d->body, 1, d->body_bytes, file) == d->body_bytes;
    fclose(file);
    return right;
}

static void write_model(const damaged *d, const char *path)
{
    const uint64_t header_bytes = strlen(d->header);
    FILE *file = fopen(path, "wb");
    if (file == NULL) return;
    fwrite(&header_bytes, 8, 1, file);
    fwrite(d->header, 1, header_bytes, file);
    fwrite(d->body, 1, d->body_bytes, file);
    fclose(file);
}

static void damaged_free(damaged *d)
{
    free(d->header);
    free(d->body);
}

/* Replace the first `from` of the header. */
static bool replace(damaged *d, const char *from, const char *to)
{
    char *at = strstr(d->header, from);
    if (at == NULL) return false;
    char *changed = malloc(strlen(d->header) + strlen(to) + 1);
    const size_t before = (size_t)(at - d->header);
    memcpy(changed, d->header, before);
    strcpy(changed + before, to);
    strcat(changed, at + strlen(from));
    free(d->header);
    d->header = changed;
    return true;
}

#define KWARG(name, value) "\\\"" name "\\\":" value
#define SEGMENT            "0.40000000000000002"

/* Changes to the header of generated/variant_short.safetensors, or to the keyword arguments in it, and the reason that
 * must be given. */
static const struct {
    const char *from, *to, *reason;
} changes[] = {
    {"demucs.htdemucs.HTDemucs", "os.system", "os.system"},
    {"demucs.htdemucs.HTDemucs", "demucs.htdemucs.Nothing", "Nothing"},
    {"\"encoder.0.conv.weight\":{\"dtype\":\"F16\",\"shape\":[4,4,8,1]",
     "\"encoder.0.conv.weight\":{\"dtype\":\"F16\",\"shape\":[4,4,1,8]", "encoder.0.conv.weight"},
    {"\"encoder.0.conv.weight\":{\"dtype\":\"F16\",\"shape\":[4,4,8,1]",
     "\"encoder.0.conv.weight\":{\"dtype\":\"F16\",\"shape\":[4,32]", "encoder.0.conv.weight"},
    {"\"encoder.0.conv.bias\":{\"dtype\":\"F16\",\"shape\":[4]",
     "\"encoder.0.conv.bias\":{\"dtype\":\"I16\",\"shape\":[4]", ""},
    {"\"decoder.1.conv_tr.bias\"", "\"decoder.1.conv_tr.boss\"", "decoder.1.conv_tr.bias"},
    {KWARG("depth", "2"), KWARG("depth", "2, \\\"freq_emb\\\": 0"), "freq_emb.embedding.weight"},
    {KWARG("channels", "4"), KWARG("channels", "1000000000"), "channels"},
    {KWARG("channels", "4"), KWARG("channels", "\\\"many\\\""), "channels"},
    {KWARG("channels", "4"), KWARG("channels", "4.5"), "channels"},
    {KWARG("channels", "4"), KWARG("channels", "0"), "channels"},
    {KWARG("channels", "4"), KWARG("channels", "8000"), "shape"},
    {KWARG("depth", "2"), KWARG("depth", "1000000"), "depth"},
    {KWARG("depth", "2"), KWARG("depth", "-4"), "depth"},
    {KWARG("depth", "2"), KWARG("depth", "3"), ""},
    {KWARG("depth", "2"), KWARG("depth", "2, \\\"stride\\\": 0"), "stride"},
    {KWARG("depth", "2"), KWARG("depth", "2, \\\"kernel_size\\\": -1"), "kernel_size"},
    {KWARG("depth", "2"), KWARG("depth", "2, \\\"norm_groups\\\": 0"), "norm_groups"},
    {KWARG("norm_starts", "4"), KWARG("norm_starts", "0, \\\"norm_groups\\\": 3"), "norm_groups"},
    {KWARG("depth", "2"), KWARG("depth", "2, \\\"audio_channels\\\": 1000"), "audio_channels"},
    {KWARG("depth", "2"), KWARG("depth", "2, \\\"wiener_iters\\\": 1"), "wiener_iters"},
    {KWARG("depth", "2"), KWARG("depth", "2, \\\"t_sparse_self_attn\\\": true"), "t_sparse_self_attn"},
    {KWARG("depth", "2"), KWARG("depth", "2, \\\"t_sparse_cross_attn\\\": true"), "t_sparse_cross_attn"},
    {KWARG("depth", "2"), KWARG("depth", "2, \\\"t_hidden_scale\\\": 1e9"), "t_hidden_scale"},
    {KWARG("depth", "2"), KWARG("depth", "2, \\\"t_max_positions\\\": 5, \\\"t_emb\\\": \\\"scaled\\\""), ""},
    {KWARG("depth", "2"), KWARG("depth", "2, \\\"multi_freqs\\\": [0.5, 0.2]"), "multi_freqs"},
    {KWARG("depth", "2"), KWARG("depth", "2, \\\"multi_freqs\\\": 3"), "multi_freqs"},
    {KWARG("nfft", "256"), KWARG("nfft", "0"), "nfft"},
    {KWARG("nfft", "256"), KWARG("nfft", "250"), "shape"},
    {KWARG("nfft", "256"), KWARG("nfft", "1073741824"), "nfft"},
    {KWARG("t_heads", "2"), KWARG("t_heads", "3"), "heads"},
    {KWARG("t_heads", "2"), KWARG("t_heads", "0"), "t_heads"},
    {KWARG("t_layers", "2"), KWARG("t_layers", "1000"), "t_layers"},
    {KWARG("t_emb", "\\\"cape\\\""), KWARG("t_emb", "\\\"polar\\\""), "t_emb"},
    {KWARG("growth", "3"), KWARG("growth", "1e30"), "growth"},
    {KWARG("growth", "3"), KWARG("growth", "NaN"), "NaN"},
    {KWARG("growth", "3"), KWARG("growth", "null"), "growth"},
    {KWARG("samplerate", "8000"), KWARG("samplerate", "0"), "samplerate"},
    {KWARG("segment", SEGMENT), KWARG("segment", "0"), "segment"},
    {KWARG("segment", SEGMENT), KWARG("segment", "1e300"), "segment"},
    {KWARG("segment", SEGMENT), KWARG("segment", "NaN"), "NaN"},
    {KWARG("segment", SEGMENT),
     KWARG("segment", "{\\\"_type\\\": \\\"fraction\\\", \\\"numerator\\\": 1, \\\"denominator\\\": 0}"),
     "denominator"},
    {KWARG("segment", SEGMENT),
     KWARG("segment", "{\\\"_type\\\": \\\"fraction\\\", \\\"numerator\\\": -1, \\\"denominator\\\": 3}"), "segment"},
    {KWARG("sources", "[\\\"drums\\\",\\\"rest\\\"]"), KWARG("sources", "[]"), "sources"},
    {KWARG("sources", "[\\\"drums\\\",\\\"rest\\\"]"), KWARG("sources", "[\\\"a\\\", \\\"a\\\"]"), "sources"},
    {KWARG("sources", "[\\\"drums\\\",\\\"rest\\\"]"), KWARG("sources", "[\\\"../../a\\\", \\\"b\\\"]"), "sources"},
    {KWARG("sources", "[\\\"drums\\\",\\\"rest\\\"]"), KWARG("sources", "\\\"drums\\\""), "sources"},
    {KWARG("sources", "[\\\"drums\\\",\\\"rest\\\"]"), KWARG("sources", "[\\\"drums\\\", 3]"), "sources"},
};

static void test_changed_header(void)
{
    const char *file = "api_refusals_header.safetensors";
    demucs_model *good = api_load("generated/variant_short.safetensors");
    demucs_model_free(good);
    for (size_t i = 0; good != NULL && i < sizeof changes / sizeof *changes; i++) {
        damaged d;
        REQUIRE(read_model(&d, "generated/variant_short.safetensors"), "no model");
        CHECK(replace(&d, changes[i].from, changes[i].to), "change %zu: %s is not there", i, changes[i].from);
        write_model(&d, file);
        damaged_free(&d);
        check_refused(file, file, changes[i].reason);
    }
    remove(file);
}

/* One number of the weights, in places all over the file, becomes NaN or infinite: each is found and its tensor named.
 */
static void test_weights_that_are_no_numbers(void)
{
    const char *file = "api_refusals_weights.safetensors";
    const uint16_t bad[] = {0x7e00 /* NaN */, 0x7c00 /* infinity */, 0xfc01 /* signalling NaN */};
    for (size_t k = 0; k < 30; k++) {
        damaged d;
        REQUIRE(read_model(&d, "generated/variant_short.safetensors"), "no model");
        const size_t at = (d.body_bytes / 2 - 1) * k / 29 * 2;
        memcpy(d.body + at, &bad[k % 3], 2);
        write_model(&d, file);
        damaged_free(&d);
        check_refused(file, file, "holds NaN or infinite numbers");
    }
    remove(file);
}

/* An argument that the class does not know is dropped with a warning, as the official loader does. */
static void test_unknown_argument(void)
{
    const char *file = "api_refusals_unknown.safetensors";
    demucs_model *model = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    damaged d;
    REQUIRE(read_model(&d, "generated/variant_short.safetensors"), "no model");
    CHECK(replace(&d, KWARG("depth", "2"), KWARG("depth", "2, \\\"a_dropped_flag\\\": true")), "no depth");
    write_model(&d, file);
    damaged_free(&d);
    CHECK(demucs_model_load(&model, file, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_model_warnings(model) == 1, "%d warnings", demucs_model_warnings(model));
    const char *warning = demucs_model_warning(model, 0);
    CHECK(warning != NULL && strstr(warning, "a_dropped_flag") != NULL && strstr(warning, file) != NULL, "%s", warning);
    demucs_model_free(model);
    remove(file);
}

TEST_MAIN(test_hostile_files, test_hostile_bags, test_changed_header, test_weights_that_are_no_numbers,
          test_unknown_argument)
