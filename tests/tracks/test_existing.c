/* test_existing.c - tracks whose files are there already: skipped when they are whole and newer, and else computed. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static demucs_error error;

static int separate(const tracks_setup *setup, demucs_tracks_container container, tracks_record *record)
{
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    demucs_tracks_result *result = NULL;
    int outcome = -1;
    request.skip_existing = true;
    request.container = container;
    request.event = record != NULL ? tracks_on_event : NULL;
    request.event_user = record;
    CHECK(demucs_tracks_separate(&request, &result, &error) == DEMUCS_OK, "%s", error.message);
    if (result != NULL) {
        outcome = (int)result->outcome;
        for (size_t i = 0; i < result->files_count; i++)
            CHECK(result->files[i]->seconds == 9000.0 / TRACKS_RATE_HZ && result->files[i]->peak > 0, "%s",
                  result->files[i]->path);
        CHECK(result->seconds == 9000.0 / TRACKS_RATE_HZ, "%g s", result->seconds);
    }
    demucs_tracks_result_free(result);
    return outcome;
}

/* The input is older than what is made of it, by more than a tick of the file system. */
static void make_song(void)
{
    static const struct timespec old[2] = {{.tv_sec = 1600000000}, {.tv_sec = 1600000000}};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    CHECK(utimensat(AT_FDCWD, "song.wav", old, 0) == 0, "date");
}

static void test_skipped(void)
{
    static const char *const endings[] = {"wav", "flac", "mp3", "ogg", "opus", "m4a", "m4a", "aiff"};
    for (int container = 0; container < 8; container++) {
        const tracks_setup *setup = tracks_begin();
        struct stat before, after;
        char path[64];
        snprintf(path, sizeof path, "out/song/bass.%s", endings[container]);
        make_song();
        CHECK(separate(setup, (demucs_tracks_container)container, NULL) == DEMUCS_TRACKS_COMPUTED, "nothing was there");
        stat(path, &before);
        tracks_record record = {0};
        CHECK(separate(setup, (demucs_tracks_container)container, &record) == DEMUCS_TRACKS_SKIPPED, "%s is there",
              path);
        CHECK(stat(path, &after) == 0 && before.st_ino == after.st_ino, "%s is another file", path);
        CHECK(record.phases == 1 && !record.disorder, "it is only read");
    }
}

/* ---- what is not skipped ---- */

static void remove_one(void) { unlink("out/song/bass.flac"); }
static void empty_one(void) { CHECK(truncate("out/song/bass.flac", 0) == 0, "cut"); }
static void cut_one(void)
{
    struct stat info;
    CHECK(stat("out/song/bass.flac", &info) == 0 && truncate("out/song/bass.flac", info.st_size * 9 / 10) == 0, "cut");
}
static void replace_one(void)
{
    const audio_format format = {
        .container = AUDIO_FLAC, .sample = AUDIO_INT16, .sample_rate_hz = TRACKS_RATE_HZ, .channels = 2};
    sound noise = sound_noise(2, TRACKS_RATE_HZ, 4000, 0.1F);
    CHECK(sound_write("out/song/bass.flac", &format, &noise, &error), "%s", error.message);
    sound_free(&noise);
}
static void make_text_of_one(void) { save_bytes("out/song/bass.flac", "this is no audio", 16); }
static void link_one(void)
{
    CHECK(unlink("out/song/bass.flac") == 0 && symlink("/dev/null", "out/song/bass.flac") == 0, "x");
}
static void renew_input(void)
{
    const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    CHECK(utimensat(AT_FDCWD, "song.wav", now, 0) == 0, "date");
}

static void test_not_skipped(void)
{
    static void (*const changes[])(void) = {remove_one, empty_one, cut_one, replace_one, make_text_of_one, renew_input};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const tracks_setup *setup = tracks_begin();
        make_song();
        separate(setup, DEMUCS_TRACKS_FLAC, NULL);
        CHECK(rename("out", "right") == 0 && system("cp -r right out") == 0, "copy");
        changes[i]();
        CHECK(separate(setup, DEMUCS_TRACKS_FLAC, NULL) == DEMUCS_TRACKS_COMPUTED, "change %zu", i);
        CHECK(tracks_same("right/song/bass.flac", "out/song/bass.flac"), "change %zu: the same again", i);
    }
}

/* Files that were cut at the same place have one length, and do not have what they announce. */
static void test_all_cut(void)
{
    static const char *const paths[] = {"out/song/drums.wav", "out/song/bass.wav", "out/song/other.wav",
                                        "out/song/vocals.wav"};
    const tracks_setup *setup = tracks_begin();
    make_song();
    separate(setup, DEMUCS_TRACKS_WAV, NULL);
    for (int i = 0; i < 4; i++) CHECK(truncate(paths[i], 20000) == 0, "cut");
    CHECK(separate(setup, DEMUCS_TRACKS_WAV, NULL) == DEMUCS_TRACKS_COMPUTED, "they are not whole");
}

/* What is there and is no file is a failure as without the option, not something to skip. */
static void test_no_file(void)
{
    const tracks_setup *setup = tracks_begin();
    make_song();
    separate(setup, DEMUCS_TRACKS_FLAC, NULL);
    link_one();
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.skip_existing = true;
    request.container = DEMUCS_TRACKS_FLAC;
    const demucs_status status = demucs_tracks_separate(&request, NULL, &error);
    CHECK(tracks_failed(status, &error, DEMUCS_ERROR_IO, "is not a file"), "%s", error.message);
}

TRACKS_MAIN(test_skipped, test_not_skipped, test_all_cut, test_no_file)
