/* file_copy.c - a file that is a copy of another: with its blocks, where the file system can do that, or its bytes; one
 * that is a hard link; and one whose bytes go to the disk while more are written.
 *
 * It runs in the current folder: on Btrfs or XFS it sees blocks that are shared, elsewhere that they are not. */
#include "base/file.h"

#include "support/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LARGE = 300000 }; /* several buffers */

static char name[64], copy[64];

static void save_source(const char *bytes)
{
    snprintf(name, sizeof name, "file-copy-%ld", (long)getpid());
    snprintf(copy, sizeof copy, "file-copy-%ld-too", (long)getpid());
    const int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(write(file, bytes, LARGE) == LARGE, "%s", name);
    close(file);
}

static bool holds(const char *path, const char *bytes, const char *more)
{
    static char is[2 * LARGE];
    const size_t extra = strlen(more);
    const int file = open(path, O_RDONLY);
    const ssize_t got = read(file, is, sizeof is);
    close(file);
    return got == (ssize_t)(LARGE + extra) && memcmp(is, bytes, LARGE) == 0 && memcmp(is + LARGE, more, extra) == 0;
}

static void fill(char *bytes)
{
    for (int i = 0; i < LARGE; i++) bytes[i] = (char)(i * 7 + i / 1000);
}

/* Whether it can or not: the file is the copy or still empty, and more is appended. A change to it is none of the
 * source. */
static void test_clone(void)
{
    static char bytes[LARGE];
    dmx_file *file = NULL;
    demucs_error error;
    fill(bytes);
    save_source(bytes);
    const int from = open(name, O_RDONLY);
    REQUIRE(dmx_file_create(&file, copy, &error) == DEMUCS_OK, "%s", error.message);
    const bool cloned = dmx_file_clone(file, from);
    CHECK(dmx_file_size(file) == (cloned ? LARGE : 0), "%llu bytes", (unsigned long long)dmx_file_size(file));
    printf("    blocks are %s here\n", cloned ? "shared" : "not shared");
    CHECK(cloned || dmx_file_write(file, bytes, LARGE), "write");
    CHECK(dmx_file_write(file, "more", 4) && !dmx_file_clone(file, from), "only a file without bytes becomes a clone");
    CHECK(dmx_file_commit(file, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(holds(copy, bytes, "more"), "the copy");
    const int change = open(copy, O_WRONLY);
    CHECK(pwrite(change, "changed", 7, 1000) == 7, "change");
    close(change);
    CHECK(holds(name, bytes, ""), "the source is as it was");
    close(from);
    unlink(name);
    unlink(copy);
}

static ino_t inode(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_ino : 0;
}

/* Begin the copy, as a link to the file that lies under `path`; whether that goes is returned. */
static bool begin_link(dmx_file **file, const char *path)
{
    demucs_error error;
    const int from = open(name, O_RDONLY);
    CHECK(dmx_file_create(file, copy, &error) == DEMUCS_OK, "%s", error.message);
    const bool linked = dmx_file_link(*file, from, path);
    close(from);
    return linked;
}

/* The names of temporary files of the copy in the folder. */
static int count_temporary(void)
{
    int count = 0;
    char start[80];
    snprintf(start, sizeof start, ".%s.partial-", copy);
    DIR *all = opendir(".");
    for (const struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;)
        count += strncmp(entry->d_name, start, strlen(start)) == 0;
    if (all != NULL) closedir(all);
    return count;
}

/* Write in another folder, so that the next file here sweeps this one again. */
static void look_elsewhere(void)
{
    dmx_file *file = NULL;
    char folder[96], inside[96];
    snprintf(folder, sizeof folder, "%s-folder", copy);
    snprintf(inside, sizeof inside, "%s-folder/x", copy);
    CHECK(mkdir(folder, 0700) == 0 && dmx_file_create(&file, inside, NULL) == DEMUCS_OK, "%s", folder);
    dmx_file_discard(file);
    rmdir(folder);
}

/* A link, and the same once more over the first; one that is given up; one of a process that is killed; two at the
 * same time; and what is no name of the file, or has another mode. */
static void test_link(void)
{
    static char bytes[LARGE];
    dmx_file *file = NULL, *other = NULL;
    demucs_error error;
    int status = 0;
    char elsewhere[80];
    fill(bytes);
    const mode_t before = umask(077);
    save_source(bytes);
    snprintf(elsewhere, sizeof elsewhere, "%s-link", copy);
    for (int i = 0; i < 2; i++) {
        CHECK(begin_link(&file, name) && dmx_file_size(file) == LARGE && count_temporary() == 1, "link %d", i);
        dmx_file_begin_sync(file);
        CHECK(dmx_file_commit(file, &error) == DEMUCS_OK && inode(copy) == inode(name), "%s", error.message);
        CHECK(count_temporary() == 0 && holds(name, bytes, ""), "commit %d", i);
    }
    CHECK(begin_link(&file, name), "a third one");
    dmx_file_discard(file);
    CHECK(count_temporary() == 0 && inode(copy) == inode(name), "it was given up");

    const pid_t child = fork();
    if (child == 0) {
        begin_link(&file, name);
        raise(SIGKILL);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && count_temporary() == 1, "status %x", status);
    look_elsewhere();
    CHECK(begin_link(&file, name) && count_temporary() == 1, "what the killed one left is gone, and the link is there");
    look_elsewhere();
    CHECK(begin_link(&other, name) && count_temporary() == 2, "both are there: the first is of a living process");
    dmx_file_discard(file);
    dmx_file_discard(other);

    CHECK(symlink(name, elsewhere) == 0, "a symbolic link");
    CHECK(!begin_link(&file, elsewhere) && count_temporary() == 1, "it is not the file");
    CHECK(dmx_file_write(file, "new", 3) && dmx_file_commit(file, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(inode(copy) != inode(name) && count_temporary() == 0 && holds(name, bytes, ""), "a file of its own");
    CHECK(!begin_link(&file, "none") && count_temporary() == 1, "it is gone");
    dmx_file_discard(file);
    umask(022);
    CHECK(!begin_link(&file, name), "a new file has another mode");
    dmx_file_discard(file);
    umask(before);
    unlink(elsewhere);
    unlink(name);
    unlink(copy);
}

static void test_begin_sync(void)
{
    static char bytes[LARGE];
    dmx_file *file = NULL;
    demucs_error error;
    fill(bytes);
    save_source(bytes);
    REQUIRE(dmx_file_create(&file, copy, &error) == DEMUCS_OK, "%s", error.message);
    dmx_file_begin_sync(file);                        /* of nothing */
    CHECK(dmx_file_write(file, bytes, 100), "write"); /* still in its buffer */
    dmx_file_begin_sync(file);
    CHECK(dmx_file_write(file, bytes + 100, LARGE - 100), "write");
    dmx_file_begin_sync(file);
    CHECK(dmx_file_write(file, "more", 4) && access(copy, F_OK) != 0, "it has not appeared");
    CHECK(dmx_file_commit(file, &error) == DEMUCS_OK && holds(copy, bytes, "more"), "%s", error.message);
    unlink(name);
    unlink(copy);
}

TEST_MAIN(test_clone, test_link, test_begin_sync)
