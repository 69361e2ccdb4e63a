/* test_files.c - files of settings and variables: where they are found, what they say, and which are refused. */
#include "demucs_settings.h"

#include "../audio/audio_test.h"
#include "tracks.h"

#include "base/folder.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char here[PATH_MAX]; /* the scratch folder */

static void write_text(const char *path, const char *text) { save_bytes(path, text, strlen(text)); }

/* Begin in an empty folder that is nobody's home, with no variables. */
static demucs_settings *begin(void)
{
    demucs_settings *settings = NULL;
    tracks_begin();
    if (getcwd(here, sizeof here) == NULL) abort();
    for (size_t i = 0; i < demucs_settings_keys(); i++) {
        char name[80] = "DEMUCS_";
        strcat(name, demucs_settings_key_at(i)->name);
        for (char *at = name; *at != '\0'; at++)
            if (*at >= 'a' && *at <= 'z') *at = (char)(*at - 32);
        unsetenv(name);
    }
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", here, 1);
    if (mkdir("project", 0777) != 0 || mkdir("project/inside", 0777) != 0 || mkdir(".config", 0777) != 0 ||
        mkdir(".config/demucs", 0777) != 0 || demucs_settings_create(&settings, NULL) != DEMUCS_OK)
        abort();
    return settings;
}

static bool is(const demucs_settings *settings, const char *key, const char *value, const char *origin)
{
    char where[200];
    const char *got = demucs_settings_get(settings, key);
    demucs_settings_origin(settings, key, where, sizeof where);
    if (strcmp(got, value) == 0 && strcmp(where, origin) == 0) return true;
    printf("%s is '%s' by '%s', and not '%s' by '%s'\n", key, got, where, value, origin);
    return false;
}

static void test_user_file(void)
{
    demucs_settings *s = begin();
    demucs_error error;
    CHECK(demucs_settings_load_user(s, &error) == DEMUCS_OK, "none is fine: %s", error.message);
    write_text(".config/demucs/demucs.conf", "\xEF\xBB\xBF# mine\r\n\r\n  shifts=2\r\noverlap = 0.1  # less\r\n"
                                             "output_dir = ~/stems\nfilename = \"a #1 {stem}.{ext}\" # quoted\n"
                                             "two_stems =\nrepo = models#1");
    CHECK(demucs_settings_load_user(s, &error) == DEMUCS_OK, "%s", error.message);
    char stems[PATH_MAX + 10];
    snprintf(stems, sizeof stems, "%s/stems", here);
    CHECK(is(s, "shifts", "2", "user file, line 3") && is(s, "overlap", "0.1", "user file, line 4") &&
              is(s, "output_dir", stems, "user file, line 5") &&
              is(s, "filename", "a #1 {stem}.{ext}", "user file, line 6") &&
              is(s, "two_stems", "", "user file, line 7") && is(s, "repo", "models#1", "user file, line 8"),
          "values");
    write_text(".config/demucs/demucs.conf", "seed = 5\n");
    CHECK(demucs_settings_load_user(s, &error) == DEMUCS_OK && is(s, "shifts", "1", "default") &&
              is(s, "seed", "5", "user file, line 1"),
          "read again");
    dmx_folder_make("xdg/demucs", NULL, NULL);
    char xdg[PATH_MAX + 10];
    snprintf(xdg, sizeof xdg, "%s/xdg", here);
    setenv("XDG_CONFIG_HOME", xdg, 1);
    write_text("xdg/demucs/demucs.conf", "seed = 6\n");
    CHECK(demucs_settings_load_user(s, &error) == DEMUCS_OK && is(s, "seed", "6", "user file, line 1"), "XDG");
    setenv("XDG_CONFIG_HOME", "xdg", 1);
    CHECK(demucs_settings_load_user(s, &error) == DEMUCS_OK && is(s, "seed", "5", "user file, line 1"), "relative");
    CHECK(strstr(demucs_settings_path(s, DEMUCS_SETTINGS_USER), "/.config/demucs/demucs.conf") != NULL, "path");
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("HOME");
    CHECK(demucs_settings_load_user(s, &error) == DEMUCS_OK && is(s, "seed", "0", "default") &&
              demucs_settings_path(s, DEMUCS_SETTINGS_USER) == NULL,
          "no home");
    demucs_settings_free(s);
}

static void test_project_file(void)
{
    demucs_settings *s = begin();
    demucs_error error;
    char path[PATH_MAX + 40];
    write_text("demucs.conf", "seed = 1\nshifts = 1\n");
    write_text("project/demucs.conf", "seed = 2\noutput_dir = stems\nrepo = /models\nmodel = own/m.th\npreset = asr\n");
    CHECK(demucs_settings_load_project(s, "project/inside", &error) == DEMUCS_OK, "%s", error.message);
    snprintf(path, sizeof path, "%s/project/stems", here);
    CHECK(is(s, "seed", "2", "project file, line 1") && is(s, "shifts", "1", "default") &&
              is(s, "output_dir", path, "project file, line 2") && is(s, "repo", "/models", "project file, line 3"),
          "the nearest one counts, and paths begin at its folder");
    snprintf(path, sizeof path, "%s/project/own/m.th", here);
    CHECK(is(s, "model", path, "project file, line 4") && is(s, "stems", "vocals", "preset asr (project file, line 5)"),
          "model and preset");
    snprintf(path, sizeof path, "%s/project/demucs.conf", here);
    CHECK(strcmp(demucs_settings_path(s, DEMUCS_SETTINGS_PROJECT), path) == 0, "path");
    CHECK(demucs_settings_load_project(s, ".", &error) == DEMUCS_OK && is(s, "seed", "1", "project file, line 1"),
          "up");
    if (mkdir("project/inside/demucs.conf", 0777) != 0) abort();
    CHECK(demucs_settings_load_project(s, "project/inside", &error) == DEMUCS_OK &&
              is(s, "seed", "2", "project file, line 1"),
          "a folder of that name is none");
    write_text("project/demucs.conf", "model = hf://a/b\n");
    CHECK(demucs_settings_load_project(s, "project", &error) == DEMUCS_OK &&
              is(s, "model", "hf://a/b", "project file, line 1"),
          "no path");
    CHECK(demucs_settings_load_project(s, NULL, &error) == DEMUCS_OK && is(s, "seed", "0", "default"), "no project");
    CHECK(demucs_settings_load_project(s, "nowhere", &error) == DEMUCS_OK && is(s, "seed", "0", "default"), "nowhere");
    demucs_settings_free(s);
}

/* What others may have put there does not count, and is named. */
static void test_untrusted(void)
{
    demucs_settings *s = begin();
    demucs_error error;
    write_text("demucs.conf", "seed = 1\n");
    write_text("mine.conf", "seed = 3\n");
    write_text("project/demucs.conf", "seed = 2\n");
    if (chmod("project/demucs.conf", 0666) != 0) abort();
    CHECK(demucs_settings_load_project(s, "project", &error) == DEMUCS_OK && is(s, "seed", "0", "default"), "writable");
    CHECK(demucs_settings_warnings(s) == 1 && strstr(demucs_settings_warning(s, 0), "project/demucs.conf'") != NULL &&
              strstr(demucs_settings_warning(s, 0), "everybody may write to it") != NULL,
          "%d warnings", demucs_settings_warnings(s));
    if (unlink("project/demucs.conf") != 0 || symlink("../mine.conf", "project/demucs.conf") != 0) abort();
    CHECK(demucs_settings_load_project(s, "project", &error) == DEMUCS_OK && is(s, "seed", "0", "default"), "a link");
    CHECK(demucs_settings_warnings(s) == 2 && strstr(demucs_settings_warning(s, 1), "it is a link") != NULL, "a link");
    CHECK(demucs_settings_warning(s, 2) == NULL && demucs_settings_warning(s, -1) == NULL, "no such warning");
    dmx_folder_make(".config/demucs", NULL, NULL);
    if (symlink("../../mine.conf", ".config/demucs/demucs.conf") != 0) abort();
    CHECK(demucs_settings_load_user(s, &error) == DEMUCS_OK && is(s, "seed", "3", "user file, line 1"),
          "the user's own may be a link");
    if (unlink("project/demucs.conf") != 0) abort();
    write_text("project/demucs.conf", "seed = 2\n");
    if (geteuid() == 0 && chown("project/demucs.conf", 12345, 12345) == 0) {
        CHECK(demucs_settings_load_project(s, "project", &error) == DEMUCS_OK &&
                  is(s, "seed", "3", "user file, line 1") && demucs_settings_warnings(s) == 3 &&
                  strstr(demucs_settings_warning(s, 2), "belongs to another user") != NULL,
              "another's");
        CHECK(demucs_settings_file_set("project/demucs.conf", "seed", "4", &error) == DEMUCS_ERROR_IO &&
                  strstr(error.message, "belongs to another user") != NULL,
              "%s", error.message);
    }
    demucs_settings_free(s);
}

/* Each is refused as a whole, with its line. */
static void test_wrong_files(void)
{
    static const char *const wrong[][2] = {
        {"shifts = 1\nshfts = 2\n", "line 2: there is no setting 'shfts'; there are model"},
        {"# x\n\nshifts = many", "line 3: shifts is 'many', but should be a whole number"},
        {"shifts = 1 2\n", "line 1: shifts is '1 2'"},
        {"shifts\n", "line 1: neither \"key = value\" nor a comment"},
        {"= 3\n", "line 1: neither"},
        {"[demucs]\n", "line 1: neither"},
        {"seed = 1\nseed = 2\n", "line 2: seed is set here and in line 1"},
        {"output_dir = \"a\n", "line 1: a value that begins with a quotation mark has to end with one"},
        {"output_dir = \"a\" b\n", "line 1: a value that begins with a quotation mark"},
        {"seed = 1\rshifts = 2\n", "line 1: a carriage return"},
        {"two_stems = drums\nstems = bass\n", "line 2: stems and two_stems exclude each other"},
        {"filename = {song}\n", "line 1: unknown variable {song}"},
        {"preset = x\n", "line 1: there is no preset 'x'"},
        {"seed = 1\noutput_dir = a\033[2Jb\n", "line 2 is not plain text in UTF-8"},
        {"output_dir = \xff\xfe\n", "line 1 is not plain text in UTF-8"},
        {"output_dir = \xe2\x80\xae.wav\n", "line 1 is not plain text in UTF-8"}};
    demucs_settings *s = begin();
    const char *path = ".config/demucs/demucs.conf";
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        demucs_error error = {DEMUCS_OK, ""};
        write_text(path, wrong[i][0]);
        const demucs_status status = demucs_settings_load_user(s, &error);
        CHECK(status != DEMUCS_OK && strstr(error.message, wrong[i][1]) != NULL &&
                  strstr(error.message, "demucs.conf': ") != NULL,
              "%s: %s", wrong[i][0], error.message);
        for (size_t key = 0; key < demucs_settings_keys(); key++)
            CHECK(demucs_settings_get_from(s, DEMUCS_SETTINGS_USER, demucs_settings_key_at(key)->name) == NULL,
                  "%s stays of file %zu", demucs_settings_key_at(key)->name, i);
    }
    demucs_error error;
    save_bytes(path, "seed = 1\n\0\n", 11);
    CHECK(demucs_settings_load_user(s, &error) == DEMUCS_ERROR_FORMAT && strstr(error.message, "line 2 is") != NULL,
          "a zero: %s", error.message);
    static char large[70000];
    memset(large, '#', sizeof large);
    save_bytes(path, large, sizeof large);
    CHECK(demucs_settings_load_user(s, &error) == DEMUCS_ERROR_FORMAT && strstr(error.message, "64 KiB") != NULL,
          "large: %s", error.message);
    save_bytes(path, large, 65536);
    CHECK(demucs_settings_load_user(s, &error) == DEMUCS_OK, "as large as can be: %s", error.message);
    if (unlink(path) != 0 || mkfifo(path, 0600) != 0) abort();
    CHECK(demucs_settings_load_user(s, &error) == DEMUCS_ERROR_FORMAT && strstr(error.message, "not a file") != NULL,
          "a pipe: %s", error.message);
    if (unlink(path) != 0 || symlink("demucs.conf", path) != 0) abort();
    CHECK(demucs_settings_load_user(s, &error) == DEMUCS_ERROR_IO, "a link to itself: %s", error.message);
    demucs_settings_free(s);
}

/* Whatever the bytes are, there is an answer, and nothing is half read. */
static void test_any_bytes(void)
{
    static const char pieces[] = "shifts seed = \"\" # \n\r\t\\ 1 9 \xc3\xa9 ~/ , on model two_stems stems";
    demucs_settings *s = begin();
    unsigned dice = 1;
    for (int round = 0; round < 3000; round++) {
        char text[200];
        size_t size = 0;
        while (size < sizeof text - 20 && (dice = dice * 1664525U + 1013904223U) % 40 != 0) {
            const size_t at = (dice >> 8) % (sizeof pieces - 12), length = 1 + (dice >> 20) % 8;
            memcpy(text + size, pieces + at, length);
            size += length;
        }
        save_bytes("demucs.conf", text, size);
        demucs_error error = {DEMUCS_OK, ""};
        const demucs_status status = demucs_settings_load_project(s, ".", &error);
        if ((status == DEMUCS_OK) != (error.message[0] == '\0') || strchr(error.message, '\n') != NULL)
            CHECK(false, "round %d: %d, %s", round, (int)status, error.message);
    }
    demucs_settings_free(s);
}

static void test_variables(void)
{
    demucs_settings *s = begin();
    demucs_error error;
    setenv("DEMUCS_SHIFTS", "4", 1);
    setenv("DEMUCS_OUTPUT_DIR", "~/x", 1);
    setenv("DEMUCS_SEED", "", 1);
    setenv("DEMUCS_OFFLINE", "no", 1); /* the hub takes all but 0 as on, and so it has always been */
    CHECK(demucs_settings_load_environment(s, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(is(s, "shifts", "4", "DEMUCS_SHIFTS") && is(s, "output_dir", "~/x", "DEMUCS_OUTPUT_DIR") &&
              is(s, "seed", "0", "default") && is(s, "offline", "on", "DEMUCS_OFFLINE"),
          "values");
    setenv("DEMUCS_OFFLINE", "0", 1);
    CHECK(demucs_settings_load_environment(s, &error) == DEMUCS_OK && is(s, "offline", "off", "DEMUCS_OFFLINE"), "0");
    setenv("DEMUCS_OVERLAP", "2", 1);
    CHECK(tracks_failed(demucs_settings_load_environment(s, &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "the variable DEMUCS_OVERLAP: overlap is '2', but should be a number from 0 to 0.99"),
          "%s", error.message);
    CHECK(is(s, "shifts", "1", "default"), "nothing is half read");
    CHECK(demucs_settings_load_environment(NULL, NULL) == DEMUCS_ERROR_ARGUMENT &&
              demucs_settings_load_user(NULL, NULL) == DEMUCS_ERROR_ARGUMENT &&
              demucs_settings_load_project(NULL, ".", NULL) == DEMUCS_ERROR_ARGUMENT &&
              demucs_settings_locate(s, DEMUCS_SETTINGS_PROGRAM, ".", NULL) == DEMUCS_ERROR_ARGUMENT,
          "NULL");
    unsetenv("DEMUCS_SHIFTS");
    unsetenv("DEMUCS_OUTPUT_DIR");
    unsetenv("DEMUCS_SEED");
    unsetenv("DEMUCS_OFFLINE");
    unsetenv("DEMUCS_OVERLAP");
    demucs_settings_free(s);
}

TRACKS_MAIN(test_user_file, test_project_file, test_untrusted, test_wrong_files, test_any_bytes, test_variables)
