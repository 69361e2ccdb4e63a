/* test_keep_tags.c - what a track says of itself goes into its files (DEMUCS_TRACKS_KEEP_TAGS): titles by stem,
 * chapters of a section, what is not carried over. tests/audio/tags_test.c has the formats. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES = 24000 }; /* three seconds at the model's rate */

static demucs_error error;

/* Some noise with tags. */
static void save(const char *path, audio_container container, int rate_hz, const audio_tags *tags)
{
    const audio_kept kept = {.tags = tags};
    const audio_format format = {.container = container,
                                 .sample = AUDIO_INT16,
                                 .sample_rate_hz = rate_hz,
                                 .channels = 2,
                                 .mp3_bitrate_kbps = 64,
                                 .mp3_quality = 7};
    sound noise = sound_noise(2, rate_hz, FRAMES, 0.2F);
    audio_writer *writer = audio_writer_open_with(path, &format, &kept, &error);
    REQUIRE(writer != NULL && audio_writer_write(writer, (const float *const *)noise.planes, FRAMES, &error) &&
                audio_writer_close(writer, &error),
            "%s", error.message);
    sound_free(&noise);
}

/* Three seconds with four chapters. */
static void save_song(const char *path, audio_container container, const char *title, const char *comment)
{
    audio_chapter chapters[] = {{0, 500, (char *)"One"},
                                {500, 1500, (char *)"Two"},
                                {1500, 2500, (char *)"Three"},
                                {2500, 3000, (char *)"Four"}};
    audio_tags tags = {.chapters = chapters, .chapters_count = 4};
    tags.texts[AUDIO_TITLE] = (char *)title;
    tags.texts[AUDIO_ARTIST] = (char *)"Somebody";
    tags.texts[AUDIO_COMMENT] = (char *)comment;
    save(path, container, TRACKS_RATE_HZ, &tags);
}

static demucs_tracks_request keeping(const tracks_setup *setup, const char *input)
{
    demucs_tracks_request request = tracks_request(setup, input);
    request.pattern = "{stem}.{ext}";
    request.container = DEMUCS_TRACKS_FLAC;
    request.keep = DEMUCS_TRACKS_KEEP_TAGS;
    return request;
}

static audio_tags tags_of(const char *path)
{
    audio_tags tags = {.left_out = 0};
    audio_reader *reader = audio_reader_open(path, 0, &error);
    CHECK(reader != NULL && audio_reader_tags(reader, &tags), "%s", error.message);
    audio_reader_close(reader);
    return tags;
}

static void check_title(const char *path, const char *title)
{
    audio_tags tags = tags_of(path);
    CHECK(title != NULL ? tags.texts[AUDIO_TITLE] != NULL && strcmp(tags.texts[AUDIO_TITLE], title) == 0
                        : tags.texts[AUDIO_TITLE] == NULL,
          "%s is called %s", path, tags.texts[AUDIO_TITLE]);
    CHECK(tags.texts[AUDIO_ARTIST] != NULL && strcmp(tags.texts[AUDIO_ARTIST], "Somebody") == 0, "%s: artist", path);
    audio_tags_clear(&tags);
}

static void test_titles(void)
{
    static const char *const wanted[] = {"vocals", "no_vocals"}, *const mixes[] = {"practice=mix-0.5*vocals"};
    const tracks_setup *setup = tracks_begin();
    save_song("song.mp3", AUDIO_MP3, "Song", NULL);
    for (int clip = DEMUCS_TRACKS_CLIP_RESCALE; clip <= DEMUCS_TRACKS_CLIP_CLAMP; clip++) {
        demucs_tracks_request request = keeping(setup, "song.mp3");
        request.wanted = wanted;
        request.wanted_count = 2;
        request.mixes = mixes;
        request.mixes_count = 1;
        request.clip = (demucs_tracks_clip)clip;
        demucs_tracks_result_free(tracks_separate(&request));
        check_title("out/vocals.flac", "Song (vocals)");
        check_title("out/no_vocals.flac", "Song (no_vocals)");
        check_title("out/practice.flac", "Song (practice)");
    }
    save_song("song.mp3", AUDIO_MP3, NULL, NULL);
    const demucs_tracks_request request = keeping(setup, "song.mp3");
    demucs_tracks_result_free(tracks_separate(&request));
    check_title("out/vocals.flac", NULL);
}

static void check_chapters(const tracks_setup *setup, double start, double duration, const audio_chapter *expected,
                           size_t count)
{
    demucs_tracks_request request = keeping(setup, "song.mp3");
    request.container = DEMUCS_TRACKS_MP3; /* whose chapters have ends of their own */
    request.stem = "bass";
    request.other = DEMUCS_TRACKS_OTHER_NONE;
    request.start_seconds = start;
    request.duration_seconds = duration;
    demucs_tracks_result_free(tracks_separate(&request));
    audio_tags tags = tags_of("out/bass.mp3");
    REQUIRE(tags.chapters_count == count, "from %g: %zu chapters", start, tags.chapters_count);
    for (size_t i = 0; i < count; i++) {
        const char *title = tags.chapters[i].title;
        CHECK(tags.chapters[i].start_ms == expected[i].start_ms && tags.chapters[i].end_ms == expected[i].end_ms &&
                  (title == NULL) == (expected[i].title == NULL) &&
                  (title == NULL || strcmp(title, expected[i].title) == 0),
              "from %g, chapter %zu: %s from %llu to %llu", start, i, title,
              (unsigned long long)tags.chapters[i].start_ms, (unsigned long long)tags.chapters[i].end_ms);
    }
    audio_tags_clear(&tags);
}

/* Chapters move with the section, are cut at its ends, and go where they lie outside of it. */
static void test_chapters(void)
{
    const tracks_setup *setup = tracks_begin();
    save_song("song.mp3", AUDIO_MP3, "Song", NULL);
    check_chapters(setup, 0, 0,
                   (const audio_chapter[]){{0, 500, (char *)"One"},
                                           {500, 1500, (char *)"Two"},
                                           {1500, 2500, (char *)"Three"},
                                           {2500, 3000, (char *)"Four"}},
                   4);
    check_chapters(setup, 1, 1, (const audio_chapter[]){{0, 500, (char *)"Two"}, {500, 1000, (char *)"Three"}}, 2);
    check_chapters(setup, 0.5, 1, (const audio_chapter[]){{0, 1000, (char *)"Two"}}, 1);
    check_chapters(setup, 2.25, 100, (const audio_chapter[]){{0, 250, (char *)"Three"}, {250, 750, (char *)"Four"}}, 2);
}

/* What is not carried over is told as a note, and is in no result. */
static void test_notes(void)
{
    const tracks_setup *setup = tracks_begin();
    static char comment[6000];
    memset(comment, 'x', sizeof comment - 1);
    save_song("song.flac", AUDIO_FLAC, "Song", comment);
    for (int keep = 0; keep < 2; keep++) {
        tracks_record record = {0};
        demucs_tracks_request request = keeping(setup, "song.flac");
        if (!keep) request.keep = 0;
        request.event = tracks_on_event;
        request.event_user = &record;
        demucs_tracks_result *result = tracks_separate(&request);
        REQUIRE(result != NULL, "a result");
        CHECK(record.notes == keep && record.warnings == 0 && !record.disorder && result->warnings_count == 0,
              "%d notes, %d warnings: %s", record.notes, record.warnings, record.text);
        CHECK(!keep || strcmp(record.text, "song.flac: a text of its tags is cut after 4 KiB.") == 0, "%s",
              record.text);
        demucs_tracks_result_free(result);
        audio_tags tags = tags_of("out/bass.flac");
        CHECK((tags.texts[AUDIO_COMMENT] != NULL && strlen(tags.texts[AUDIO_COMMENT]) == 4096) == (keep == 1),
              "comment");
        CHECK((tags.texts[AUDIO_ARTIST] != NULL) == (keep == 1), "an artist that nobody asked for");
        audio_tags_clear(&tags);
    }
}

/* What only some formats cannot hold. */
static void test_no_place(void)
{
    static const demucs_tracks_target files[] = {{DEMUCS_TRACKS_STEM, "bass", "a.mp3"},
                                                 {DEMUCS_TRACKS_STEM, "drums", "b.aiff"},
                                                 {DEMUCS_TRACKS_STEMS, NULL, "c.stem.mp4"}};
    const tracks_setup *setup = tracks_begin();
    audio_chapter chapters[] = {{0, 1000, (char *)"One"}};
    audio_tags tags = {.chapters = chapters, .chapters_count = 1};
    tags.texts[AUDIO_DATE] = (char *)"May 1999";
    tags.texts[AUDIO_TITLE] = (char *)"Song";
    save("song.flac", AUDIO_FLAC, 16000, &tags);
    for (int k = 0; k < 3; k++) {
        tracks_record record = {0};
        demucs_tracks_request request = keeping(setup, "song.flac");
        request.keep |= DEMUCS_TRACKS_KEEP_RATE;
        request.targets = &files[k];
        request.targets_count = 1;
        request.event = tracks_on_event;
        request.event_user = &record;
        demucs_tracks_result *result = tracks_separate(&request);
        REQUIRE(result != NULL, "a result");
        CHECK(record.notes == 1 && strstr(record.text, k < 2 ? "its date does not begin with a year"
                                                             : "its chapters have no place") != NULL,
              "%s: %d notes, %s", files[k].path, record.notes, record.text);
        CHECK(result->files[0]->sample_rate_hz == 16000 && result->files[0]->frames == FRAMES,
              "%s: %llu frames at %d Hz", files[k].path, (unsigned long long)result->files[0]->frames,
              result->files[0]->sample_rate_hz);
        demucs_tracks_result_free(result);
        audio_tags read = tags_of(files[k].path);
        const char *title = k == 0   ? "Song (bass)"
                            : k == 1 ? "Song (drums)"
                                     : "Song",
                   *date = read.texts[AUDIO_DATE],
                   *found = read.texts[AUDIO_TITLE] != NULL ? read.texts[AUDIO_TITLE] : "none";
        CHECK(strcmp(found, title) == 0, "%s: %s", files[k].path, found);
        CHECK(k < 2 ? date == NULL && read.chapters_count == 1
                    : date != NULL && strcmp(date, "May 1999") == 0 && read.chapters_count == 0,
              "%s: date %s, %zu chapters", files[k].path, date != NULL ? date : "none", read.chapters_count);
        audio_tags_clear(&read);
    }
}

/* Of a track without tags the files are as they are without the option, in all formats. */
static void test_nothing_to_keep(void)
{
    static const char *const names[] = {"wav", "flac", "mp3", "ogg", "opus", "m4a", "aiff"};
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.2F);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char pattern[32], one[32], other[32];
        demucs_tracks_request request = keeping(setup, "song.wav");
        request.pattern = pattern;
        snprintf(pattern, sizeof pattern, "{stem}.%s", names[i]);
        demucs_tracks_result_free(tracks_separate(&request));
        request.keep = 0;
        request.folder = "plain";
        demucs_tracks_result_free(tracks_separate(&request));
        snprintf(one, sizeof one, "out/bass.%s", names[i]);
        snprintf(other, sizeof other, "plain/bass.%s", names[i]);
        CHECK(tracks_same(one, other), "%s differs", one);
    }
}

/* Results of tracks with other tags are kept apart, and have theirs when they come back. */
static void test_cache(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_cache *cache = NULL;
    REQUIRE(demucs_cache_open(&cache, "cache", NULL, &error) == DEMUCS_OK, "%s", error.message);
    for (int run = 0; run < 4; run++) {
        save_song("song.flac", AUDIO_FLAC, run % 2 == 0 ? "Song" : "Another", NULL);
        demucs_tracks_request request = keeping(setup, "song.flac");
        request.cache = cache;
        demucs_tracks_result *result = tracks_separate(&request);
        CHECK(result != NULL && result->outcome == (run < 2 ? DEMUCS_TRACKS_COMPUTED : DEMUCS_TRACKS_CACHED), "run %d",
              run);
        check_title("out/vocals.flac", run % 2 == 0 ? "Song (vocals)" : "Another (vocals)");
        demucs_tracks_result_free(result);
    }
    demucs_cache_free(cache);
}

TRACKS_MAIN(test_titles, test_chapters, test_notes, test_no_place, test_nothing_to_keep, test_cache)
