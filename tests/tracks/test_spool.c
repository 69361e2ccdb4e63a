/* test_spool.c - a temporary file has no name at any time, so that not even a kill leaves one behind. */
#include "support/test.h"
#include "tracks/spool.h"

#include <stdlib.h>
#include <unistd.h>

#ifdef __linux__
#include <fcntl.h>
#include <sys/inotify.h>

/* Did something get a name, or lose it, in the folder that is watched? */
static bool something_happened(int watch)
{
    char events[4096];
    return read(watch, events, sizeof events) > 0;
}

static void test_no_name(void)
{
    char folder[] = "spool_XXXXXX";
    dmx_spool_place place = {.chosen = folder, .folder = folder};
    demucs_error error = {DEMUCS_OK, ""};
    REQUIRE(mkdtemp(folder) != NULL, "no folder");
    const int watch = inotify_init1(IN_NONBLOCK);
    REQUIRE(watch >= 0 && inotify_add_watch(watch, folder, IN_CREATE | IN_DELETE) >= 0, "nobody can watch");
    const int file = dmx_spool_place_open(&place, &error);
    CHECK(file >= 0 && write(file, "spool", 5) == 5, "%s", error.message);
    close(file);
    CHECK(!something_happened(watch), "the file had a name");
    const int named = openat(AT_FDCWD, folder, O_DIRECTORY | O_RDONLY); /* the watch does see what has one */
    close(openat(named, "named", O_CREAT | O_WRONLY, 0600));
    CHECK(unlinkat(named, "named", 0) == 0 && something_happened(watch), "the watch sees nothing");
    close(named);
    close(watch);
    rmdir(folder);
}
#else
static void test_no_name(void) { TEST_SKIP("nobody can watch a folder here"); }
#endif

TEST_MAIN(test_no_name)
