/* test_list.c - which tracks a list has: folders and what they hide, patterns, the lines of a file. */
#include "demucs_runs.h"

#include "tracks.h"

#include "../audio/audio_test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static demucs_runs_search search_of(bool recursive, const char *glob)
{
    demucs_runs_search search;
    demucs_runs_search_init(&search, sizeof search);
    search.recursive = recursive;
    search.glob = glob;
    return search;
}

/* Make an empty file, with the folders that it lies in. */
static void make(const char *path)
{
    char folder[256];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        mkdir(folder, 0777);
    }
    save_bytes(path, "", 0);
}

/* The list in one line: "path(folder) path()". Problems are "!SENTENCE". */
static const char *text_of(const demucs_runs_list *list)
{
    static char text[4000];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < demucs_runs_list_count(list); i++) {
        const demucs_runs_item *item = demucs_runs_list_at(list, i);
        const char *space = i > 0 ? " " : "";
        if (item->problem != NULL)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s!%s", space, item->problem);
        else
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s(%s)", space, item->path, item->folder);
    }
    return text;
}

static demucs_runs_list *fresh(void)
{
    demucs_runs_list *list = NULL;
    if (demucs_runs_list_create(&list, NULL) != DEMUCS_OK) abort();
    return list;
}

static void check_folder(const char *path, const demucs_runs_search *search, const char *expected)
{
    demucs_runs_list *list = fresh();
    demucs_error error;
    CHECK(demucs_runs_list_add(list, path, search, &error) == DEMUCS_OK, "%s: %s", path, error.message);
    CHECK(strcmp(text_of(list), expected) == 0, "%s: '%s' and not '%s'", path, text_of(list), expected);
    demucs_runs_list_free(list);
}

static void check_lines(const char *lines, size_t size, const char *expected)
{
    demucs_runs_list *list = fresh();
    demucs_error error;
    save_bytes("list.txt", lines, size);
    CHECK(demucs_runs_list_read(list, "list.txt", NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(strcmp(text_of(list), expected) == 0, "'%s' and not '%s'", text_of(list), expected);
    demucs_runs_list_free(list);
}

/* Files of a folder before its folders, by their bytes; what is hidden, no audio, or one of the results is left out. */
static void test_folders(void)
{
    tracks_begin();
    demucs_runs_search search = search_of(true, NULL);
    const char *const results[] = {"none", "in/out"};
    make("in/b.WAV");
    make("in/a/z.mp3");
    make("in/a/deep/y.flac");
    make("in/Z.ogg");
    make("in/cover.jpg");
    make("in/.hidden.wav");
    make("in/.git/x.wav");
    make("in/out/drums.wav");
    make("in/name\nof two lines.wav");
    check_folder("in", NULL, "in/Z.ogg() in/b.WAV() in/name\nof two lines.wav()");
    check_folder("in///", NULL, "in/Z.ogg() in/b.WAV() in/name\nof two lines.wav()");
    unlink("in/name\nof two lines.wav");
    check_folder("in", &search, "in/Z.ogg() in/b.WAV() in/a/z.mp3(a) in/a/deep/y.flac(a/deep) in/out/drums.wav(out)");
    search.except = results;
    search.except_count = 2;
    check_folder("in", &search, "in/Z.ogg() in/b.WAV() in/a/z.mp3(a) in/a/deep/y.flac(a/deep)");
    check_folder("in/out", &search, "in/out/drums.wav()"); /* asked for by name */
    check_folder("in/cover.jpg", &search, "in/cover.jpg()");
    check_folder("not there.wav", &search, "not there.wav()");
}

static void test_globs(void)
{
    tracks_begin();
    make("in/a.wav");
    make("in/a.dat");
    make("in/live/b.dat");
    make("in/live/more/c.dat");
    demucs_runs_search search = search_of(true, "*.dat");
    check_folder("in", &search, "in/a.dat() in/live/b.dat(live) in/live/more/c.dat(live/more)");
    search.glob = "live/*.dat";
    check_folder("in", &search, "in/live/b.dat(live)");
    search.glob = "*.aiff";
    check_folder("in", &search, "!'in': no file in this folder matches *.aiff");
    search.recursive = false;
    check_folder("in", &search, "!'in': no file in this folder matches *.aiff; the folders in it were not looked into");
}

/* Loops, links to nowhere, things that are no files, folders that nobody can read. */
static void test_links(void)
{
    tracks_begin();
    demucs_runs_search search = search_of(true, NULL);
    make("in/a.wav");
    make("else/b.wav");
    CHECK(symlink(".", "in/loop") == 0 && symlink("../in", "in/up.wav") == 0 && symlink("gone", "in/gone.wav") == 0 &&
              symlink("../else/b.wav", "in/link.wav") == 0 && symlink("../else", "in/folder") == 0 &&
              symlink("in", "way") == 0 && mkfifo("in/pipe.wav", 0666) == 0,
          "links");
    check_folder("in", &search, "in/a.wav() in/link.wav()");
    check_folder("way", &search, "way/a.wav() way/link.wav()"); /* but the folder itself may be a link */
    mkdir("empty", 0777);
    check_folder("empty", &search, "!'empty': no audio file in this folder");
    if (geteuid() == 0) return; /* who may read everything */
    mkdir("in/locked", 0);
    check_folder("in", &search, "in/a.wav() in/link.wav() !'in/locked': this folder cannot be read: Permission denied");
    rmdir("in/locked");
}

#define LINES(text) text, sizeof(text) - 1

static void test_lines(void)
{
    tracks_begin();
    make("in/a.wav");
    check_lines(LINES("x.wav\n y z.wav\n"), "x.wav()  y z.wav()");
    check_lines(LINES("x.wav\r\n\r\n \t\r\n# y.wav\r\n./# y.wav\r\nz.wav"), "x.wav() ./# y.wav() z.wav()");
    check_lines(LINES("\xEF\xBB\xBFx.wav\nin\n"), "x.wav() in/a.wav()");
    check_lines(LINES(""), "");
    check_lines(LINES("\n"), "");
    check_lines(LINES("a\r\r\nb\r"), "a\r() b()");
}

/* Long lists come in pieces; a name of more than a line's length is none. */
static void test_long_lines(void)
{
    tracks_begin();
    enum { NAMES = 20000 };
    char *text = malloc(NAMES * 16 + 70000);
    demucs_runs_list *list = fresh();
    demucs_error error;
    size_t used = 0;
    for (int i = 0; i < NAMES; i++) used += (size_t)sprintf(text + used, "track %05d.mp3\n", i);
    save_bytes("long.txt", text, used);
    CHECK(demucs_runs_list_read(list, "long.txt", NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_runs_list_count(list) == NAMES, "%zu names", demucs_runs_list_count(list));
    bool same = true;
    for (size_t i = 0; i < demucs_runs_list_count(list); i++) {
        char name[32];
        snprintf(name, sizeof name, "track %05zu.mp3", i);
        same = same && strcmp(demucs_runs_list_at(list, i)->path, name) == 0;
    }
    CHECK(same, "another name");
    memset(text, 'x', 70000);
    memcpy(text, "first.wav\n", 10);
    save_bytes("long.txt", text, 70000);
    CHECK(tracks_failed(demucs_runs_list_read(list, "long.txt", NULL, &error), &error, DEMUCS_ERROR_FORMAT,
                        "'long.txt': line 2 is no name of a file"),
          "%s", error.message);
    save_bytes("long.txt", "a.wav\nRIFF\0\0", 12);
    CHECK(tracks_failed(demucs_runs_list_read(list, "long.txt", NULL, &error), &error, DEMUCS_ERROR_FORMAT,
                        "line 2 is no name"),
          "%s", error.message);
    CHECK(demucs_runs_list_count(list) == NAMES, "the list is as it was: %zu", demucs_runs_list_count(list));
    demucs_runs_list_free(list);
    free(text);
}

static void test_refused(void)
{
    tracks_begin();
    demucs_runs_list *list = fresh();
    demucs_runs_search search = search_of(false, NULL);
    demucs_error error;
    CHECK(tracks_failed(demucs_runs_list_read(list, "none.txt", NULL, &error), &error, DEMUCS_ERROR_IO,
                        "'none.txt': this list cannot be read: No such file"),
          "%s", error.message);
    CHECK(tracks_failed(demucs_runs_list_read(list, ".", NULL, &error), &error, DEMUCS_ERROR_IO, "cannot be read"),
          "%s", error.message);
    CHECK(tracks_failed(demucs_runs_list_add(list, "", NULL, &error), &error, DEMUCS_ERROR_ARGUMENT, "empty"), "%s",
          error.message);
    search.struct_size = sizeof search + 8;
    CHECK(tracks_failed(demucs_runs_list_add(list, "a", &search, &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "demucs_runs_search_init"),
          "%s", error.message);
    CHECK(demucs_runs_list_count(list) == 0 && demucs_runs_list_at(list, 0) == NULL, "nothing");
    demucs_runs_list_free(list);
    demucs_runs_list_free(NULL);
}

/* What is written beside the stems may be anything but a track. */
static void test_targets(void)
{
    tracks_begin();
    demucs_runs_list *list = fresh();
    demucs_error error;
    save_bytes("a.wav", "a", 1);
    CHECK(symlink("a.wav", "link") == 0, "a link");
    CHECK(demucs_runs_list_check_target(NULL, "a.wav", &error) == DEMUCS_OK &&
              demucs_runs_list_check_target(list, "a.wav", &error) == DEMUCS_OK,
          "there is no track");
    REQUIRE(demucs_runs_list_add(list, "b.wav", NULL, &error) == DEMUCS_OK &&
                demucs_runs_list_add(list, "a.wav", NULL, &error) == DEMUCS_OK,
            "%s", error.message);
    static const char *const tracks[] = {"a.wav", "./a.wav", "link"};
    for (size_t i = 0; i < sizeof tracks / sizeof *tracks; i++)
        CHECK(tracks_failed(demucs_runs_list_check_target(list, tracks[i], &error), &error, DEMUCS_ERROR_ARGUMENT,
                            "this is a track to separate"),
              "%s: %s", tracks[i], error.message);
    CHECK(demucs_runs_list_check_target(list, "b.wav", &error) == DEMUCS_OK, "there is nothing to lose");
    CHECK(demucs_runs_list_check_target(list, "log", &error) == DEMUCS_OK, "another file");
    demucs_runs_list_free(list);
}

TRACKS_MAIN(test_folders, test_globs, test_links, test_lines, test_long_lines, test_targets, test_refused)
