/* file.c - a file appears whole or not at all, also under an interrupt and in a folder that somebody else plays with.
 */
#include "base/file.h"

#include "base/alloc.h"
#include "support/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LARGE = 300000 }; /* several buffers */

static char scratch[64];
static int home = -1;

static void enter(void)
{
    home = open(".", O_RDONLY | O_DIRECTORY);
    strcpy(scratch, "/tmp/test_base_file_XXXXXX");
    if (mkdtemp(scratch) == NULL || chdir(scratch) != 0) abort();
}

/* Files in `folder`, hidden ones too. */
static int count(const char *folder)
{
    int found = 0;
    DIR *entries = opendir(folder);
    for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
        found += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (entries != NULL) closedir(entries);
    return found;
}

static void leave(void)
{
    static const char *const folders[] = {"folder", "moved", "trap", "."};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        DIR *entries = opendir(folders[i]);
        for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
            unlinkat(dirfd(entries), entry->d_name, 0);
        if (entries != NULL) closedir(entries);
        if (i + 1 < sizeof folders / sizeof *folders) rmdir(folders[i]);
    }
    if (fchdir(home) != 0) abort();
    close(home);
    rmdir(scratch);
}

static void save(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text)) abort();
    close(file);
}

static bool holds(const char *path, const char *text)
{
    char got[64] = "";
    int file = open(path, O_RDONLY);
    ssize_t size = file >= 0 ? read(file, got, sizeof got - 1) : -1;
    if (file >= 0) close(file);
    return size == (ssize_t)strlen(text) && memcmp(got, text, strlen(text)) == 0;
}

static void test_appears_at_the_commit(void)
{
    demucs_error error = {0};
    dmx_file *file = NULL;
    enter();
    save("x", "old");
    REQUIRE(dmx_file_create(&file, "x", &error) == DEMUCS_OK, "%s", error.message);
    CHECK(dmx_file_write(file, "ne..", 4) && dmx_file_seek(file, 2) && dmx_file_write(file, "w", 1), "write");
    CHECK(dmx_file_size(file) == 4, "%d bytes", (int)dmx_file_size(file));
    CHECK(holds("x", "old") && count(".") == 2, "the target changed before the commit");
    CHECK(dmx_file_sync(file) && holds("x", "old"), "sync");
    CHECK(dmx_file_commit(file, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(holds("x", "new.") && count(".") == 1, "%d files", count("."));
    leave();
}

static void test_discard_leaves_nothing(void)
{
    dmx_file *file = NULL;
    enter();
    save("x", "old");
    REQUIRE(dmx_file_create(&file, "x", NULL) == DEMUCS_OK, "create");
    CHECK(dmx_file_write(file, "new", 3), "write");
    dmx_file_discard(file);
    CHECK(holds("x", "old") && count(".") == 1, "%d files", count("."));
    dmx_file_discard(NULL);
    leave();
}

/* Bytes come back as they were written, in pieces smaller and larger than the buffer. */
static void test_large_file_reads_back(void)
{
    dmx_file *file = NULL;
    unsigned char *bytes = dmx_alloc(2, LARGE), *back = bytes + LARGE;
    enter();
    for (int i = 0; i < LARGE; i++) bytes[i] = (unsigned char)(i * 7 + i / 256);
    REQUIRE(dmx_file_create(&file, "x", NULL) == DEMUCS_OK, "create");
    CHECK(dmx_file_write(file, bytes, 10) && dmx_file_write(file, bytes + 10, 200000), "write");
    for (int at = 200010; at < LARGE; at += 1000)
        CHECK(dmx_file_write(file, bytes + at, LARGE - at < 1000 ? (size_t)(LARGE - at) : 1000), "write at %d", at);
    CHECK(dmx_file_size(file) == LARGE && dmx_file_read(file, back, LARGE, 0), "read");
    CHECK(memcmp(bytes, back, LARGE) == 0, "the bytes differ");
    CHECK(!dmx_file_read(file, back, 1, LARGE), "a byte behind the end");
    dmx_file_discard(file);
    dmx_free(bytes);
    leave();
}

static void test_full_disk(void)
{
    demucs_error error = {0};
    dmx_file *file = NULL;
    char block[4096] = {0};
    enter();
    save("x", "old");
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = limit.rlim_cur;
    REQUIRE(dmx_file_create(&file, "x", NULL) == DEMUCS_OK, "create");
    CHECK(dmx_file_write(file, block, sizeof block), "into the buffer");
    limit.rlim_cur = 100;
    setrlimit(RLIMIT_FSIZE, &limit);
    CHECK(!dmx_file_sync(file) && !dmx_file_write(file, block, 1), "more than fits");
    CHECK(dmx_file_commit(file, &error) == DEMUCS_ERROR_IO, "commit");
    limit.rlim_cur = before;
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_DFL);
    CHECK(strcmp(error.message, "'x': cannot write: File too large") == 0, "%s", error.message);
    CHECK(holds("x", "old") && count(".") == 1, "%d files", count("."));
    leave();
}

static void check_refused(const char *path, const char *reason)
{
    demucs_error error = {0};
    dmx_file *file = (dmx_file *)&error; /* anything but NULL */
    CHECK(dmx_file_create(&file, path, &error) == DEMUCS_ERROR_IO && file == NULL, "%s was accepted", path);
    CHECK(strstr(error.message, reason) != NULL, "%s: %s", path, error.message);
}

static void test_unusable_places(void)
{
    enter();
    save("file", "old");
    check_refused("missing/x", "No such file");
    check_refused("file/x", "Not a directory");
    check_refused(".", "not a file");
    check_refused("./", "not a file");
    check_refused("/dev/null", "not a file");
    CHECK(count(".") == 1 && holds("file", "old"), "%d files", count("."));
    leave();
}

/* Every allocation may fail, and nothing is left behind or lost. */
static void test_without_memory(void)
{
    demucs_error error;
    dmx_file *file = NULL;
    demucs_status status = DEMUCS_ERROR_MEMORY;
    enter();
    for (int64_t allowed = 0; status != DEMUCS_OK && allowed < 20; allowed++) {
        dmx_error_clear(&error);
        dmx_alloc_fail_after(allowed);
        status = dmx_file_create(&file, "./x", &error);
        dmx_alloc_fail_after(-1);
        CHECK(status == DEMUCS_OK || count(".") == 0, "%d files", count("."));
        CHECK(status == DEMUCS_OK || strstr(error.message, "memory") != NULL, "%s", error.message);
    }
    CHECK(status == DEMUCS_OK, "never enough");
    dmx_file_discard(file);
    leave();
}

static void on_signal(int number)
{
    (void)number;
    dmx_files_unlink_all();
    _exit(3);
}

static void interrupted_child(void)
{
    dmx_file *whole = NULL, *open_one = NULL, *synced = NULL;
    signal(SIGTERM, on_signal);
    if (dmx_file_create(&whole, "whole", NULL) || dmx_file_create(&open_one, "folder/open", NULL) ||
        dmx_file_create(&synced, "synced", NULL) || !dmx_file_sync(synced) || dmx_file_commit(whole, NULL))
        _exit(4);
    if (count(".") != 3 || count("folder") != 1 || chdir("/") != 0) _exit(5);
    raise(SIGTERM);
    _exit(6);
}

/* Also of folders that are no longer the present one. */
static void test_interrupt_removes_temporary_files(void)
{
    enter();
    mkdir("folder", 0777);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) interrupted_child();
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child, "fork");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3, "status %x", (unsigned)status);
    CHECK(count(".") == 2 && count("folder") == 0 && holds("whole", ""), "%d files", count("."));
    leave();
}

/* A process that is killed, or lives on until it is told to end. It has an open file and one that is only synced. */
static pid_t start_writer(bool killed, int until, int ready)
{
    fflush(NULL);
    pid_t child = fork();
    if (child != 0) return child;
    dmx_file *open_one = NULL, *synced = NULL;
    char byte = 0;
    if (dmx_file_create(&open_one, "folder/open", NULL) || dmx_file_create(&synced, "folder/synced", NULL) ||
        !dmx_file_sync(synced))
        _exit(4);
    if (killed) raise(SIGKILL);
    if (write(ready, "", 1) != 1 || read(until, &byte, 1) != 1) _exit(5);
    _exit(dmx_file_commit(open_one, NULL) || dmx_file_commit(synced, NULL) ? 6 : 0);
}

/* What a killed process leaves goes with the next file in that folder; what a living one writes does not. */
static void test_what_a_kill_leaves(void)
{
    int until[2], ready[2], status = 0;
    char byte = 0;
    dmx_file *file = NULL;
    enter();
    mkdir("folder", 0777);
    /* A folder of an earlier test is gone, and this one may have its number: another one was looked through last. */
    mkdir("other", 0777);
    REQUIRE(dmx_file_create(&file, "other/file", NULL) == DEMUCS_OK, "create");
    dmx_file_discard(file);
    if (pipe(until) != 0 || pipe(ready) != 0) abort();
    pid_t killed = start_writer(true, until[0], ready[1]);
    CHECK(waitpid(killed, &status, 0) == killed && WIFSIGNALED(status), "status %x", (unsigned)status);
    CHECK(count("folder") == 2, "%d files are left", count("folder"));
    save("folder/.mine.partial-1-x", "mine");
    save("folder/x.partial-1-2", "mine");
    mkdir("folder/.f.partial-1-3", 0777);
    pid_t living = start_writer(false, until[0], ready[1]); /* the first that writes there: it sweeps */
    CHECK(read(ready[0], &byte, 1) == 1 && count("folder") == 5, "%d files", count("folder"));
    REQUIRE(dmx_file_create(&file, "folder/new", NULL) == DEMUCS_OK, "create");
    CHECK(count("folder") == 6, "%d files: one of the living process is gone", count("folder"));
    CHECK(write(until[1], "", 1) == 1 && waitpid(living, &status, 0) == living, "the living one");
    CHECK(status == 0 && holds("folder/open", "") && holds("folder/synced", ""), "status %x", (unsigned)status);
    dmx_file_discard(file);
    CHECK(holds("folder/.mine.partial-1-x", "mine") && holds("folder/x.partial-1-2", "mine"), "other files");
    CHECK(rmdir("folder/.f.partial-1-3") == 0, "a folder");
    for (int i = 0; i < 2; i++) close(until[i]), close(ready[i]);
    leave();
}

/* Somebody puts links where the next temporary files will be: they are not followed, and not waited for. */
static void test_planted_links(void)
{
    char name[64];
    dmx_file *file = NULL;
    enter();
    save("victim", "mine");
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, ".x.partial-%ld-%d", (long)getpid(), i);
        if (symlink("victim", name) != 0) abort();
    }
    REQUIRE(dmx_file_create(&file, "x", NULL) == DEMUCS_OK, "create");
    CHECK(dmx_file_write(file, "new", 3) && dmx_file_commit(file, NULL) == DEMUCS_OK, "write");
    CHECK(holds("victim", "mine") && holds("x", "new"), "the link was followed");
    leave();
}

/* Somebody moves the folder away and puts a link to another in its place: the file stays in the folder it began in. */
static void test_folder_that_is_swapped(void)
{
    dmx_file *file = NULL;
    enter();
    mkdir("folder", 0777);
    mkdir("trap", 0777);
    save("trap/x", "mine");
    REQUIRE(dmx_file_create(&file, "folder/x", NULL) == DEMUCS_OK, "create");
    CHECK(dmx_file_write(file, "new", 3), "write");
    if (rename("folder", "moved") != 0 || symlink("trap", "folder") != 0) abort();
    CHECK(dmx_file_commit(file, NULL) == DEMUCS_OK, "commit");
    CHECK(holds("trap/x", "mine") && holds("moved/x", "new") && count("moved") == 1, "it went elsewhere");
    leave();
}

/* A download that is complete gets its name; a link in its place does not. */
static void test_place(void)
{
    demucs_error error = {0};
    enter();
    save("x", "old");
    save("x.partial", "new");
    CHECK(dmx_file_place("x.partial", "x", &error) == DEMUCS_OK, "%s", error.message);
    CHECK(holds("x", "new") && count(".") == 1, "%d files", count("."));
    if (symlink("/dev/null", "y.partial") != 0) abort();
    CHECK(dmx_file_place("y.partial", "y", &error) == DEMUCS_ERROR_IO, "a link was placed");
    dmx_error_clear(&error);
    CHECK(dmx_file_place("missing", "y", &error) == DEMUCS_ERROR_IO, "nothing was placed");
    CHECK(strcmp(error.message, "'y': cannot write: No such file or directory") == 0, "%s", error.message);
    leave();
}

static demucs_status write_through(const char *path, const char *text, demucs_error *error)
{
    dmx_file *file = NULL;
    dmx_error_clear(error);
    if (dmx_file_create_through(&file, path, error) != DEMUCS_OK) return error->status;
    dmx_file_write(file, text, strlen(text));
    return dmx_file_commit(file, error);
}

static bool is_link(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

/* A link stays, and the file that it leads to is written; the temporary file lies beside that. */
static void test_through_links(void)
{
    demucs_error error = {DEMUCS_OK, ""};
    dmx_file *file = NULL;
    enter();
    mkdir("folder", 0755);
    save("folder/real", "old");
    REQUIRE(symlink("folder/real", "one") == 0 && symlink("../one", "folder/two") == 0 &&
                symlink("new", "folder/dangling") == 0 && symlink("nowhere/new", "lost") == 0 &&
                symlink("loop", "loop") == 0 && symlink("folder", "tofolder") == 0 &&
                symlink("/dev/null", "todevice") == 0,
            "links");
    CHECK(write_through("one", "first", &error) == DEMUCS_OK && is_link("one") && holds("folder/real", "first"), "%s",
          error.message);
    CHECK(write_through("folder/two", "second", &error) == DEMUCS_OK && is_link("folder/two") && is_link("one") &&
              holds("folder/real", "second"),
          "two links: %s", error.message);
    CHECK(write_through("folder/dangling", "third", &error) == DEMUCS_OK && is_link("folder/dangling") &&
              holds("folder/new", "third"),
          "no file there yet: %s", error.message);
    static const char *const refused[] = {"lost", "loop", "tofolder", "todevice"};
    for (int i = 0; i < 4; i++)
        CHECK(write_through(refused[i], "x", &error) == DEMUCS_ERROR_IO && is_link(refused[i]), "%s: %s", refused[i],
              error.message);
    const int before = count("folder");
    REQUIRE(dmx_file_create_through(&file, "one", &error) == DEMUCS_OK, "%s", error.message);
    CHECK(count("folder") == before + 1, "the temporary file is not beside the real one");
    dmx_file_discard(file);
    CHECK(holds("folder/real", "second"), "given up");
    REQUIRE(dmx_file_create(&file, "one", &error) == DEMUCS_OK && dmx_file_commit(file, &error) == DEMUCS_OK, "%s",
            error.message);
    CHECK(!is_link("one") && holds("folder/real", "second"), "without that, the link is replaced");
    leave();
}

/* In a folder that others can write to, only a link of our own is followed, and none where they may rename it. */
static void test_links_of_others(void)
{
    static const struct {
        mode_t mode;
        bool own, followed;
    } cases[] = {{0755, true, true},  {0755, false, true},   {0775, true, true},  {0775, false, false},
                 {01777, true, true}, {01777, false, false}, {0777, true, false}, {0777, false, false}};
    demucs_error error = {DEMUCS_OK, ""};
    enter();
    mkdir("folder", 0755);
    save("real", "old");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unlink("folder/link");
        REQUIRE(symlink("../real", "folder/link") == 0 && chmod("folder", cases[i].mode) == 0, "a link");
        if (!cases[i].own && lchown("folder/link", 12345, 12345) != 0) continue; /* only root can */
        save("real", "old");
        const bool followed = write_through("folder/link", "new", &error) == DEMUCS_OK;
        CHECK(followed == cases[i].followed && holds("real", followed ? "new" : "old") && is_link("folder/link"),
              "mode %o, link of %s: %s", (unsigned)cases[i].mode, cases[i].own ? "ours" : "somebody", error.message);
        CHECK(followed || strstr(error.message, "a link in a folder that others can write to") != NULL, "%s",
              error.message);
    }
    chmod("folder", 0755);
    leave();
}

TEST_MAIN(test_through_links, test_links_of_others, test_appears_at_the_commit, test_discard_leaves_nothing,
          test_large_file_reads_back, test_full_disk, test_unusable_places, test_without_memory,
          test_interrupt_removes_temporary_files, test_what_a_kill_leaves, test_planted_links,
          test_folder_that_is_swapped, test_place)
