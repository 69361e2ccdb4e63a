/* network.c - fetching, against the misbehaving server of with_server.py and a registry of the test's own.
 *
 * Without the server (no python3) every test is skipped. */
#include "hub/cache.h"
#include "hub/fetch.h"
#include "hub/resolve.h"
#include "stage.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

/* A half file that is another name of a file elsewhere: that one is not written to. */
static void test_no_resume_of_a_hard_link(void)
{
    if (!set_stage("plain", "plain")) return;
    files_write_text(cached("victim"), "dear");
    if (link(cached("victim"), cached("aa.safetensors.partial")) != 0) return test_skip("no hard links here");
    expect("aa", NULL, legacy_file(0));
    CHECK(files_hold(cached("victim"), "dear", 4), "the victim was written to");
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

/* ------------------------------------------------------------------------------------------------ no known sum --- */

static bool is_a_model(const char *path, demucs_error *error, void *user)
{
    (void)user;
    return files_hold(path, model(0), MODEL_BYTES) || files_hold(path, model(1), MODEL_BYTES) ||
           !dmx_fail(error, DEMUCS_ERROR_FORMAT, "this does not load.");
}

/* What is no model gets no name, and the next source is asked. */
static void test_what_is_no_model(void)
{
    const hub_options options = {.accept = is_a_model};
    for (int cut = 0; cut < 2; cut++) {
        if (!set_stage(cut ? "unmeasured" : "page", "plain")) return;
        expect_failure("hf://one", &options, cut ? "may be cut" : "this does not load");
        CHECK(files_count(stage.cache) == 0, "%d files", files_count(stage.cache));
        expect("aa", &options, legacy_file(0));
        files_write_text(server_file("someone/Demucs-one/resolve/main/one.yaml"), "models: ['aa']\nsegment: 7\n");
        expect_failure("hf://someone/one", &options, cut ? "may be cut" : "what arrived is not a model");
        CHECK(!files_exists(cached("hf/someone/one.yaml")), "it has its name");
        CHECK(!files_exists(cached("hf/someone/one.yaml.partial")), "it is left");
    }
    /* a model that loads is taken, but nobody vouches for it */
    if (!set_stage("plain", "plain")) return;
    bool known = true;
    char sum[65];
    expect("aa", &options, "aa.safetensors");
    CHECK(hub_sum_read(cached("aa.safetensors"), sum, &known) && !known, "a sum of itself counts as known");
    if (!set_stage("linked", "plain")) return;
    expect("aa", &options, "aa.safetensors");
    CHECK(hub_sum_read(cached("aa.safetensors"), sum, &known) && known, "the announced sum does not count");
}

/* ------------------------------------------------------------------------------------------ caches of others ------ */

#define REVISION "0123456789abcdef0123456789abcdef01234567"

/* As the Hugging Face client lays it out: a large file is a link to a blob that has its sum as its name. */
static void put_hugging_face(const char *home, const char *repository, const char *file, const char *sum, int number)
{
    char folder[1024], snapshot[2048];
    snprintf(folder, sizeof folder, "%s/hub/models--%s", home, repository);
    snprintf(snapshot, sizeof snapshot, "%s/snapshots/" REVISION "/%s", folder, file);
    files_write_text(files_path("%s/refs/main", folder), REVISION);
    files_write(files_path("%s/blobs/%s", folder, sum), model(number), MODEL_BYTES);
    files_write_text(snapshot, "");
    if (unlink(snapshot) != 0 || symlink(files_path("../../blobs/%s", sum), snapshot) != 0) perror(snapshot);
}

static void test_caches_of_others(void)
{
    char home[512], torch[1024];
    const hub_options offline = {.offline = true}, force = {.force = true};
    if (!set_stage("plain", "plain")) return;
    snprintf(home, sizeof home, "%s", files_new_folder());
    setenv("TORCH_HOME", home, 1);
    setenv("HF_HOME", home, 1);
    snprintf(torch, sizeof torch, "%s/hub/checkpoints/%s", home, legacy_file(1));
    files_write(torch, model(1), MODEL_BYTES);
    put_hugging_face(home, "adefossez--Demucs-two", "aa.safetensors", stage.sums[0], 0);
    expect("two", &offline, "two.yaml");
    expect_model("aa.safetensors", 0);
    expect_model(legacy_file(1), 1);
    CHECK(requests("/") == 0, "%d requests", requests("/"));
    demucs_error error = {0};
    CHECK(hub_verify_in(&stage.registry, "two", NULL, NULL, NULL, &error), "%s", error.message);
    /* damaged there: it is left alone, and fetched */
    files_write(torch, model(0), MODEL_BYTES);
    expect_failure("two", &offline, "is damaged or not the original");
    expect("two", NULL, "two.yaml");
    CHECK(files_hold(torch, model(0), MODEL_BYTES), "the other program's file was changed");
    /* wrong from the start, and --force */
    if (!set_stage("plain", "plain")) return;
    setenv("HF_HOME", home, 1);
    put_hugging_face(home, "adefossez--Demucs-one", "aa.safetensors", stage.sums[0], 1);
    expect("aa", NULL, "aa.safetensors");
    expect_model("aa.safetensors", 0);
    CHECK(requests("/plain/") == 1, "%d requests", requests("/plain/"));
    put_hugging_face(home, "adefossez--Demucs-one", "aa.safetensors", stage.sums[0], 0);
    expect("aa", &force, "aa.safetensors");
    CHECK(requests("/plain/") == 2, "%d requests", requests("/plain/"));
    /* what does not load is not taken from there either, though its sum is what its place says */
    const hub_options accept = {.accept = is_a_model};
    if (!set_stage("plain", "plain")) return;
    snprintf(home, sizeof home, "%s", files_new_folder());
    setenv("HF_HOME", home, 1);
    put_hugging_face(home, "adefossez--Demucs-one", "aa.safetensors", files_sum(model(2), MODEL_BYTES), 2);
    expect("aa", &accept, "aa.safetensors");
    expect_model("aa.safetensors", 0);
}

static void test_hugging_face_is_off(void)
{
    if (!set_stage("plain", "plain")) return;
    setenv("HF_HUB_OFFLINE", "true", 1);
    expect_failure("hf://one", NULL, "HF_HUB_OFFLINE");
    expect("aa", NULL, legacy_file(0));
    CHECK(requests("adefossez") == 0, "it was asked");
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
    /* the name of a file in a folder may have blanks and more; it never becomes part of a URL */
    files_write_text(server_file("evil/Demucs-three/resolve/main/three.yaml"), "models: ['aa?x=/../ b']\n");
    expect_failure("hf://evil/three", NULL, "is not a signature");
    files_write_text(server_file("evil/Demucs-four/resolve/main/four.yaml"), "models: ['aa?x=b c']\n");
    expect_failure("hf://evil/four", NULL, "the model aa?x=b c cannot be fetched");
    CHECK(requests("/") == 3, "%d requests", requests("/"));
    char *large = calloc(1, 70000);
    memset(large, ' ', 70000);
    files_write(server_file("evil/Demucs-two/resolve/main/two.yaml"), large, 70000);
    free(large);
    expect_failure("hf://evil/two", NULL, "longer than 65536 bytes");
}

TEST_MAIN(test_fetch_bag, test_absent_falls_through, test_server_error_falls_through, test_unreachable_is_asked_once,
          test_offline, test_cut_goes_on, test_resume, test_no_resume_without_sum, test_resume_of_other_bytes,
          test_no_resume_of_a_hard_link, test_server_without_ranges, test_server_with_other_ranges,
          test_stop_leaves_partial, test_wrong_sum, test_damaged_cache, test_what_is_no_model, test_caches_of_others,
          test_hugging_face_is_off, test_two_processes, test_namespace, test_hostile_namespace)
