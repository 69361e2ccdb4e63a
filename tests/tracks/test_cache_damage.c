/* test_cache_damage.c - a cache that was damaged, has no room, or lies in a folder that is not private. */
#include "kept.h"

#include "../audio/audio_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static demucs_error error;

/* ---- damage ---- */

/* What somebody may do to the file of a stem. */
static void change_bytes(const char *path)
{
    const int file = open(path, O_WRONLY);
    CHECK(pwrite(file, "x", 1, 1000) == 1, "%s", path);
    close(file);
}
static void cut(const char *path) { CHECK(truncate(path, 500) == 0, "%s", path); }
static void lengthen(const char *path) { CHECK(truncate(path, 500000) == 0, "%s", path); }
static void take_away(const char *path) { CHECK(unlink(path) == 0, "%s", path); }
static void link_elsewhere(const char *path)
{
    CHECK(unlink(path) == 0 && symlink("/etc/passwd", path) == 0, "%s", path);
}
static void make_folder(const char *path) { CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0, "%s", path); }

static void test_damage(void)
{
    static const struct {
        void (*damage)(const char *path);
        const char *what;
    } kinds[] = {{change_bytes, "other bytes"},   {cut, "other bytes"},
                 {lengthen, "other bytes"},       {take_away, "is missing"},
                 {link_elsewhere, "other bytes"}, {make_folder, "other bytes"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const tracks_setup *setup = tracks_begin();
        tracks_record record;
        tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
        demucs_cache *cache = kept_open(0, false);
        kept_separate(setup, cache, "song.wav", "first", NULL);
        const double expected = kept_figures();
        kinds[i].damage(kept_file(2));
        CHECK(kept_separate(setup, cache, "song.wav", "second", &record) == DEMUCS_TRACKS_COMPUTED, "kind %zu", i);
        CHECK(record.cache_warnings == 1 && strstr(record.text, kinds[i].what) != NULL &&
                  strstr(record.text, "song.wav is damaged (other.wav") != NULL && !record.disorder,
              "kind %zu: %s", i, record.text);
        CHECK(kept_same_stems("first/song", "second/song") && kept_figures() == expected, "kind %zu: the same result",
              i);
        CHECK(kept_separate(setup, cache, "song.wav", "third", &record) == DEMUCS_TRACKS_CACHED, "kind %zu", i);
        CHECK(record.cache_warnings == 0 && kept_same_stems("first/song", "third/song"), "kind %zu: mended", i);
        demucs_cache_free(cache);
    }
}

static void test_verify(void)
{
    const tracks_setup *setup = tracks_begin();
    kept_listing all = {0};
    size_t damaged = 7;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    demucs_cache *cache = kept_open(0, false);
    kept_separate(setup, cache, "song.wav", "first", NULL);
    CHECK(demucs_cache_verify(cache, NULL, kept_note, &all, &damaged, &error) == DEMUCS_OK && damaged == 0 &&
              all.entries == 1 && all.damaged == 0,
          "%s", error.message);
    cut(kept_file(1));
    all = (kept_listing){0};
    CHECK(demucs_cache_verify(cache, "", kept_note, &all, &damaged, &error) == DEMUCS_OK && damaged == 1 &&
              all.damaged == 1 && strstr(all.damage, "bass.wav") != NULL,
          "%s", all.damage);
    CHECK(kept_list(cache).entries == 0 && system("test $(ls cache/entries | wc -l) = 0") == 0, "it is removed");
    demucs_cache_free(cache);
}

/* An index that is no database, or damaged in its middle. */
static void test_damaged_index(void)
{
    for (int kind = 0; kind < 2; kind++) {
        const tracks_setup *setup = tracks_begin();
        demucs_cache *cache = kept_open(0, false), *again = NULL;
        demucs_cache_report report = {.struct_size = sizeof report};
        tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
        kept_separate(setup, cache, "song.wav", "first", NULL);
        demucs_cache_free(cache);
        const int file = open("cache/index.sqlite", O_WRONLY);
        for (int i = 0; i < 8; i++)
            CHECK(pwrite(file, "no database, is it", 18, kind * 24 + i * 512) == 18, "index.sqlite");
        close(file);
        const demucs_status status = demucs_cache_open(&again, "cache", NULL, &error);
        CHECK(again == NULL && tracks_failed(status, &error, DEMUCS_ERROR_FORMAT, "demucs-cache clear"), "kind %d: %s",
              kind, error.message);
        demucs_cache_free(again);
        CHECK(demucs_cache_clear("cache", &report, &error) == DEMUCS_OK && report.entries == 0, "%s", error.message);
        cache = kept_open(0, false);
        CHECK(kept_separate(setup, cache, "song.wav", "second", NULL) == DEMUCS_TRACKS_COMPUTED, "it is empty");
        CHECK(kept_separate(setup, cache, "song.wav", "third", NULL) == DEMUCS_TRACKS_CACHED, "and works");
        CHECK(kept_same_stems("first/song", "third/song"), "the same bytes");
        demucs_cache_free(cache);
    }
}

/* The index of another version: its number is in the header of a SQLite file, at byte 60. */
static void test_other_version(void)
{
    tracks_begin();
    demucs_cache *cache = NULL;
    demucs_cache_free(kept_open(0, false));
    const int file = open("cache/index.sqlite", O_WRONLY);
    CHECK(pwrite(file, "\0\0\0\143", 4, 60) == 4, "version 99");
    close(file);
    const demucs_status status = demucs_cache_open(&cache, "cache", NULL, &error);
    CHECK(cache == NULL && tracks_failed(status, &error, DEMUCS_ERROR_UNSUPPORTED, "another version"), "%s",
          error.message);
}

/* What killed processes leave: folders without an entry and locks that nobody has. What somebody has locked stays, as
 * do the folders of entries. */
static void test_leftovers(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    demucs_cache *cache = kept_open(0, false);
    kept_separate(setup, cache, "song.wav", "first", NULL);
    demucs_cache_free(cache);
    CHECK(mkdir("cache/entries/0123-1-1", 0700) == 0 && save_bytes("cache/entries/0123-1-1/0", "half", 4) &&
              mkdir("cache/entries/4567-1-1", 0700) == 0 && save_bytes("cache/locks/89ab", "", 0) &&
              save_bytes("cache/locks/cdef", "", 0),
          "leftovers");
    const int folder = open("cache/entries/4567-1-1", O_RDONLY), lock = open("cache/locks/cdef", O_RDONLY);
    CHECK(flock(folder, LOCK_EX) == 0 && flock(lock, LOCK_EX) == 0, "locks");
    cache = kept_open(0, false);
    CHECK(access("cache/entries/0123-1-1", F_OK) != 0 && access("cache/locks/89ab", F_OK) != 0, "they are still there");
    CHECK(access("cache/entries/4567-1-1", F_OK) == 0 && access("cache/locks/cdef", F_OK) == 0, "somebody has them");
    CHECK(kept_separate(setup, cache, "song.wav", "second", NULL) == DEMUCS_TRACKS_CACHED, "the entry");
    demucs_cache_free(cache);
    close(folder);
    close(lock);
    demucs_cache_free(kept_open(0, false));
    CHECK(system("test $(ls cache/entries | wc -l) = 1 -a $(ls cache/locks | wc -l) = 0") == 0, "now they are free");
}

/* ---- room ---- */

static void test_limit(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const names[] = {"a.wav", "b.wav", "c.wav"};
    tracks_record record;
    demucs_cache_report report = {.struct_size = sizeof report};
    for (int i = 0; i < 3; i++) tracks_make(names[i], 2, TRACKS_RATE_HZ, 9000, 0.1F * (float)(i + 1));
    demucs_cache *cache = kept_open(0, false);
    kept_separate(setup, cache, "a.wav", "out", NULL);
    const uint64_t one = kept_list(cache).bytes;
    demucs_cache_free(cache);

    cache = kept_open(2 * one + 10, false);
    kept_separate(setup, cache, "b.wav", "out", NULL);
    kept_separate(setup, cache, "a.wav", "again", NULL); /* now b was not used for longest */
    CHECK(kept_separate(setup, cache, "c.wav", "out", NULL) == DEMUCS_TRACKS_COMPUTED, "a third one");
    CHECK(kept_list(cache).entries == 2 && kept_list(cache).bytes <= 2 * one + 10, "%zu entries",
          kept_list(cache).entries);
    CHECK(kept_separate(setup, cache, "a.wav", "more", NULL) == DEMUCS_TRACKS_CACHED, "a was used");
    CHECK(kept_separate(setup, cache, "b.wav", "more", NULL) == DEMUCS_TRACKS_COMPUTED, "b had to leave");
    CHECK(system("test $(ls cache/entries | wc -l) = 2") == 0, "its files too");
    demucs_cache_free(cache);

    cache = kept_open(one - 1, false);
    tracks_make("d.wav", 2, TRACKS_RATE_HZ, 9000, 0.7F);
    CHECK(kept_separate(setup, cache, "d.wav", "out", &record) == DEMUCS_TRACKS_COMPUTED,
          "more than there is room for");
    CHECK(record.cache_warnings == 1 && strstr(record.text, "not kept in the cache") != NULL &&
              strstr(record.text, "more than the limit") != NULL,
          "%s", record.text);
    CHECK(demucs_cache_prune(cache, one, 0, &report, &error) == DEMUCS_OK && report.entries_removed == 1 &&
              report.bytes_removed == one && report.entries == 1 && report.bytes == one,
          "%llu removed", (unsigned long long)report.entries_removed);
    CHECK(demucs_cache_prune(cache, UINT64_MAX, 3600, &report, &error) == DEMUCS_OK && report.entries_removed == 0,
          "they are younger than an hour");
    demucs_cache_free(cache);
    CHECK(demucs_cache_clear("cache", &report, &error) == DEMUCS_OK && report.entries_removed == 1 &&
              report.entries == 0,
          "%s", error.message);
    CHECK(system("test $(ls cache/entries | wc -l) = 0") == 0, "nothing is left");
}

/* Where the cache cannot write, the stems are there all the same. Where a hit finds no room, none of them. */
static void test_full_disk(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_record record;
    struct rlimit before, small;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    demucs_cache *cache = kept_open(0, false);
    CHECK(rename("cache/entries", "cache/away") == 0 && save_bytes("cache/entries", "", 0), "no folder");
    CHECK(kept_separate(setup, cache, "song.wav", "first", &record) == DEMUCS_TRACKS_COMPUTED, "%s", error.message);
    CHECK(record.cache_warnings == 1 && strstr(record.text, "is not kept in the cache") != NULL, "%s", record.text);
    CHECK(kept_list(cache).entries == 0, "an entry without files");
    CHECK(unlink("cache/entries") == 0 && rename("cache/away", "cache/entries") == 0, "the folder again");
    kept_separate(setup, cache, "song.wav", "second", NULL);

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 20000;
    setrlimit(RLIMIT_FSIZE, &small);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.folder = "third";
    request.cache = cache;
    const demucs_status status = demucs_tracks_separate(&request, NULL, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(tracks_failed(status, &error, DEMUCS_ERROR_IO, "cannot write"), "%s", error.message);
    CHECK(access("third", F_OK) != 0, "something is left");
    CHECK(kept_separate(setup, cache, "song.wav", "third", NULL) == DEMUCS_TRACKS_CACHED, "the cache is whole");
    demucs_cache_free(cache);
}

/* ---- folders ---- */

static void test_folders(void)
{
    tracks_begin();
    demucs_cache *cache = NULL;
    struct stat info;
#define REFUSED(folder, status, text)                                                                                  \
    do {                                                                                                               \
        const demucs_status is = demucs_cache_open(&cache, folder, NULL, &error);                                      \
        CHECK(cache == NULL && tracks_failed(is, &error, status, text), "%s: %s", folder, error.message);              \
    } while (0)
    REFUSED("", DEMUCS_ERROR_ARGUMENT, "no name");
    REFUSED("/proc/none", DEMUCS_ERROR_IO, "cannot create");
    CHECK(mkdir("open", 0777) == 0 && chmod("open", 0777) == 0, "mkdir");
    REFUSED("open", DEMUCS_ERROR_UNSUPPORTED, "others can write");
    CHECK(chmod("open", 0770) == 0, "chmod");
    REFUSED("open", DEMUCS_ERROR_UNSUPPORTED, "others can write");
    save_bytes("file", "x", 1);
    REFUSED("file", DEMUCS_ERROR_IO, "not a folder");
    CHECK(mkdir("linked", 0700) == 0 && symlink("/etc/passwd", "linked/index.sqlite") == 0, "mkdir");
    REFUSED("linked", DEMUCS_ERROR_IO, "index");
    CHECK(mkdir("half", 0700) == 0 && mkdir("half/entries", 0777) == 0 && chmod("half/entries", 0777) == 0, "mkdir");
    REFUSED("half", DEMUCS_ERROR_UNSUPPORTED, "others can write");
#undef REFUSED
    CHECK(demucs_cache_open(&cache, "deep/er/cache", NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(stat("deep/er/cache", &info) == 0 && (info.st_mode & 0777) == 0700, "mode %o", info.st_mode);
    demucs_cache_free(cache);
    CHECK(tracks_failed(demucs_cache_clear("open", NULL, &error), &error, DEMUCS_ERROR_ARGUMENT, "no cache here"), "%s",
          error.message);
    CHECK(access("open", F_OK) == 0, "what is no cache is left alone");
    CHECK(demucs_cache_open(NULL, "x", NULL, &error) == DEMUCS_ERROR_ARGUMENT, "no place");
    demucs_cache_options options = {0};
    CHECK(demucs_cache_open(&cache, "x", &options, &error) == DEMUCS_ERROR_ARGUMENT, "options without a size");
    CHECK(demucs_cache_list(NULL, NULL, kept_note, NULL, &error) == DEMUCS_ERROR_ARGUMENT &&
              demucs_cache_verify(NULL, NULL, NULL, NULL, NULL, &error) == DEMUCS_ERROR_ARGUMENT &&
              demucs_cache_prune(NULL, 0, 0, NULL, &error) == DEMUCS_ERROR_ARGUMENT &&
              demucs_cache_clear(NULL, NULL, &error) == DEMUCS_ERROR_ARGUMENT,
          "no cache");
    demucs_cache_free(NULL);
}

TRACKS_MAIN(test_damage, test_verify, test_damaged_index, test_other_version, test_leftovers, test_limit,
            test_full_disk, test_folders)
