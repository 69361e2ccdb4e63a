/* test_failures.c - memory and disks that give out at every place where they can: one sentence, no result, nothing left
 * behind, and the next track goes through. */
#include "tracks.h"

#include "../audio/audio_test.h"
#include "base/alloc.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FRAMES = 6000 };

/* The n-th allocation fails and all after it, for every n: those of the engine, of audio/ and of tracks/ alike. */
static void check_memory(demucs_tracks_request *request)
{
    int failures = 0;
    demucs_status status = DEMUCS_ERROR_MEMORY;
    for (int n = 0; status != DEMUCS_OK && n < 2000; n++) {
        demucs_tracks_result *result = NULL;
        demucs_error error = {DEMUCS_OK, ""};
        dmx_alloc_fail_after(n);
        status = demucs_tracks_separate(request, &result, &error);
        dmx_alloc_fail_after(-1);
        CHECK(status == DEMUCS_OK || tracks_failed(status, &error, DEMUCS_ERROR_MEMORY, "memory"),
              "allocation %d: %s %s", n, demucs_status_name(status), error.message);
        CHECK((result != NULL) == (status == DEMUCS_OK), "allocation %d: a result of a failure", n);
        CHECK(status == DEMUCS_OK || tracks_count("song.wav") == 0, "allocation %d: something is left", n);
        demucs_tracks_result_free(result);
        failures += status != DEMUCS_OK;
    }
    CHECK(status == DEMUCS_OK && failures > 30, "%d failures", failures);
}

static void test_memory(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const wanted[] = {"vocals"};
    for (int form = 0; form < 3; form++) {
        tracks_begin();
        tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
        demucs_tracks_request request = tracks_request(setup, "song.wav");
        const demucs_tracks_target target = {DEMUCS_TRACKS_REST, "bass", "deep/er/rest.wav"};
        request.container = (demucs_tracks_container)form;
        request.clip = form == 0 ? DEMUCS_TRACKS_CLIP_RESCALE : DEMUCS_TRACKS_CLIP_CLAMP;
        if (form == 1) request.wanted = wanted, request.wanted_count = 1;
        if (form == 2) request.targets = &target, request.targets_count = 1;
        check_memory(&request);
    }
}

/* The same for the small objects, and for measuring. */
static void test_memory_of_objects(void)
{
    tracks_begin();
    tracks_make("a.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    demucs_tracks_measures measures = {.struct_size = sizeof measures};
    demucs_tracks_cancel *cancel = NULL;
    demucs_tracks_batch *batch = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    int failures = 0;
    for (int n = 0; n < 100; n++) {
        dmx_alloc_fail_after(n);
        const demucs_status status = demucs_tracks_measure("a.wav", "a.wav", &measures, &error);
        dmx_alloc_fail_after(-1);
        if (status == DEMUCS_OK) break;
        CHECK(tracks_failed(status, &error, DEMUCS_ERROR_MEMORY, "memory"), "allocation %d: %s", n, error.message);
        failures++;
    }
    CHECK(failures >= 6 && failures < 100, "%d failures", failures);
    dmx_alloc_fail_after(0);
    CHECK(demucs_tracks_cancel_create(&cancel, &error) == DEMUCS_ERROR_MEMORY && cancel == NULL, "cancel flag");
    CHECK(demucs_tracks_batch_create(&batch, &error) == DEMUCS_ERROR_MEMORY && batch == NULL, "batch");
    dmx_alloc_fail_after(-1);
    REQUIRE(demucs_tracks_batch_create(&batch, &error) == DEMUCS_OK, "%s", error.message);
    for (int n = 0; n < 2; n++) {
        dmx_alloc_fail_after(n);
        CHECK(demucs_tracks_batch_protect(batch, "a.wav", &error) == DEMUCS_ERROR_MEMORY, "protect, allocation %d", n);
        dmx_alloc_fail_after(-1);
    }
    CHECK(demucs_tracks_batch_protect(batch, "a.wav", &error) == DEMUCS_OK, "%s", error.message);
    demucs_tracks_batch_free(batch);
}

/* Files that cannot grow stand for a disk that is full: from too small for anything up to just enough. */
static void test_full_disk(void)
{
    const tracks_setup *setup = tracks_begin();
    struct rlimit before, limit;
    signal(SIGXFSZ, SIG_IGN); /* a caller's business: writing then fails */
    getrlimit(RLIMIT_FSIZE, &before);
    for (int clip = 0; clip < 2; clip++) {
        tracks_begin();
        tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
        demucs_tracks_request request = tracks_request(setup, "song.wav");
        request.sample = DEMUCS_TRACKS_FLOAT32;
        request.clip = (demucs_tracks_clip)clip;
        REQUIRE(demucs_tracks_separate(&request, NULL, NULL) == DEMUCS_OK, "an older result");
        REQUIRE(rename("out", "before") == 0 && mkdir("out", 0777) == 0 && rename("before/song", "out/song") == 0,
                "kept");
        const int files = tracks_count(NULL);
        REQUIRE(link("out/song/bass.wav", "bass.wav") == 0, "a second name");
        int failures = 0;
        demucs_status status = DEMUCS_ERROR_IO;
        for (rlim_t size = 0; status != DEMUCS_OK && size < 60000; size += 997) {
            demucs_error error = {DEMUCS_OK, ""};
            demucs_tracks_result *result = NULL;
            limit = before;
            limit.rlim_cur = size;
            setrlimit(RLIMIT_FSIZE, &limit);
            status = demucs_tracks_separate(&request, &result, &error);
            setrlimit(RLIMIT_FSIZE, &before);
            demucs_tracks_result_free(result);
            if (status == DEMUCS_OK) break;
            failures++;
            CHECK(tracks_failed(status, &error, DEMUCS_ERROR_IO, "File too large"), "%ld bytes: %s %s", (long)size,
                  demucs_status_name(status), error.message);
            CHECK(tracks_count("bass.wav") == files, "%ld bytes: something came or went", (long)size);
            CHECK(tracks_same("bass.wav", "out/song/bass.wav"), "%ld bytes: an older file changed", (long)size);
        }
        CHECK(status == DEMUCS_OK && failures > 40, "%d failures", failures);
    }
}

/* At the very end, when all files are whole, a folder takes the name of the third. */
static bool take_a_name(const demucs_tracks_event *event, void *user)
{
    (void)user;
    if (event->kind == DEMUCS_TRACKS_EVENT_CLIPPED) mkdir("out/song/other.wav", 0777);
    return false;
}

/* The two that had their names by then are gone again. */
static void test_name_taken(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 20);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.clip = DEMUCS_TRACKS_CLIP_NONE;
    request.event = take_a_name;
    tracks_check_refused(&request, DEMUCS_ERROR_IO, "out/song/other.wav");
    CHECK(tracks_count("song.wav") == 3, "more is left than the folder in the way");
}

/* An output that cannot be written is found before the track is read, whatever is done against clipping. */
static void test_unwritable(void)
{
    const tracks_setup *setup = tracks_begin();
    char pattern[320] = "{stem}-";
    memset(pattern + 7, 'x', 250);
    memcpy(pattern + 257, ".{ext}", 7);
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    for (int clip = 0; clip < 3; clip++)
        for (int name = 0; name < 2; name++) {
            tracks_record record = {0};
            demucs_tracks_request request = tracks_request(setup, "song.wav");
            request.clip = (demucs_tracks_clip)clip;
            request.event = tracks_on_event;
            request.event_user = &record;
            if (name == 0 &&
                (mkdir("out", 0777) != 0 || mkdir("out/song", 0777) != 0 || mkdir("out/song/vocals.wav", 0777) != 0))
                abort();
            if (name == 1) request.pattern = pattern;
            tracks_check_refused(&request, DEMUCS_ERROR_IO, name == 0 ? "vocals.wav" : "File name too long");
            CHECK(record.events == 0, "clip mode %d: found after %d events", clip, record.events);
            CHECK(tracks_count("song.wav") == (name == 0 ? 3 : 0), "clip mode %d: something is left", clip);
            if (name == 0 && (rmdir("out/song/vocals.wav") != 0 || rmdir("out/song") != 0 || rmdir("out") != 0))
                abort();
        }
}

/* Another track, which made the folders, fails and removes them again while they are empty. */
static bool remove_folders(const demucs_tracks_event *event, void *user)
{
    const int *cancel_in = user;
    if (event->kind == DEMUCS_TRACKS_EVENT_PROGRESS && event->phase == DEMUCS_TRACKS_READ && event->done == 0)
        CHECK(rmdir("out/song") == 0 && rmdir("out") == 0, "while it is read");
    if (event->kind == DEMUCS_TRACKS_EVENT_PHASE && event->phase == DEMUCS_TRACKS_SEPARATE)
        CHECK(rmdir("out/song") == 0 && rmdir("out") == 0, "before it is separated");
    return (int)event->phase == *cancel_in && event->kind == DEMUCS_TRACKS_EVENT_PROGRESS && event->done > 0;
}

static void test_folders_removed(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_error error = {DEMUCS_OK, ""};
    int cancel_in = DEMUCS_TRACKS_WRITE;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.event = remove_folders;
    request.event_user = &cancel_in;
    CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_ERROR_CANCELLED, "%s", error.message);
    CHECK(tracks_count("song.wav") == 0, "something is left");
    cancel_in = -1;
    CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(tracks_count("song.wav") == 2 + TRACKS_STEMS, "the files are there");
}

/* Folders that cannot be made, inputs that are none. */
static void test_paths(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    tracks_make("three.wav", 3, TRACKS_RATE_HZ, FRAMES, 0.5F);
    tracks_make("tiny.wav", 2, 192000, 1, 0.5F);
    save_bytes("text.mp3", "this is no music", 16);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.folder = "text.mp3";
    tracks_check_refused(&request, DEMUCS_ERROR_IO, "cannot create the folder text.mp3");
    request.folder = "new/text.mp3/deeper";
    REQUIRE(mkdir("new", 0777) == 0 && save_bytes("new/text.mp3", "", 0), "a file in the way");
    tracks_check_refused(&request, DEMUCS_ERROR_IO, "cannot create the folder new/text.mp3/deeper");
    request.folder = "out";
    request.spool_folder = "nowhere";
    tracks_check_refused(&request, DEMUCS_ERROR_IO, "nowhere: No such file or directory; name another folder");
    request.spool_folder = NULL;
    setenv("TMPDIR", "/dev/fd", 1);
    tracks_check_refused(&request, DEMUCS_ERROR_IO, "set TMPDIR to a folder that can be written to");
    setenv("TMPDIR", "", 1);
    CHECK(demucs_tracks_separate(&request, NULL, NULL) == DEMUCS_OK, "an empty TMPDIR is none");
    setenv("TMPDIR", "nowhere", 1);
    CHECK(demucs_tracks_separate(&request, NULL, NULL) == DEMUCS_OK, "a TMPDIR that is not there is none");
    unsetenv("TMPDIR");
    static const char *const inputs[] = {"none.wav", "text.mp3", "three.wav", "tiny.wav", "new"};
    static const char *const words[] = {"No such file", "not an audio file", "", "less than one sample", "folder"};
    static const demucs_status statuses[] = {DEMUCS_ERROR_IO, DEMUCS_ERROR_FORMAT, DEMUCS_OK, DEMUCS_ERROR_FORMAT,
                                             DEMUCS_ERROR_IO};
    const int before = tracks_count(NULL);
    for (int i = 0; i < 5; i++) {
        request.input = inputs[i];
        if (statuses[i] != DEMUCS_OK) tracks_check_refused(&request, statuses[i], words[i]);
        CHECK(statuses[i] == DEMUCS_OK || tracks_count(NULL) == before, "%s left something behind", inputs[i]);
    }
    request.input = "song.wav";
    request.stream = 2;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "no audio stream 2");
}

TRACKS_MAIN(test_memory, test_memory_of_objects, test_full_disk, test_name_taken, test_unwritable, test_folders_removed,
            test_paths)
