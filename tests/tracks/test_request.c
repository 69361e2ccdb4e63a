/* test_request.c - requests that are wrong, callers that know an older struct, paths that exclude each other, measures.
 */
#include "tracks.h"

#include "../audio/audio_test.h"
#include "base/folder.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A caller whose struct ends before `clip`, and one from the future whose struct is longer. */
static void test_sizes(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_error error = {DEMUCS_OK, ""};
    struct {
        demucs_tracks_request request;
        unsigned char after[64];
    } place;
    memset(&place, 0xa5, sizeof place);
    const size_t old = offsetof(demucs_tracks_request, clip);
    demucs_tracks_request_init(&place.request, old);
    const unsigned char *byte = (const unsigned char *)&place;
    for (size_t i = old; i < sizeof place; i++)
        if (byte[i] != 0xa5) CHECK(false, "byte %zu of a struct of %zu was written", i, old);
    CHECK(place.request.struct_size == old && place.request.mp3_bitrate_kbps == 320, "what it knows is filled in");
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 5000, 0.5F);
    place.request.engine = setup->engine;
    place.request.separation = &setup->separation;
    place.request.input = "song.wav";
    place.request.folder = "out";
    CHECK(demucs_tracks_separate(&place.request, NULL, &error) == DEMUCS_OK, "%s", error.message);

    memset(&place, 0xa5, sizeof place);
    demucs_tracks_request_init(&place.request, sizeof place);
    for (size_t i = sizeof place.request; i < sizeof place; i++)
        if (byte[i] != 0) CHECK(false, "byte %zu of a longer struct is %d", i, byte[i]);
    tracks_check_refused(&place.request, DEMUCS_ERROR_ARGUMENT, "newer library");
    demucs_tracks_request_init(NULL, 100);
}

static void test_wrong(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const none[] = {"vocals", "guitar"};
    const demucs_tracks_target no_path = {DEMUCS_TRACKS_STEM, "drums", NULL};
    const demucs_tracks_target no_stem = {DEMUCS_TRACKS_STEM, "guitar", "x.wav"};
    const demucs_tracks_target no_kind = {(demucs_tracks_kind)5, "drums", "x.wav"};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 5000, 0.5F);
    const demucs_tracks_request right = tracks_request(setup, "song.wav");
#define WRONG(change, text)                                                                                            \
    do {                                                                                                               \
        demucs_tracks_request r = right;                                                                               \
        change;                                                                                                        \
        tracks_check_refused(&r, DEMUCS_ERROR_ARGUMENT, text);                                                         \
    } while (0)
    WRONG(r.struct_size = 3, "demucs_tracks_request_init");
    WRONG(r.engine = NULL, "no engine");
    WRONG(r.input = NULL, "no input");
    WRONG(r.input = "", "no input");
    WRONG(r.stream = -1, "stream is -1");
    WRONG(r.folder = NULL, "request.folder is empty");
    WRONG(r.folder = "", "request.folder is empty");
    WRONG((r.folder = "", r.folder_setting = "--out"), "--out is empty");
    WRONG((r.folder = "", r.folder_setting = NULL), "request.folder is empty");
    WRONG(r.pattern = NULL, "request.pattern is NULL");
    WRONG((r.pattern = NULL, r.pattern_setting = NULL), "request.pattern is NULL");
    WRONG(r.pattern = "{stem", "single '{'");
    WRONG(r.pattern = "}", "single '}'");
    WRONG(r.pattern = "{song}", "unknown variable {song}");
    WRONG(r.pattern = "{stem}.wma", "the name that request.pattern gives must end in");
    WRONG((r.pattern = "", r.pattern_setting = "--filename"), "the name that --filename gives must end in");
    WRONG(r.pattern = "{track}.wav", "put {stem} into request.pattern");
    WRONG(r.stem = "guitar", "no stem \"guitar\"; it has drums, bass, other, vocals");
    WRONG((r.wanted = none, r.wanted_count = 2), "no stem \"guitar\"");
    WRONG((r.wanted = none, r.wanted_count = 0), "no file is asked for: name stems, or a mix");
    WRONG((r.wanted = none, r.wanted_count = 1, r.stem = "drums"), "exclude each other");
    WRONG((r.targets = &no_path, r.targets_count = 1), "target 0 has no path");
    WRONG((r.targets = &no_stem, r.targets_count = 1), "no stem \"guitar\"");
    WRONG((r.targets = &no_kind, r.targets_count = 1), "kind of a target is 5");
    WRONG(r.targets = &no_path, "no targets");
    WRONG(r.container = (demucs_tracks_container)10, "container is 10");
    WRONG(r.bitrate_kbps = 7, "bitrate_kbps is 7");
    WRONG(r.bitrate_kbps = 1025, "bitrate_kbps is 1025");
    WRONG(r.start_seconds = -1, "start_seconds is -1");
    WRONG(r.start_seconds = NAN, "start_seconds is ");
    WRONG(r.duration_seconds = INFINITY, "duration_seconds is inf");
    WRONG(r.sample = (demucs_tracks_sample)-1, "sample is -1");
    WRONG(r.clip = (demucs_tracks_clip)4, "clip is 4");
    WRONG(r.other = (demucs_tracks_other)9, "other is 9");
    WRONG(r.mp3_bitrate_kbps = 7, "mp3_bitrate_kbps is 7, but should be from 8 to 320");
    WRONG(r.mp3_quality = 8, "mp3_quality is 8");
    demucs_stream_options separation = setup->separation;
    separation.overlap = 2;
    WRONG(r.separation = &separation, "The option overlap is 2");
    separation.struct_size = 0;
    WRONG(r.separation = &separation, "demucs_default_stream_options");
#undef WRONG
    CHECK(demucs_tracks_separate(NULL, NULL, NULL) == DEMUCS_ERROR_ARGUMENT, "no request");
    CHECK(tracks_count("song.wav") == 0, "something was made");
}

/* demucs_tracks_check sees the same without an input, and with or without a model. */
static void test_check_only(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_error error = {DEMUCS_OK, ""};
    demucs_tracks_request request;
    demucs_tracks_request_init(&request, sizeof request);
    CHECK(demucs_tracks_check(&request, NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_tracks_check(&request, setup->model, &error) == DEMUCS_OK, "%s", error.message);
    request.stem = "guitar";
    CHECK(demucs_tracks_check(&request, NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_tracks_check(&request, setup->model, &error) == DEMUCS_ERROR_ARGUMENT, "no such stem");
    request.mp3_quality = 1;
    CHECK(demucs_tracks_check(&request, NULL, NULL) == DEMUCS_ERROR_ARGUMENT, "no such quality");
}

/* What a call before left in the error is gone after one that succeeds, or fails otherwise. */
static void test_error_is_cleared(void)
{
    const tracks_setup *setup = tracks_begin();
    const demucs_error before = {DEMUCS_ERROR_IO, "an older failure"};
    demucs_error error = before;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 5000, 0.5F);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    CHECK(demucs_tracks_check(&request, NULL, &error) == DEMUCS_OK && error.status == DEMUCS_OK, "check");
    error = before;
    CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_OK && error.message[0] == '\0', "separate");
    error = before;
    demucs_tracks_measures measures = {.struct_size = sizeof measures};
    CHECK(demucs_tracks_measure("song.wav", NULL, &measures, &error) == DEMUCS_OK && error.status == DEMUCS_OK,
          "measure");
    error = before;
    request.input = "nowhere.wav";
    CHECK(demucs_tracks_separate(&request, NULL, &error) == error.status && error.status != DEMUCS_OK &&
              strstr(error.message, "nowhere.wav") != NULL,
          "%s", error.message);
}

static demucs_status separate_in(demucs_tracks_batch *batch, demucs_tracks_request request, const char *input,
                                 demucs_error *error)
{
    request.batch = batch;
    request.input = input;
    return demucs_tracks_separate(&request, NULL, error);
}

static void test_batch(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_tracks_batch *batch = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    if (mkdir("x", 0777) != 0 || mkdir("y", 0777) != 0) abort();
    tracks_make("x/a.wav", 2, TRACKS_RATE_HZ, 4000, 0.5F);
    tracks_make("y/a.wav", 2, TRACKS_RATE_HZ, 4000, 0.5F);
    tracks_make("y/b.wav", 2, TRACKS_RATE_HZ, 4000, 0.5F);
    tracks_make("drums.wav", 2, TRACKS_RATE_HZ, 4000, 0.5F);
    save_bytes("x/b.wav", "no music", 8);
    const demucs_tracks_request request = tracks_request(setup, NULL);
    demucs_tracks_request plain = request;
    plain.folder = ".";
    plain.pattern = "{stem}.{ext}";
    REQUIRE(demucs_tracks_batch_create(&batch, &error) == DEMUCS_OK, "%s", error.message);
    REQUIRE(demucs_tracks_batch_protect(batch, "./drums.wav", &error) == DEMUCS_OK, "%s", error.message);
    CHECK(separate_in(batch, request, "x/a.wav", &error) == DEMUCS_OK, "%s", error.message);
    CHECK(tracks_failed(separate_in(batch, request, "y/a.wav", &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "x/a.wav and y/a.wav would both be written to out/a/drums.wav"),
          "%s", error.message);
    CHECK(tracks_failed(separate_in(batch, request, "x/a.wav", &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "the track x/a.wav was given twice"),
          "%s", error.message);
    CHECK(separate_in(batch, request, "x/b.wav", &error) == DEMUCS_ERROR_FORMAT, "%s", error.message);
    CHECK(separate_in(batch, request, "y/b.wav", &error) == DEMUCS_OK, "a track that failed holds no paths: %s",
          error.message);
    CHECK(tracks_failed(separate_in(batch, plain, "y/a.wav", &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "writing ./drums.wav would overwrite the track ./drums.wav"),
          "%s", error.message);
    CHECK(tracks_failed(separate_in(NULL, plain, "drums.wav", &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "would overwrite the track drums.wav"),
          "%s", error.message);
    CHECK(separate_in(NULL, request, "y/a.wav", &error) == DEMUCS_OK, "without a batch an older file is replaced");
    CHECK(demucs_tracks_batch_protect(batch, "out/c/bass.wav", &error) == DEMUCS_OK, "%s", error.message);
    tracks_make("x/c.wav", 2, TRACKS_RATE_HZ, 4000, 0.5F);
    REQUIRE(mkdir("out/c", 0777) == 0 && save_bytes("out/c/bass.wav", "music", 5), "an input that comes late");
    CHECK(tracks_failed(separate_in(batch, request, "x/c.wav", &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "writing out/c/bass.wav would overwrite the track out/c/bass.wav"),
          "%s", error.message);
    CHECK(demucs_tracks_batch_protect(NULL, "x", NULL) == DEMUCS_ERROR_ARGUMENT &&
              demucs_tracks_batch_protect(batch, NULL, NULL) == DEMUCS_ERROR_ARGUMENT &&
              demucs_tracks_batch_create(NULL, NULL) == DEMUCS_ERROR_ARGUMENT,
          "NULL");
    demucs_tracks_batch_free(batch);
    demucs_tracks_batch_free(NULL);
}

/* Processor time of some tracks that are not there, in a batch with so many files. */
static double time_of_failures(const tracks_setup *setup, int files)
{
    demucs_tracks_batch *batch = NULL;
    char path[32];
    if (demucs_tracks_batch_create(&batch, NULL) != DEMUCS_OK) abort();
    for (int i = 0; i < files; i++) {
        snprintf(path, sizeof path, "in/%d.wav", i);
        if (i < 500) save_bytes(path, "x", 1);
        if (demucs_tracks_batch_protect(batch, path, NULL) != DEMUCS_OK) abort();
    }
    const demucs_tracks_request request = tracks_request(setup, NULL);
    const clock_t start = clock();
    for (int i = 0; i < 30; i++)
        if (separate_in(batch, request, "none.wav", NULL) != DEMUCS_ERROR_IO) abort();
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    demucs_tracks_batch_free(batch);
    return seconds;
}

/* A track costs no more in a large batch than in a small one. A machine that does other things makes a time longer,
 * never shorter: the shortest of some counts. */
static void test_large_batch(void)
{
    const tracks_setup *setup = tracks_begin();
    if (mkdir("in", 0777) != 0) abort();
    double small = 1e9, large = 1e9;
    for (int i = 0; i < 5 && large >= 4 * small + 0.2; i++) {
        small = fmin(small, time_of_failures(setup, 1));
        large = fmin(large, time_of_failures(setup, 20000));
    }
    CHECK(large < 4 * small + 0.2, "%g s in a batch of 20,000 files, %g s in one of 1", large, small);
}

/* Whether `path` is inside the folder "out", when ".", ".." and "" are taken as what they are. */
static bool is_inside(const char *path)
{
    int depth = 0;
    for (const char *at = path; *at != '\0';) {
        const size_t length = strcspn(at, "/");
        if (length == 2 && strncmp(at, "..", 2) == 0) return false;
        depth += length > 0 && !(length == 1 && *at == '.');
        at += length + (at[length] == '/');
    }
    return strncmp(path, "out/", 4) == 0 && depth > 1;
}

/* Tracks with names that could lead somewhere else, in every kind of pattern: nothing goes outside the folder. */
static void test_strange_names(void)
{
    static const char *const names[] = {
        "...wav",    "..wav",      ".wav",         "....wav", ".",        "..",       "x/..",       "...",
        "in/...wav", "-x.wav",     " .wav",        ". .wav",  "a\nb.wav", "a\\b.wav", "trail .wav", "dot..wav",
        "\xff.wav",  "..\xff.wav", "..{stem}.wav", "*.wav",   "~.wav",    "...wav/",  "..a/..wav",  "a/../...wav"};
    static const char *const patterns[] = {"{track}/{stem}.{ext}",
                                           "{track}.{trackext}/{stem}.{ext}",
                                           "{track:.2}/{stem}.{ext}",
                                           "{track:.1}{track:.1}/{stem}.{ext}",
                                           ".{track}/{stem}.{ext}",
                                           "{track}./{stem}.{ext}",
                                           "{trackext}/{track}/{stem}.{ext}",
                                           "x/{track}/y/{track}/{stem}.{ext}",
                                           "{track:.<2}/{stem}.{ext}",
                                           "{track}{stem}.{ext}"};
    const tracks_setup *setup = tracks_begin();
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
            demucs_tracks_batch *batch = NULL;
            demucs_tracks_result *result = NULL;
            demucs_error error = {DEMUCS_OK, ""};
            demucs_tracks_request request = tracks_request(setup, names[n]);
            REQUIRE(demucs_tracks_batch_create(&batch, &error) == DEMUCS_OK, "%s", error.message);
            request.batch = batch;
            request.pattern = patterns[p];
            CHECK(demucs_tracks_reserve(&request, &result, &error) == DEMUCS_OK, "%s: %s", names[n], error.message);
            for (size_t i = 0; result != NULL && i < result->files_count; i++)
                CHECK(is_inside(result->files[i]->path), "%s in %s: %s", names[n], patterns[p], result->files[i]->path);
            demucs_tracks_result_free(result);
            demucs_tracks_batch_free(batch);
        }
}

/* Names that are long, or that would move the cursor, leave the sentence whole and the terminal alone. */
static void test_shown_paths(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_error error = {DEMUCS_OK, ""};
    char folder[1024] = "", name[1200];
    for (int i = 0; i < 4; i++)
        strcat(strcat(folder, i > 0 ? "/" : ""), "a-folder-with-a-name-that-is-rather-long-for-a-"
                                                 "folder-and-so-fills-the-sentence-quickly-and-surely");
    snprintf(name, sizeof name, "%s/\033[2Ja.wav", folder);
    REQUIRE(dmx_folder_make(folder, NULL, &error) == DEMUCS_OK, "%s", error.message);
    tracks_make(name, 2, TRACKS_RATE_HZ, 4000, 0.5F);
    demucs_tracks_request request = tracks_request(setup, name);
    request.pattern = "{track}.wav";
    const demucs_status status = demucs_tracks_separate(&request, NULL, &error);
    CHECK(tracks_failed(status, &error, DEMUCS_ERROR_ARGUMENT,
                        "?[2Ja.wav would be written to out/?[2Ja.wav; put {stem} into request.pattern"),
          "%s", error.message);
}

static void test_measures(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_error error = {DEMUCS_OK, ""};
    demucs_tracks_measures is = {.struct_size = sizeof is},
                           old = {.struct_size = offsetof(demucs_tracks_measures, rms)};
    (void)setup;
    tracks_make("a.wav", 2, TRACKS_RATE_HZ, 20000, 0.5F);
    tracks_make("b.wav", 2, TRACKS_RATE_HZ, 20000, 0.25F);
    tracks_make("short.wav", 2, TRACKS_RATE_HZ, 19999, 0.5F);
    tracks_make("mono.wav", 1, TRACKS_RATE_HZ, 20000, 0.5F);
    tracks_make("rate.wav", 2, 2 * TRACKS_RATE_HZ, 20000, 0.5F);
    CHECK(demucs_tracks_measure("b.wav", "a.wav", &is, &error) == DEMUCS_OK && is.compared, "%s", error.message);
    CHECK(fabs(is.sdr_db - 6.0206) < 1e-4 && is.frames == 20000, "SDR %g dB", is.sdr_db);
    CHECK(fabs(is.rms - 0.25 / sqrt(3)) < 1e-3 && is.peak <= 0.25 && is.peak > 0.249, "levels %g %g", is.peak, is.rms);
    CHECK(demucs_tracks_measure("a.wav", "a.wav", &is, &error) == DEMUCS_OK && isinf(is.sdr_db), "SDR %g dB",
          is.sdr_db);
    CHECK(demucs_tracks_measure("a.wav", NULL, &is, &error) == DEMUCS_OK && !is.compared, "%s", error.message);
    old.rms = 77;
    CHECK(demucs_tracks_measure("a.wav", NULL, &old, &error) == DEMUCS_OK && old.rms == 77 && old.peak > 0.4, "%g",
          old.rms);
    static const char *const others[] = {"short.wav", "mono.wav", "rate.wav"};
    static const char *const words[] = {"differ in length", "2 channels", "samples a second"};
    for (int i = 0; i < 3; i++) {
        const demucs_status status = demucs_tracks_measure("a.wav", others[i], &is, &error);
        CHECK(tracks_failed(status, &error, DEMUCS_ERROR_ARGUMENT, words[i]), "%s: %s", others[i], error.message);
    }
    CHECK(demucs_tracks_measure("none.wav", NULL, &is, &error) == DEMUCS_ERROR_IO, "%s", error.message);
    CHECK(demucs_tracks_measure(NULL, NULL, &is, NULL) == DEMUCS_ERROR_ARGUMENT, "no path");
    CHECK(demucs_tracks_measure("a.wav", NULL, NULL, NULL) == DEMUCS_ERROR_ARGUMENT, "nowhere to put it");
    is.struct_size = 0;
    CHECK(demucs_tracks_measure("a.wav", NULL, &is, &error) == DEMUCS_ERROR_ARGUMENT, "no size");
}

TRACKS_MAIN(test_strange_names, test_sizes, test_wrong, test_check_only, test_error_is_cleared, test_batch,
            test_large_batch, test_shown_paths, test_measures)
