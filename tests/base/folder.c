/* folder.c - folders appear with their parents and go with all they hold, and nothing else goes. */
#include "base/folder.h"

#include "support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[64];

static void enter(void)
{
    strcpy(scratch, "/tmp/test_base_folder_XXXXXX");
    if (mkdtemp(scratch) == NULL || chdir(scratch) != 0) abort();
}

static void leave(void)
{
    if (chdir("/") != 0) abort();
    dmx_folder_remove(scratch);
    CHECK(access(scratch, F_OK) != 0, "%s is still there", scratch);
}

static void save(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT, 0666);
    if (file < 0) abort();
    close(file);
}

static void check_made(const char *path, int expected)
{
    demucs_error error = {0};
    int made = -1;
    struct stat info;
    CHECK(dmx_folder_make(path, &made, &error) == DEMUCS_OK && made == expected, "%s: %d new, %s", path, made,
          error.message);
    CHECK(stat(path, &info) == 0 && S_ISDIR(info.st_mode), "%s is no folder", path);
}

static void test_made_with_parents(void)
{
    enter();
    check_made("a/b/c", 3);
    check_made("a/b/c", 0);
    check_made("a//d//", 1);
    check_made("/", 0);
    check_made(".", 0);
    if (symlink("a", "link") != 0) abort();
    check_made("link/e", 1);
    demucs_error error = {0};
    save("file");
    CHECK(dmx_folder_make("file/x", NULL, &error) == DEMUCS_ERROR_IO, "below a file");
    CHECK(strcmp(error.message, "cannot create the folder file/x: Not a directory") == 0, "%s", error.message);
    dmx_error_clear(&error);
    CHECK(dmx_folder_make("file", NULL, &error) == DEMUCS_ERROR_IO, "%s", error.message);
    CHECK(dmx_folder_make("", NULL, NULL) == DEMUCS_ERROR_IO, "no name");
    leave();
}

static void unmake(const char *path, int made)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", path);
    dmx_folder_unmake(copy, made);
}

/* Only what was made goes, and only what is empty. */
static void test_unmade(void)
{
    enter();
    check_made("old", 1);
    check_made("old//x/y/", 2);
    unmake("old//x/y/", 0);
    CHECK(access("old/x/y", F_OK) == 0, "nothing was to go");
    unmake("old//x/y/", 2);
    CHECK(access("old/x", F_OK) != 0 && access("old", F_OK) == 0, "x and y, but not old");
    check_made("old/x/y", 2);
    save("old/x/file");
    unmake("old/x/y", 3);
    CHECK(access("old/x/y", F_OK) != 0 && access("old/x/file", F_OK) == 0, "y, and x keeps its file");
    leave();
}

/* The reason is that of the folder that could not be made, not that those inside it are missing. */
static void test_reason(void)
{
    demucs_error why;
    if (geteuid() == 0 && seteuid(65534) != 0) abort(); /* root may do anything */
    CHECK(dmx_folder_make("/dmx-not-allowed/a/b", NULL, &why) != DEMUCS_OK, "made in /");
    CHECK(strstr(why.message, "ermission denied") != NULL || strstr(why.message, "ead-only") != NULL, "%s",
          why.message);
    if (getuid() == 0 && seteuid(0) != 0) abort();
}

/* A link inside, and one in the place of the folder, go alone. */
static void test_links_are_not_followed(void)
{
    enter();
    check_made("victim/inner", 2);
    save("victim/file");
    check_made("work/deep/er", 3);
    save("work/deep/file");
    save("work/.hidden");
    if (symlink("../victim", "work/link") != 0 || symlink("victim", "link") != 0) abort();
    dmx_folder_remove("work");
    CHECK(access("work", F_OK) != 0, "work is still there");
    dmx_folder_remove("link");
    CHECK(unlink("link") != 0, "the link is still there");
    dmx_folder_remove("nothing");
    CHECK(access("victim/file", F_OK) == 0 && access("victim/inner", F_OK) == 0, "the victim lost something");
    leave();
}

TEST_MAIN(test_made_with_parents, test_unmade, test_reason, test_links_are_not_followed)
