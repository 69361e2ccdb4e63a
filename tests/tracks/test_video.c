/* test_video.c - a copy of a video with another sound: what is copied is the same to the byte and to the time, and the
 * new sound is heard when the old one was. All weights of the network are 0, so minus_drums is the track. */
#include "tracks.h"

#include "../audio/audio_test.h"
#include "clip.h"
#include "demucs_video.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static demucs_video_options video;
static demucs_tracks_target target;

/* A request for a copy `output` of `input`. */
static demucs_tracks_request copy_request(const tracks_setup *setup, const char *input, const char *output)
{
    demucs_tracks_request request = tracks_request(setup, input);
    demucs_video_options_init(&video, sizeof video);
    target = (demucs_tracks_target){DEMUCS_TRACKS_REST, "drums", output};
    request.targets = &target;
    request.targets_count = 1;
    request.video = &video;
    return request;
}

static void copy(const tracks_setup *setup, const char *input, const char *output, int stream)
{
    demucs_tracks_request request = copy_request(setup, input, output);
    request.stream = stream;
    demucs_tracks_result *result = tracks_separate(&request);
    CHECK(result != NULL && result->files_count == 1 && strcmp(result->files[0]->path, output) == 0, "%s", output);
    demucs_tracks_result_free(result);
}

/* The packets of a kind, but for an audio stream, are the same. Times to `slack`: Matroska has milliseconds. */
static void check_packets(const char *one, const char *other, char kind, int but, double slack)
{
    size_t count, found, wrong = 0;
    clip_packet *before = clip_packets(one, kind, but, &count), *after = clip_packets(other, kind, but, &found);
    CHECK(count == found && (count > 0 || kind == 's'), "%s: %zu packets '%c', not %zu", other, found, kind, count);
    for (size_t i = 0; i < count && i < found; i++) {
        const clip_packet *a = &before[i], *b = &after[i];
        const bool dts = isnan(a->dts) || isnan(b->dts) || fabs(a->dts - b->dts) <= slack;
        wrong += a->size != b->size || a->sum != b->sum || a->flags != b->flags || !(fabs(a->pts - b->pts) <= slack) ||
                 (slack == 0 && strstr(other, ".mkv") == NULL && !dts);
    }
    CHECK(wrong == 0, "%s: %zu packets '%c' of %zu are not as they were", other, wrong, kind, count);
    free(before);
    free(after);
}

/* The sound is heard when it was heard before: to 1 ms, and exactly where no file counts in milliseconds. */
static void check_sync(const char *one, int stream, const char *other, int other_stream, int rate_hz, double seconds)
{
    size_t frames, found;
    float *before = clip_heard(one, stream, rate_hz, seconds, &frames);
    float *after = clip_heard(other, other_stream, rate_hz, seconds, &found);
    const size_t half = frames / 2;
    const double first = clip_lag(before, after, half, rate_hz),
                 second = clip_lag(before + half, after + half, frames - half, rate_hz);
    const bool exact = strstr(one, ".mkv") == NULL && strstr(other, ".mkv") == NULL && strstr(one, ".webm") == NULL;
    const double most = exact ? 1.5 / rate_hz : 0.001;
    CHECK(fabs(first) < most && fabs(second) < most, "%s is late by %g and %g ms", other, 1e3 * first, 1e3 * second);
    free(before);
    free(after);
}

/* All of it: B-frames, so that the first packets have negative times, subtitles, chapters, another sound. */
static void test_copy(void)
{
    tracks_begin();
    const tracks_setup *setup = tracks_silent();
    static const struct {
        const char *in, *out, *subtitles;
        bool attachment;
    } cases[] = {{"in.mp4", "out.mp4", "mov_text", false},
                 {"in.mov", "out.mov", "mov_text", false},
                 {"in.mp4", "out.m4v", "mov_text", false},
                 {"in.mkv", "out.mkv", "subrip", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clip it = clip_usual(cases[i].in);
        it.subtitles = cases[i].subtitles;
        it.attachment = cases[i].attachment;
        it.chapters = it.second_sound = true;
        REQUIRE(clip_make(&it), "%s", it.path);
        copy(setup, it.path, cases[i].out, 1);
        for (const char *kind = "vas"; *kind != '\0'; kind++) check_packets(it.path, cases[i].out, *kind, 1, 0);
        const clip_facts before = clip_look(it.path, 1), after = clip_look(cases[i].out, 1);
        CHECK(after.streams == before.streams && after.pictures == 1 && after.sounds == 2 && after.subtitles == 1,
              "%s: %d streams, not %d", cases[i].out, after.streams, before.streams);
        CHECK(after.attachments == before.attachments && after.chapters == 2 &&
                  strcmp(after.chapter, "the second") == 0 && strcmp(after.title, "a small film") == 0,
              "%s: %d chapters, \"%s\", \"%s\"", cases[i].out, after.chapters, after.chapter, after.title);
        CHECK(after.sound_rate_hz == 48000 && strcmp(after.sound_codec, "aac") == 0 &&
                  strcmp(after.language, before.language) == 0 && strcmp(after.language, "ita") == 0 &&
                  after.disposition == before.disposition,
              "%s: %s, %d Hz, %s", cases[i].out, after.sound_codec, after.sound_rate_hz, after.language);
        check_sync(it.path, 1, cases[i].out, 1, 48000, 3);
    }
}

/* Sound that begins late, or stops in between; pictures at uneven times; other rates and codecs. */
static void test_sync(void)
{
    tracks_begin();
    const tracks_setup *setup = tracks_silent();
    static const struct {
        const char *in, *out, *encoder;
        double late, gap;
        int rate_hz;
        bool uneven;
    } cases[] = {{"in.mp4", "out.mp4", "aac", 0.7337, 0, 48000, false},
                 {"in.mkv", "out.mkv", "aac", 0.73, 0, 48000, true},
                 {"in.mkv", "out.mkv", "libopus", 0, 0, 48000, false},
                 {"in.mkv", "out.mkv", "libopus", 0.5, 0.4, 48000, true},
                 {"in.mp4", "out.mkv", "aac", 0.005, 0.25, 44100, true},
                 {"in.mov", "out.mov", "aac", 0.01, 0.25, 48000, true},
                 {"in.mp4", "out.mp4", "libopus", 0.3, 0, 48000, false},
                 {"in.webm", "out.webm", "libopus", 0.3, 0, 48000, false},
                 {"in.webm", "out.webm", "libopus", 0, 0, 48000, false},
                 {"in.mkv", "out.mp4", "aac", 0.4, 0, 44100, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clip it = clip_usual(cases[i].in);
        it.encoder = cases[i].encoder;
        it.late = cases[i].late;
        it.gap = cases[i].gap;
        it.gap_at = 1;
        it.sample_rate_hz = cases[i].rate_hz;
        it.uneven = cases[i].uneven;
        it.seconds = 2.6;
        if (!clip_make(&it)) {
            printf("no encoder for %s\n", it.path);
            continue;
        }
        const bool same = strcmp(strrchr(it.path, '.'), strrchr(cases[i].out, '.')) == 0;
        copy(setup, it.path, cases[i].out, 0);
        check_packets(it.path, cases[i].out, 'v', 0, same ? 0 : 0.00051);
        check_sync(it.path, 0, cases[i].out, 0, cases[i].rate_hz, 3 + it.late + it.gap);
        CHECK(clip_look(cases[i].out, 0).sound_rate_hz == cases[i].rate_hz, "%s", cases[i].out);
    }
}

/* What the copy is asked for: other codecs, and without the other sound. */
static void test_options(void)
{
    tracks_begin();
    const tracks_setup *setup = tracks_silent();
    static const struct {
        const char *out, *codec;
        int container;
    } cases[] = {{"out.mp4", "alac", DEMUCS_TRACKS_ALAC},
                 {"out.mov", "pcm_s24le", DEMUCS_TRACKS_WAV},
                 {"out.mkv", "flac", DEMUCS_TRACKS_FLAC},
                 {"out.mkv", "vorbis", DEMUCS_TRACKS_OGG}};
    clip it = clip_usual("in.mp4");
    it.second_sound = true;
    REQUIRE(clip_make(&it), "%s", it.path);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        demucs_tracks_request request = copy_request(setup, "in.mp4", cases[i].out);
        tracks_record record = {0};
        video.codec = cases[i].container;
        video.drop_other_audio = i % 2 == 1;
        request.sample = DEMUCS_TRACKS_INT24;
        request.stream = 1;
        request.event = tracks_on_event;
        request.event_user = &record;
        demucs_tracks_result *result = tracks_separate(&request);
        REQUIRE(result != NULL, "%s", cases[i].out);
        const clip_facts facts = clip_look(cases[i].out, video.drop_other_audio ? 0 : 1);
        CHECK(strcmp(facts.sound_codec, cases[i].codec) == 0 && facts.sounds == (video.drop_other_audio ? 1 : 2),
              "%s: %s, %d sounds", cases[i].out, facts.sound_codec, facts.sounds);
        CHECK(record.warnings == !video.drop_other_audio && !record.disorder, "%d warnings: %s", record.warnings,
              record.text);
        CHECK(result->files[0]->sample_rate_hz == 48000 && fabs(result->files[0]->seconds - 3) < 0.1 &&
                  result->files[0]->peak > 0.5,
              "%g s at %d Hz, peak %g", result->files[0]->seconds, result->files[0]->sample_rate_hz,
              result->files[0]->peak);
        demucs_tracks_result_free(result);
    }
}

/* What cannot be is said before the track is read, and nothing is left. */
static void test_refusals(void)
{
    tracks_begin();
    const tracks_setup *setup = tracks_silent();
    clip it = clip_usual("in.mkv");
    it.subtitles = "subrip";
    it.attachment = true;
    REQUIRE(clip_make(&it), "%s", it.path);
    it = clip_usual("in.mov");
    it.subtitles = "mov_text";
    REQUIRE(clip_make(&it), "%s", it.path);
    it = clip_usual("in.avi");
    it.encoder = "mp2fixed";
    if (!clip_make(&it)) TEST_SKIP("no MP2 encoder");
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 8000, 0.5F);
    mkdir("folder.mp4", 0777);
    const int files = tracks_count(NULL);
    static const struct {
        const char *in, *out, *text;
        int codec;
    } cases[] = {{"in.mkv", "out.mp4", "cannot hold stream 2 of the video, subtitles (subrip): write .mkv", -1},
                 {"in.mkv", "out.webm", "cannot hold stream 0 of the video, a picture (mpeg4): write .mkv", -1},
                 {"in.mov", "out.mkv", "subtitles (mov_text): write .mp4", -1},
                 {"song.wav", "out.mp4", "there is no picture", -1},
                 {"in.avi", "out.mkv", "-c copy FILE.mkv", -1},
                 {"in.mov", "out.wav", "choose one of these endings", -1},
                 {"in.mov", "in.mov", "would overwrite the track in.mov", -1},
                 {"in.mov", "folder.mp4", "this exists and is not a file", -1},
                 {"in.mov", "out.mov", "does not hold Vorbis: choose one of AAC, ALAC, MP3, PCM", DEMUCS_TRACKS_OGG}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        demucs_tracks_request request = copy_request(setup, cases[i].in, cases[i].out);
        tracks_record record = {0};
        demucs_error error;
        video.codec = cases[i].codec;
        request.event = tracks_on_event;
        request.event_user = &record;
        const demucs_status status = demucs_tracks_separate(&request, NULL, &error);
        CHECK(status != DEMUCS_OK && strstr(error.message, cases[i].text) != NULL, "%s -> %s: %s", cases[i].in,
              cases[i].out, error.message);
        CHECK(record.events == 0 && tracks_count(NULL) == files, "%s -> %s: %d events", cases[i].in, cases[i].out,
              record.events);
    }
    demucs_tracks_request request = copy_request(setup, "in.mov", "out.mov");
    request.start_seconds = 1;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "cut the video first");
    request = copy_request(setup, "in.mov", "out.mov");
    request.targets = NULL;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "a video gets one sound");
    request = copy_request(setup, "in.mov", "out.mov");
    video.struct_size++;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "demucs_video_options_init");
    video.struct_size--;
    video.codec = 99;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "codec");
    CHECK(demucs_video_options_check(&video, NULL) == DEMUCS_ERROR_ARGUMENT &&
              demucs_video_options_check(NULL, NULL) == DEMUCS_OK,
          "check");
    CHECK(demucs_video_is_name("a/b.MKV") && !demucs_video_is_name("a.mkv/b") && !demucs_video_is_name(NULL), "names");
}

/* Cancelled at any event, or without memory for some part: no file, and an older one stays as it was. */
static void test_cancel(void)
{
    tracks_begin();
    const tracks_setup *setup = tracks_silent();
    clip it = clip_usual("in.mp4");
    it.frames = 30;
    it.seconds = 1;
    REQUIRE(clip_make(&it) && save_bytes("out.mp4", "older", 5), "%s", it.path);
    const int files = tracks_count(NULL);
    int events = 0;
    for (int at = 1; at == 1 || at <= events; at += 1 + events / 12) {
        demucs_tracks_request request = copy_request(setup, "in.mp4", "out.mp4");
        tracks_record record = {.cancel_at = events == 0 ? 0 : at};
        demucs_error error;
        if (events == 0) {
            target.path = "whole.mp4";
            request.event = tracks_on_event;
            request.event_user = &record;
            demucs_tracks_result_free(tracks_separate(&request));
            events = record.events;
            CHECK(events > 10, "%d events", events);
            remove("whole.mp4");
            continue;
        }
        request.event = tracks_on_event;
        request.event_user = &record;
        CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_ERROR_CANCELLED, "at %d: %s", at, error.message);
        bytes older = load_bytes("out.mp4");
        CHECK(older.size == 5 && tracks_count(NULL) == files, "at %d: %zu bytes, %d files", at, older.size,
              tracks_count(NULL));
        free(older.data);
    }
}

/* Two at once give what one alone gives, and the same every time. */
static void test_together(void)
{
    tracks_begin();
    const tracks_setup *setup = tracks_silent();
    tracks_worker workers[2] = {0};
    demucs_tracks_target targets[2];
    clip it = clip_usual("in.mkv");
    REQUIRE(clip_make(&it), "%s", it.path);
    copy(setup, "in.mkv", "alone.mkv", 0);
    for (int i = 0; i < 2; i++) {
        workers[i].request = copy_request(setup, "in.mkv", "");
        targets[i] = (demucs_tracks_target){DEMUCS_TRACKS_REST, "drums", i == 0 ? "one.mkv" : "two.mkv"};
        workers[i].request.targets = &targets[i];
    }
    tracks_separate_together(workers, 2);
    for (int i = 0; i < 2; i++) {
        CHECK(workers[i].status == DEMUCS_OK, "%s", workers[i].error.message);
        demucs_tracks_result_free(workers[i].result);
        CHECK(tracks_same("alone.mkv", targets[i].path), "%s", targets[i].path);
    }
}

TRACKS_MAIN(test_copy, test_sync, test_options, test_refusals, test_cancel, test_together)
