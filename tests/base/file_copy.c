/* file_copy.c - a file that is a copy of another: with its blocks, where the file system can do that, or its bytes; and
 * one whose bytes go to the disk while more are written.
 *
 * It runs in the current folder: on Btrfs or XFS it sees blocks that are shared, elsewhere that they are not. */
#include "base/file.h"

#include "support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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

TEST_MAIN(test_clone, test_begin_sync)
