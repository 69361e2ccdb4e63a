/* test_edit.c - changing a file of settings: one line, and nothing else. */
#include "demucs_settings.h"

#include "../audio/audio_test.h"
#include "tracks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_text(const char *text) { save_bytes("demucs.conf", text, strlen(text)); }

static bool holds(const char *text)
{
    bytes got = load_bytes("demucs.conf");
    const bool same = got.data != NULL && got.size == strlen(text) && memcmp(got.data, text, got.size) == 0;
    if (!same) printf("the file holds: %.*s\n", (int)got.size, got.data != NULL ? (const char *)got.data : "");
    free(got.data);
    return same;
}

static bool set(const char *key, const char *value)
{
    demucs_error error;
    const bool done = demucs_settings_file_set("demucs.conf", key, value, &error) == DEMUCS_OK;
    if (!done) printf("%s\n", error.message);
    return done;
}

static void test_set(void)
{
    tracks_begin();
    CHECK(set("shifts", "2") && holds("shifts = 2\n"), "a new file");
    write_text("# of the band\n\n  shifts=1   # one\r\noutput_dir = \"a # b\"\n# end");
    CHECK(set("shifts", "3") && set("output_dir", "stems") && set("seed", "7"), "set");
    CHECK(holds("# of the band\n\n  shifts=3   # one\r\noutput_dir = stems\n# end\nseed = 7\n"), "the rest stays");
    CHECK(set("output_dir", "a # b") && set("filename", " {stem}.{ext}") && set("two_stems", ""), "quotes");
    CHECK(holds("# of the band\n\n  shifts=3   # one\r\noutput_dir = \"a # b\"\n# end\nseed = 7\n"
                "filename = \" {stem}.{ext}\"\ntwo_stems = \n"),
          "quotes where they are needed");
    demucs_settings *s = NULL;
    demucs_error error;
    REQUIRE(demucs_settings_create(&s, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_settings_load_project(s, ".", &error) == DEMUCS_OK &&
              strcmp(demucs_settings_get(s, "filename"), " {stem}.{ext}") == 0,
          "%s", error.message);
    demucs_settings_free(s);
    CHECK(tracks_count("demucs.conf") == 0, "something else lies about");
}

static void test_unset(void)
{
    tracks_begin();
    demucs_error error;
    bool was = true;
    CHECK(demucs_settings_file_unset("demucs.conf", "seed", &was, &error) == DEMUCS_OK && !was, "%s", error.message);
    CHECK(tracks_count(NULL) == 0, "no file is made");
    write_text("# a\nseed = 1 # x\nshfts = 2\nsplit = off");
    CHECK(demucs_settings_file_unset("demucs.conf", "seed", &was, &error) == DEMUCS_OK && was, "%s", error.message);
    CHECK(demucs_settings_file_unset("demucs.conf", "shfts", &was, &error) == DEMUCS_OK && was, "a typo goes too");
    CHECK(holds("# a\nsplit = off"), "unset");
    CHECK(demucs_settings_file_unset("demucs.conf", "split", NULL, &error) == DEMUCS_OK && holds("# a\n"), "the last");
    CHECK(demucs_settings_file_unset("demucs.conf", "split", &was, &error) == DEMUCS_OK && !was, "twice");
    CHECK(demucs_settings_file_unset(NULL, "split", &was, NULL) == DEMUCS_ERROR_ARGUMENT &&
              demucs_settings_file_unset("demucs.conf", NULL, &was, NULL) == DEMUCS_ERROR_ARGUMENT,
          "NULL");
}

/* Nothing that is wrong gets in, and what is wrong already can be put right. */
static void test_wrong(void)
{
    tracks_begin();
    demucs_error error;
    write_text("seed = 1\n");
    static const char *const wrong[][3] = {{"shfts", "1", "there is no setting 'shfts'"},
                                           {"shifts", "x", "a whole number"},
                                           {"output_dir", "a\nseed = 2", "cannot hold this value of output_dir"},
                                           {"output_dir", "\"a", "cannot hold this value of output_dir"},
                                           {"output_dir", NULL, "output_dir has no value"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const demucs_status status = demucs_settings_file_set("demucs.conf", wrong[i][0], wrong[i][1], &error);
        CHECK(tracks_failed(status, &error, DEMUCS_ERROR_ARGUMENT, wrong[i][2]), "%s: %s", wrong[i][0], error.message);
    }
    CHECK(demucs_settings_file_set("", "seed", "1", NULL) == DEMUCS_ERROR_ARGUMENT &&
              demucs_settings_file_set(NULL, "seed", "1", NULL) == DEMUCS_ERROR_ARGUMENT &&
              demucs_settings_file_set("demucs.conf", NULL, "1", NULL) == DEMUCS_ERROR_ARGUMENT,
          "NULL");
    CHECK(holds("seed = 1\n"), "nothing changed");
    write_text("nonsense\nshifts = x\nshfts = 4\n");
    CHECK(set("shifts", "4") && holds("nonsense\nshifts = 4\nshfts = 4\n"), "a wrong value");
    write_text("seed = 1\nseed = 2\n");
    CHECK(tracks_failed(demucs_settings_file_set("demucs.conf", "seed", "3", &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "seed is set in line 1 and in line 2") &&
              holds("seed = 1\nseed = 2\n"),
          "%s", error.message);
    save_bytes("demucs.conf", "\0\0", 2);
    CHECK(demucs_settings_file_set("demucs.conf", "seed", "3", &error) == DEMUCS_ERROR_FORMAT, "no text: %s",
          error.message);
}

/* A link stays one, a mode stays, folders are made. */
static void test_places(void)
{
    tracks_begin();
    demucs_error error;
    struct stat info;
    CHECK(demucs_settings_file_set("a/b/demucs.conf", "seed", "1", &error) == DEMUCS_OK, "%s", error.message);
    if (chmod("a/b/demucs.conf", 0600) != 0 || symlink("a/b/demucs.conf", "demucs.conf") != 0) abort();
    CHECK(set("seed", "2") && holds("seed = 2\n"), "through a link");
    CHECK(lstat("demucs.conf", &info) == 0 && S_ISLNK(info.st_mode), "the link stays");
    if (geteuid() == 0 && lchown("demucs.conf", 12345, 12345) == 0)
        CHECK(tracks_failed(demucs_settings_file_set("demucs.conf", "seed", "3", &error), &error, DEMUCS_ERROR_IO,
                            "belongs to another user") &&
                  holds("seed = 2\n"),
              "another's link: %s", error.message);
    CHECK(stat("demucs.conf", &info) == 0 && (info.st_mode & 0777) == 0600, "mode %o", (unsigned)info.st_mode & 0777);
}

/* Eight processes set a key each, many times: none of them undoes what another did. */
static void test_at_once(void)
{
    static const char *const keys[] = {"seed",   "shifts",   "threads",     "jobs",
                                       "stream", "asr_rate", "mp3_bitrate", "segment"};
    tracks_begin();
    for (int i = 0; i < 8; i++) {
        const pid_t child = fork();
        if (child < 0) abort();
        if (child > 0) continue;
        bool done = true;
        for (int round = 10; round < 30; round++) {
            char value[8];
            snprintf(value, sizeof value, "%d", round);
            done = done && demucs_settings_file_set("demucs.conf", keys[i], value, NULL) == DEMUCS_OK;
        }
        _exit(!done);
    }
    for (int i = 0, status; i < 8; i++) CHECK(wait(&status) > 0 && status == 0, "a child failed: %d", status);
    bytes got = load_bytes("demucs.conf");
    size_t lines = 0;
    for (size_t i = 0; got.data != NULL && i < got.size; i++) lines += got.data[i] == '\n';
    CHECK(lines == 8, "%zu lines", lines);
    free(got.data);
    demucs_settings *s = NULL;
    demucs_error error;
    REQUIRE(demucs_settings_create(&s, &error) == DEMUCS_OK &&
                demucs_settings_load_project(s, ".", &error) == DEMUCS_OK,
            "%s", error.message);
    for (int i = 0; i < 8; i++) CHECK(strcmp(demucs_settings_get(s, keys[i]), "29") == 0, "%s", keys[i]);
    demucs_settings_free(s);
}

TRACKS_MAIN(test_set, test_unset, test_wrong, test_places, test_at_once)
