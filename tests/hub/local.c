/* local.c - what hub/ does without a network: names, folders, checksums, bags, the list. */
#include "hub/local.h"
#include "base/bag.h"
#include "digest/digest.h"
#include "files.h"
#include "hub/cache.h"
#include "hub/resolve.h"
#include "hub/sha256.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------------------------------ sums ----- */

static void test_sha256(void)
{
    /* the examples of FIPS 180-2 */
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    CHECK(strcmp(files_sum("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0, "abc");
    CHECK(strcmp(files_sum("", 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") == 0, "empty");
    CHECK(strcmp(files_sum(two_blocks, 56), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1") == 0,
          "two blocks");
    demucs_error error = {0};
    char digest[65];
    CHECK(!digest_file("/", digest, &error) && strstr(error.message, "not a regular file"), "%s", error.message);
    CHECK(!digest_file("/no/such", digest, &error) && strstr(error.message, "/no/such"), "%s", error.message);
}

static void test_th_names(void)
{
    char signature[HUB_NAME_MAX + 1], sum[65];
    static const struct {
        const char *file, *signature, *sum;
    } cases[] = {
        {"955717e8-8726e21a.th", "955717e8", "8726e21a"},
        {"a-b-12.th", "a-b", "12"},
        {"a.th", "a", ""},
        {"my-model.th", "my-model", ""},
        {"x-1234ABCD.th", "x-1234ABCD", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool taken = hub_split_th_name(cases[i].file, signature, sum);
        CHECK(taken && strcmp(signature, cases[i].signature) == 0 && strcmp(sum, cases[i].sum) == 0, "%s: %s, %s",
              cases[i].file, signature, sum);
    }
    CHECK(!hub_split_th_name(".th", signature, sum), "an empty stem");
    CHECK(!hub_split_th_name("a.th.partial", signature, sum), "another ending");
    CHECK(!hub_split_th_name("-1234.th", signature, sum), "an empty signature");
}

/* -------------------------------------------------------------------------------------------- hostile names ------ */

static void test_hostile_names(void)
{
    static const char *const names[] = {"../../etc/passwd",
                                        "..",
                                        ".",
                                        "",
                                        "/etc/passwd",
                                        "a/b",
                                        "-rf",
                                        ".a",
                                        "a b",
                                        "a\nb",
                                        "a%2fb",
                                        "a\\b",
                                        "hf://",
                                        "hf://a/b/c",
                                        "hf://../b",
                                        "hf://a/..",
                                        "hf:///b",
                                        "hf://a/",
                                        "hf://a/.b",
                                        "hf://-a/b",
                                        "hf://a?b/c"};
    setenv("DEMUCS_CACHE", files_new_folder(), 1);
    const char *repo = files_new_folder();
    files_write_text(files_path("%s/a/b.safetensors", repo), "there, if it were a path");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int in_repo = 0; in_repo < 2; in_repo++) {
            const hub_options options = {.repo = in_repo ? repo : NULL};
            demucs_error error = {0};
            char *path = hub_resolve(names[i], &options, &error);
            CHECK(path == NULL && error.message[0] != '\0', "'%s' gave %s", names[i], files_shown(path));
            CHECK(strpbrk(error.message, "\r\n") == NULL, "'%s': more than a line: %s", names[i], error.message);
            free(path);
        }
    char long_name[4000];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    demucs_error error = {0};
    CHECK(hub_resolve(long_name, NULL, &error) == NULL && strlen(error.message) < 900, "%s", error.message);
    CHECK(files_count(getenv("DEMUCS_CACHE")) == 0, "the cache is touched");
}

/* A member that --repo's own files could satisfy, were it taken as a path. */
static void test_hostile_bags(void)
{
    static const char *const bags[] = {
        "models: ['../good']",
        "models: ['sub/../good']",
        "models: ['/tmp/x']",
        "models: ['']",
        "models: ['-x']",
        "models: [[good]]",
        "models: [{a: b}]",
        "models: []",
        "models: good",
        "[good]",
        "",
        "models: [\"good\\0x\"]",
        "models: ['good\n\nx']",
        "models: ['good'",
        "weights: [[1., 1.]]",
        "models: ['.good']",
    };
    const char *repo = files_new_folder();
    files_write_text(files_path("%s/good.safetensors", repo), "x");
    files_write_text(files_path("%s/sub/x", repo), "x");
    const hub_options options = {.repo = repo};
    for (size_t i = 0; i < sizeof bags / sizeof *bags; i++) {
        demucs_error error = {0};
        files_write_text(files_path("%s/bag.yaml", repo), bags[i]);
        char *path = hub_resolve("bag", &options, &error);
        CHECK(path == NULL && strstr(error.message, "bag") != NULL, "%s: %s", bags[i], error.message);
        free(path);
    }
    files_write_text(files_path("%s/bag.yaml", repo), "models: [good, 'good']\nextra: 1\n");
    char *path = hub_resolve("bag", &options, NULL);
    CHECK(path != NULL, "a good bag is refused");
    free(path);
}

/* ------------------------------------------------------------------------------------------------- --repo -------- */

static char *in_repo(const char *repo, const char *name, demucs_error *error)
{
    const hub_options options = {.repo = repo};
    return hub_resolve(name, &options, error);
}

static void expect_file(char *path, const char *expected, const demucs_error *error)
{
    CHECK(path != NULL && strcmp(path, expected) == 0, "%s instead of %s (%s)", files_shown(path), expected,
          error->message);
    free(path);
}

static void test_repo(void)
{
    demucs_error error = {0};
    const char *repo = files_new_folder();
    char good[64], bad[64];
    const char *sum = files_sum("model", 5);
    strcpy(good, files_path("aa11-%.8s.th", sum));
    strcpy(bad, files_path("bb22-%.8s.th", sum));
    files_write_text(files_path("%s/%s", repo, good), "model");
    files_write_text(files_path("%s/%s", repo, bad), "another");
    files_write_text(files_path("%s/cc33.th", repo), "model");
    files_write_text(files_path("%s/bag.yaml", repo), "models: ['aa11', 'cc33']\n");
    files_write_text(files_path("%s/badbag.yaml", repo), "models: ['aa11', 'bb22']\n");
    files_write_text(files_path("%s/lacks.yaml", repo), "models: ['aa11', 'dd44']\n");
    expect_file(in_repo(repo, "aa11", &error), files_path("%s/%s", repo, good), &error);
    expect_file(in_repo(repo, "cc33", &error), files_path("%s/cc33.th", repo), &error);
    expect_file(in_repo(repo, "bag", &error), files_path("%s/bag.yaml", repo), &error);

    CHECK(in_repo(repo, "bb22", &error) == NULL, "a wrong sum is taken");
    CHECK(strstr(error.message, bad) && strstr(error.message, files_path("%.8s", sum)) &&
              strstr(error.message, files_path("%.16s", files_sum("another", 7))),
          "not file, expected and actual: %s", error.message);
    CHECK(in_repo(repo, "badbag", &error) == NULL && strstr(error.message, bad), "%s", error.message);
    CHECK(in_repo(repo, "lacks", &error) == NULL && strstr(error.message, "dd44"), "%s", error.message);
    CHECK(in_repo(repo, "none", &error) == NULL && strstr(error.message, "badbag, bag, lacks, aa11"), "%s",
          error.message);
    CHECK(in_repo("/no/such/folder", "aa11", &error) == NULL && strstr(error.message, "/no/such/folder"), "%s",
          error.message);

    files_write_text(files_path("%s/aa11-00.th", repo), "model");
    CHECK(in_repo(repo, "aa11", &error) == NULL && strstr(error.message, "two files"), "%s", error.message);
    files_write_text(files_path("%s/aa11.safetensors", repo), "model");
    expect_file(in_repo(repo, "aa11", &error), files_path("%s/aa11.safetensors", repo), &error);
}

static void test_safetensors_sum_beside(void)
{
    demucs_error error = {0};
    const char *repo = files_new_folder();
    const char *path = files_path("%s/aa11.safetensors", repo);
    files_write_text(path, "model");
    CHECK(hub_sum_write(path, files_sum("model", 5), true, NULL), "not written");
    expect_file(in_repo(repo, "aa11", &error), path, &error);
    files_write_text(path, "modem");
    CHECK(in_repo(repo, "aa11", &error) == NULL && strstr(error.message, "aa11.safetensors"), "%s", error.message);
    char *direct = hub_resolve(path, NULL, &error);
    CHECK(direct == NULL, "taken by its path");
    free(direct);
}

/* ------------------------------------------------------------------------------------------ paths and cache ------ */

static void test_paths(void)
{
    demucs_error error = {0};
    const char *folder = files_new_folder();
    const char *right = files_path("%s/my-model-%.8s.th", folder, files_sum("model", 5));
    const char *wrong = files_path("%s/my-model-%.8s.th", folder, files_sum("other", 5));
    const char *short_sum = files_path("%s/x-beef.th", folder); /* four digits: a word */
    files_write_text(right, "model");
    files_write_text(wrong, "model");
    files_write_text(short_sum, "model");
    expect_file(hub_resolve(right, NULL, &error), right, &error);
    expect_file(hub_resolve(short_sum, NULL, &error), short_sum, &error);
    CHECK(hub_resolve(wrong, NULL, &error) == NULL && strstr(error.message, wrong), "%s", error.message);
    CHECK(hub_resolve("./no-such.onnx", NULL, &error) == NULL && strstr(error.message, "./no-such.onnx"), "%s",
          error.message);

    const char *bag = files_path("%s/bag.yaml", folder);
    files_write_text(bag, "models: ['m']\n");
    CHECK(hub_resolve(bag, NULL, &error) == NULL && strstr(error.message, "needs the model m"), "%s", error.message);
    files_write_text(files_path("%s/m.safetensors", folder), "model");
    expect_file(hub_resolve(bag, NULL, &error), bag, &error);
    if (chdir(folder) != 0) return;
    expect_file(hub_resolve("bag.yaml", NULL, &error), "bag.yaml", &error);
    /* a folder or a file called like a model is not in the way of the model */
    files_write_text("htdemucs", "x");
    setenv("DEMUCS_CACHE", files_new_folder(), 1);
    CHECK(hub_find_local("htdemucs", NULL, &error) == NULL, "a file of that name is taken");
}

static void expect_cache(const char *expected)
{
    char *folder = hub_cache_folder();
    bool either_absent = folder == NULL || expected == NULL;
    CHECK(either_absent ? folder == NULL && expected == NULL : strcmp(folder, expected) == 0, "%s",
          files_shown(folder));
    free(folder);
}

static void test_cache_folder(void)
{
    char home[1024];
    strcpy(home, getenv("HOME") != NULL ? getenv("HOME") : "/");
    setenv("HOME", "/h", 1);
    setenv("XDG_CACHE_HOME", "/x", 1);
    setenv("DEMUCS_CACHE", "own", 1);
    expect_cache("own");
    setenv("DEMUCS_CACHE", "", 1);
    expect_cache("/x/demucs");
    setenv("XDG_CACHE_HOME", "relative", 1);
    expect_cache("/h/.cache/demucs");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("DEMUCS_CACHE");
    expect_cache("/h/.cache/demucs");
    unsetenv("HOME");
    expect_cache(NULL);
    setenv("HOME", home, 1);
}

/* What is in the cache: official files under their names, and the user's own. No network is asked. */
static void test_cache_content(void)
{
    demucs_error error = {0};
    const char *cache = files_new_folder();
    setenv("DEMUCS_CACHE", cache, 1);
    files_write_text(files_path("%s/955717e8.safetensors", cache), "weights");
    expect_file(hub_find_local("955717e8", NULL, &error), files_path("%s/955717e8.safetensors", cache), &error);
    /* the bag file is written when it is asked for */
    expect_file(hub_find_local("htdemucs", NULL, &error), files_path("%s/htdemucs.yaml", cache), &error);
    CHECK(files_hold(files_path("%s/htdemucs.yaml", cache), "models: ['955717e8']\n", 21), "the bag file");
    files_write_text(files_path("%s/own.yaml", cache), "models: ['955717e8']\n");
    expect_file(hub_find_local("own", NULL, &error), files_path("%s/own.yaml", cache), &error);
    /* and the folder works as a --repo */
    expect_file(in_repo(cache, "htdemucs", &error), files_path("%s/htdemucs.yaml", cache), &error);
    /* what a bag lacks is named */
    CHECK(hub_find_local("htdemucs_6s", NULL, &error) == NULL && strstr(error.message, "5c90dfd2-34c22ccb.th") &&
              strstr(error.message, "demucs-models fetch htdemucs_6s") && strstr(error.message, cache),
          "%s", error.message);
    setenv("DEMUCS_OFFLINE", "1", 1);
    CHECK(hub_resolve("htdemucs_6s", NULL, &error) == NULL && strstr(error.message, "DEMUCS_OFFLINE"), "%s",
          error.message);
    unsetenv("DEMUCS_OFFLINE");
    /* a damaged file: named, with what was expected */
    files_write_text(files_path("%s/5c90dfd2-34c22ccb.th", cache), "weights");
    CHECK(hub_find_local("htdemucs_6s", NULL, &error) == NULL && strstr(error.message, "34c22ccb"), "%s",
          error.message);
}

/* --------------------------------------------------------------------------------------- registry, list, verify -- */

static void test_registry(void)
{
    const hub_registry *registry = &hub_official_registry;
    char repository[128];
    for (size_t i = 0; i < registry->bag_count; i++) {
        dmx_bag bag;
        const hub_known_bag *known = &registry->bags[i];
        bool parsed = dmx_bag_parse(&bag, known->name, known->yaml, strlen(known->yaml), NULL) == DEMUCS_OK;
        CHECK(parsed && hub_name_is_safe(known->name), "%s", known->name);
        for (size_t m = 0; parsed && m < bag.count; m++)
            CHECK(hub_known_file_find(registry, bag.signatures[m]), "%s: %s", known->name, bag.signatures[m]);
        dmx_bag_clear(&bag);
    }
    for (size_t i = 0; i < registry->file_count; i++) {
        const hub_known_file *file = &registry->files[i];
        char signature[HUB_NAME_MAX + 1], sum[65];
        CHECK(hub_split_th_name(hub_known_file_name(file), signature, sum) && strlen(sum) == 8, "%s", file->legacy);
        CHECK(file->legacy_sha256 == NULL || strncmp(file->legacy_sha256, sum, 8) == 0, "%s", file->legacy);
        CHECK(hub_known_file_find(registry, signature) == file, "%s comes twice", signature);
    }
    hub_hf_repository("htdemucs", repository);
    CHECK(strcmp(repository, "HTDemucs") == 0, "%s", repository);
    hub_hf_repository("htdemucs_ft", repository);
    CHECK(strcmp(repository, "HTDemucs-ft") == 0, "%s", repository);
    hub_hf_repository("mdx_extra_q", repository);
    CHECK(strcmp(repository, "Demucs-mdx_extra_q") == 0, "%s", repository);
}

static const hub_entry *entry_of(const hub_entry *entries, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(entries[i].name, name) == 0) return &entries[i];
    return NULL;
}

static void test_list(void)
{
    size_t count = 0;
    const char *cache = files_new_folder();
    setenv("DEMUCS_CACHE", cache, 1);
    files_write_text(files_path("%s/f7e0c4bc.safetensors", cache), "x");
    files_write_text(files_path("%s/955717e8-8726e21a.th", cache), "x");
    files_write_text(files_path("%s/d12395a8-e57c48e6.th.partial", cache), "x");
    files_write_text(files_path("%s/own.yaml", cache), "models: ['f7e0c4bc']\n");
    files_write_text(files_path("%s/hf/someone/theirs.yaml", cache), "models: ['zz']\n");
    hub_entry *entries = hub_list(NULL, &count, NULL);
    REQUIRE(entries != NULL && count > 0, "no list");
    const hub_entry *plain = entry_of(entries, count, "htdemucs"), *tuned = entry_of(entries, count, "htdemucs_ft");
    CHECK(entries == plain, "the first is %s", entries[0].name);
    CHECK(plain != NULL && plain->bag && plain->local, "htdemucs is there");
    CHECK(tuned != NULL && tuned->bag && !tuned->local, "htdemucs_ft is not whole");
    const hub_entry *own = entry_of(entries, count, "own"), *theirs = entry_of(entries, count, "hf://someone/theirs");
    CHECK(own != NULL && own->bag && own->local, "the user's own bag");
    CHECK(theirs != NULL && theirs->bag && !theirs->local, "somebody else's, without its member");
    const hub_entry *single = entry_of(entries, count, "f7e0c4bc"), *cut = entry_of(entries, count, "d12395a8");
    CHECK(single != NULL && !single->bag && single->local, "a single model");
    CHECK(cut != NULL && !cut->local, "half a file counts as there");
    free(entries);
    CHECK(hub_list("/no/such", &count, NULL) == NULL, "a folder that is not there");
}

static void count_lines(const char *path, const char *what, void *user)
{
    int *lines = user;
    (void)path;
    lines[strcmp(what, "ok") == 0 ? 0 : strcmp(what, "no known checksum") == 0 ? 1 : 2]++;
}

static void test_verify(void)
{
    int lines[3] = {0};
    demucs_error error = {0};
    const char *repo = files_new_folder();
    const hub_options options = {.repo = repo};
    files_write_text(files_path("%s/aa-%.8s.th", repo, files_sum("model", 5)), "model");
    files_write_text(files_path("%s/bb-%.8s.th", repo, files_sum("model", 5)), "modem");
    files_write_text(files_path("%s/cc.th", repo), "model");
    files_write_text(files_path("%s/all.yaml", repo), "models: [aa, bb, cc]\n");
    CHECK(!hub_verify("all", &options, count_lines, lines, &error) && error.message[0] != '\0', "a wrong sum holds");
    CHECK(lines[0] == 1 && lines[1] == 1 && lines[2] == 1, "%d ok, %d without, %d wrong", lines[0], lines[1], lines[2]);
    CHECK(hub_verify("aa", &options, count_lines, lines, &error) && lines[0] == 2, "%s", error.message);
    /* a sum that says only what arrived, and one of the original */
    files_write_text(files_path("%s/ee.safetensors", repo), "model");
    for (int known = 0; known < 2; known++) {
        CHECK(hub_sum_write(files_path("%s/ee.safetensors", repo), files_sum("model", 5), known, NULL), "not written");
        CHECK(hub_verify("ee", &options, count_lines, lines, &error), "%s", error.message);
        CHECK(lines[0] == 2 + known && lines[1] == 1 && lines[2] == 2, "%d ok, %d other", lines[0], lines[2]);
    }
    CHECK(!hub_verify("dd", &options, count_lines, lines, &error), "a model that is not there");
}

TEST_MAIN(test_sha256, test_th_names, test_hostile_names, test_hostile_bags, test_repo, test_safetensors_sum_beside,
          test_paths, test_cache_folder, test_cache_content, test_registry, test_list, test_verify)
