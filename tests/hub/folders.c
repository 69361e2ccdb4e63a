/* folders.c - folders that are none, or that cannot be looked into: the sentence says that, and not that a model is
 * missing; and links in the cache. A link that points to itself stands for want of permission, which the superuser
 * never has. */
#include "base/file.h"
#include "files.h"
#include "hub/cache.h"
#include "hub/hub.h"
#include "support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A path that leads nowhere, and the system's words for it. */
static const char *loop(char reason[DMX_REASON])
{
    const char *path = files_path("%s/loop", files_new_folder());
    if (symlink("loop", path) != 0) abort();
    dmx_reason(reason, ELOOP);
    return path;
}

/* `name` cannot be found, and the sentence has both words. */
static void expect_words(const char *name, const hub_options *options, const char *word, const char *other)
{
    demucs_error error = {0};
    char *path = hub_find_local(name, options, &error);
    CHECK(path == NULL && strstr(error.message, word) != NULL && strstr(error.message, other) != NULL, "%s: %s", name,
          error.message);
    free(path);
}

static void expect_no_list(const char *repo, const char *word, const char *other)
{
    demucs_error error = {0};
    size_t count = 0;
    hub_entry *entries = hub_list(repo, &count, &error);
    CHECK(entries == NULL && strstr(error.message, word) != NULL && strstr(error.message, other) != NULL, "%s",
          error.message);
    free(entries);
}

static void test_repo(void)
{
    char reason[DMX_REASON];
    const char *paths[] = {"/no/such", files_path("%s/file", files_new_folder()), loop(reason)};
    const char *words[] = {"does not exist", "is not a folder", reason};
    files_write_text(paths[1], "x");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        expect_words("aa11", &(hub_options){.repo = paths[i]}, words[i], paths[i]);
        expect_no_list(paths[i], words[i], paths[i]);
    }
}

static void test_cache(void)
{
    char reason[DMX_REASON];
    const char *path = loop(reason);
    setenv("DEMUCS_CACHE", path, 1);
    expect_words("htdemucs", NULL, reason, path);
    expect_words("955717e8", NULL, reason, path);
    expect_no_list(NULL, reason, path);
    setenv("DEMUCS_CACHE", "/no/such", 1);
    expect_words("htdemucs", NULL, "is not on this machine", "/no/such");
    size_t count = 0;
    hub_entry *entries = hub_list(NULL, &count, NULL);
    CHECK(entries != NULL, "a cache that is not there yet has no list");
    free(entries);
}

/* Where no work folder can be made, that is said; and one that is left by a killed run is emptied. */
static void test_work_folder(void)
{
    char reason[DMX_REASON], work[HUB_PATH_MAX];
    const char *path = loop(reason), *folder = files_new_folder();
    demucs_error error = {0};
    CHECK(!hub_make_work_folder(work, path, &error) && strstr(error.message, reason) != NULL, "%s", error.message);
    error = (demucs_error){0};
    files_write_text(files_path("%s/.npm/package/left", folder), "x");
    CHECK(hub_make_work_folder(work, folder, &error) && error.status == DEMUCS_OK, "%s", error.message);
    CHECK(strcmp(work, files_path("%s/.npm", folder)) == 0 && files_count(work) == 0, "%s", work);
}

static void take_note(const char *text, void *user)
{
    char *notes = user;
    strncat(notes, text, 500);
}

/* The caches of others are said to be closed, and passed by. */
static void test_caches_of_others(void)
{
    char reason[DMX_REASON], notes[2048] = "";
    const char *path = loop(reason);
    const hub_options options = {.offline = true, .note = take_note, .progress_user = notes};
    setenv("DEMUCS_CACHE", files_new_folder(), 1);
    setenv("TORCH_HOME", path, 1);
    setenv("HF_HOME", path, 1);
    demucs_error error = {0};
    char *found = hub_resolve("htdemucs", &options, &error);
    CHECK(found == NULL && strstr(error.message, "is not on this machine") != NULL, "%s", error.message);
    CHECK(strstr(notes, files_path("%s/hub/checkpoints/", path)) != NULL, "torch: %s", notes);
    CHECK(strstr(notes, files_path("%s/hub/models--", path)) != NULL, "Hugging Face: %s", notes);
    CHECK(strstr(notes, reason) != NULL, "%s", notes);
    free(found);
}

/* A link in the cache is replaced and never followed: what it points to may belong to somebody else. */
static void test_links(void)
{
    char victim[256];
    const char *cache = files_new_folder();
    strcpy(victim, files_path("%s/dear", files_new_folder()));
    const char *links[] = {files_path("%s/a.yaml", cache), files_path("%s/b.safetensors.sha256", cache),
                           files_path("%s/c.safetensors", cache)};
    files_write_text(victim, "dear");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (symlink(victim, links[i]) != 0) abort();
    const char *arrived = files_path("%s/c.partial", cache), *linked = files_path("%s/d.partial", cache);
    files_write_text(arrived, "model");
    demucs_error error = {0};
    CHECK(hub_write_text(links[0], "models: [b]\n", &error), "%s", error.message);
    CHECK(hub_sum_write(files_path("%s/b.safetensors", cache), files_sum("x", 1), true, &error), "%s", error.message);
    CHECK(dmx_file_place(arrived, links[2], &error) == DEMUCS_OK, "%s", error.message);
    struct stat info;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        CHECK(lstat(links[i], &info) == 0 && S_ISREG(info.st_mode), "%s is no file", links[i]);
    if (symlink(victim, linked) != 0) abort();
    CHECK(dmx_file_place(linked, files_path("%s/d.safetensors", cache), NULL) != DEMUCS_OK, "a link is what arrived");
    CHECK(files_hold(victim, "dear", 4), "the links are followed");
}

TEST_MAIN(test_work_folder, test_repo, test_cache, test_caches_of_others, test_links)
