/* test_cache_links.c - stems that share their bytes with the cache by hard links, when the request asks for them. */
#include "kept.h"

#include "../audio/audio_test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static demucs_error error;

static int separate(const tracks_setup *setup, demucs_cache *cache, const char *input, const char *folder, bool links,
                    tracks_record *record)
{
    demucs_tracks_request request = tracks_request(setup, input);
    demucs_tracks_result *result = NULL;
    request.folder = folder;
    request.cache = cache;
    request.cache_links = links;
    *record = (tracks_record){0};
    request.event = tracks_on_event;
    request.event_user = record;
    CHECK(demucs_tracks_separate(&request, &result, &error) == DEMUCS_OK, "%s: %s", input, error.message);
    const int outcome = result != NULL ? (int)result->outcome : -1;
    demucs_tracks_result_free(result);
    CHECK(record->cache_warnings == 0 || !links || strstr(record->text, "damaged") != NULL, "%s", record->text);
    return outcome;
}

static ino_t inode(const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0) return info.st_ino;
    CHECK(false, "%s is not there", path);
    return 0;
}

static mode_t mode(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_mode & 0777 : 0;
}

static void write_into(const char *path)
{
    const int file = open(path, O_WRONLY);
    CHECK(pwrite(file, "edited", 6, 100) == 6, "%s", path);
    close(file);
}

/* Nothing but the four stems is in a folder: no name of the time before is left. */
static bool is_tidy(const char *folder)
{
    char command[120];
    snprintf(command, sizeof command, "test $(ls -A %s | wc -l) = 4", folder);
    return system(command) == 0;
}

/* What a miss keeps and what a hit gives is one file, also where the hit meets it under its own name. */
static void test_one_file(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_record record;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    CHECK(separate(setup, NULL, "song.wav", "plain", false, &record) == DEMUCS_TRACKS_COMPUTED, "without a cache");
    demucs_cache *cache = kept_open(0, false);
    CHECK(separate(setup, cache, "song.wav", "first", true, &record) == DEMUCS_TRACKS_COMPUTED, "the first");
    CHECK(inode("first/song/drums.wav") == inode(kept_file(0)) && is_tidy("first/song"), "what is kept is no copy");
    CHECK(separate(setup, cache, "song.wav", "second", true, &record) == DEMUCS_TRACKS_CACHED, "found");
    CHECK(inode("second/song/vocals.wav") == inode(kept_file(3)) && is_tidy("second/song"), "what is found is no copy");
    for (int again = 0; again < 2; again++) {
        CHECK(separate(setup, cache, "song.wav", "second", true, &record) == DEMUCS_TRACKS_CACHED, "found again");
        CHECK(inode("second/song/vocals.wav") == inode(kept_file(3)) && is_tidy("second/song"),
              "two names of one file: run %d", again);
    }
    CHECK(kept_same_stems("plain/song", "first/song") && kept_same_stems("plain/song", "second/song"), "their bytes");
    CHECK(mode("plain/song/bass.wav") != 0 && mode("second/song/bass.wav") == mode("plain/song/bass.wav"), "mode %o",
          mode("second/song/bass.wav"));
    CHECK(separate(setup, cache, "song.wav", "second", false, &record) == DEMUCS_TRACKS_CACHED, "not asked for");
    CHECK(inode("second/song/vocals.wav") != inode(kept_file(3)) && is_tidy("second/song"), "a copy takes its place");
    CHECK(kept_same_stems("plain/song", "second/song"), "their bytes");
    demucs_cache_free(cache);
    CHECK(demucs_cache_clear("cache", NULL, &error) == DEMUCS_OK && kept_same_stems("plain/song", "first/song"),
          "stems stay when the cache goes");
}

/* Where a link would have another mode than a new file, or cannot be, there is a copy. */
static void test_copies(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_record record;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    demucs_cache *cache = kept_open(0, false);
    const mode_t before = umask(077);
    separate(setup, cache, "song.wav", "first", true, &record);
    umask(022);
    CHECK(separate(setup, cache, "song.wav", "second", true, &record) == DEMUCS_TRACKS_CACHED, "found");
    CHECK(mode("first/song/drums.wav") == 0600 && mode("second/song/drums.wav") == 0644, "as files are made now");
    umask(before);
    char there[] = "/dev/shm/demucs-links-XXXXXX";
    struct stat here, shared;
    if (mkdtemp(there) != NULL) {
        CHECK(stat(".", &here) == 0 && stat(there, &shared) == 0, "folders");
        umask(077);
        CHECK(separate(setup, cache, "song.wav", there, true, &record) == DEMUCS_TRACKS_CACHED, "found");
        umask(before);
        char folder[80], command[120];
        snprintf(folder, sizeof folder, "%s/song", there);
        CHECK(kept_same_stems("first/song", folder) && is_tidy(folder), "copies there");
        snprintf(command, sizeof command, "rm -r %s", there);
        printf("    %s is %s file system\n", there, here.st_dev == shared.st_dev ? "the same" : "another");
        CHECK(system(command) == 0, "rm");
    }
    demucs_cache_free(cache);
}

/* Somebody writes into a stem, and so into the cache: it is noticed and computed again; what is known of another track
 * is not touched, and neither is what lies elsewhere. */
static void test_written_into(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_record record;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    tracks_make("else.wav", 2, TRACKS_RATE_HZ, 9000, 0.3F);
    separate(setup, NULL, "song.wav", "plain", false, &record);
    separate(setup, NULL, "else.wav", "plain", false, &record);
    demucs_cache *cache = kept_open(0, false);
    separate(setup, cache, "song.wav", "first", true, &record);
    separate(setup, cache, "else.wav", "first", true, &record);
    write_into("first/song/other.wav");
    CHECK(separate(setup, cache, "song.wav", "second", true, &record) == DEMUCS_TRACKS_COMPUTED, "not what it was");
    CHECK(record.cache_warnings == 1 && strstr(record.text, "song.wav is damaged (other.wav has other bytes") != NULL,
          "%s", record.text);
    CHECK(kept_same_stems("plain/song", "second/song") && is_tidy("second/song"), "computed again");
    CHECK(!tracks_same("plain/song/other.wav", "first/song/other.wav") &&
              tracks_same("plain/song/bass.wav", "first/song/bass.wav"),
          "the edit stays where it was made");
    CHECK(separate(setup, cache, "song.wav", "first", true, &record) == DEMUCS_TRACKS_CACHED &&
              record.cache_warnings == 0,
          "mended");
    CHECK(kept_same_stems("plain/song", "first/song"), "and replaced where it is asked for");
    CHECK(separate(setup, cache, "else.wav", "second", true, &record) == DEMUCS_TRACKS_CACHED &&
              record.cache_warnings == 0,
          "the other track");
    CHECK(kept_same_stems("plain/else", "first/else") && kept_same_stems("plain/else", "second/else"), "its stems");
    demucs_cache_free(cache);
}

enum { THREADS = 6 };

/* Several links to one file at the same time, some of them under the same name. */
static void test_threads(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_worker workers[THREADS];
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    demucs_cache *cache = kept_open(0, false);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (tracks_worker){.request = tracks_request(setup, "song.wav")};
        workers[i].request.cache = cache;
        workers[i].request.cache_links = true;
        workers[i].request.folder = i % 2 == 0 ? "one" : "two";
    }
    tracks_separate_together(workers, THREADS);
    for (int i = 0; i < THREADS; i++) {
        CHECK(workers[i].status == DEMUCS_OK, "%d: %s", i, workers[i].error.message);
        demucs_tracks_result_free(workers[i].result);
    }
    CHECK(inode("one/song/drums.wav") == inode(kept_file(0)) && inode("two/song/drums.wav") == inode(kept_file(0)) &&
              is_tidy("one/song") && is_tidy("two/song"),
          "one file");
    demucs_cache_free(cache);
}

TRACKS_MAIN(test_one_file, test_copies, test_written_into, test_threads)
