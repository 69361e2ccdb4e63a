/* test_section.c - a section of a track is what a file with these frames and no others would give, to the last bit. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static demucs_error error;

/* Separate into `folder`; the frames of the input that were taken, or 0. */
static uint64_t separate(const tracks_setup *setup, const char *input, const char *folder, double start,
                         double duration)
{
    demucs_tracks_request request = tracks_request(setup, input);
    request.folder = folder;
    request.pattern = "{stem}.wav";
    request.sample = DEMUCS_TRACKS_FLOAT32;
    request.clip = DEMUCS_TRACKS_CLIP_NONE;
    request.start_seconds = start;
    request.duration_seconds = duration;
    demucs_tracks_result *result = NULL;
    CHECK(demucs_tracks_separate(&request, &result, &error) == DEMUCS_OK, "%s", error.message);
    const uint64_t frames = result != NULL ? result->input_frames : 0;
    CHECK(result == NULL || (result->missing_frames == 0 && result->warnings_count == 0), "a warning");
    demucs_tracks_result_free(result);
    return frames;
}

/* Write frames from `first` to `end` of a sound to a file of its own. */
static void cut(const sound *all, size_t first, size_t end, const char *path)
{
    const audio_format format = {.container = AUDIO_WAV,
                                 .sample = AUDIO_FLOAT32,
                                 .sample_rate_hz = all->sample_rate_hz,
                                 .channels = all->channels};
    sound part = sound_new(all->channels, all->sample_rate_hz, end - first);
    for (int c = 0; c < all->channels; c++)
        memcpy(part.planes[c], all->planes[c] + first, (end - first) * sizeof(float));
    CHECK(sound_write(path, &format, &part, NULL), "write");
    sound_free(&part);
}

static void test_sections(void)
{
    enum { RATE = 11025, FRAMES = 60000 };
    static const struct {
        double start, duration;
        size_t first, end;
    } cases[] = {
        {0, 0, 0, FRAMES},          {1, 1, RATE, 2 * RATE},         {1.00004, 0, RATE, FRAMES},     {0, 2.5, 0, 27563},
        {3.3, 1000, 36383, FRAMES}, {1.4861, 0.0004, 16384, 16388}, {2.97215, 0.0003, 32768, 32771}};
    const tracks_setup *setup = tracks_begin();
    static const char *const files[] = {"song.wav", "song.flac", "song.mp3"};
    for (int k = 0; k < 3; k++) {
        const audio_format format = {.container = (audio_container)k,
                                     .sample = AUDIO_INT16,
                                     .sample_rate_hz = RATE,
                                     .channels = 2,
                                     .mp3_bitrate_kbps = 64,
                                     .mp3_quality = 5};
        sound noise = sound_noise(2, RATE, FRAMES, 0.3F);
        REQUIRE(sound_write(files[k], &format, &noise, NULL), "write");
        sound all = sound_read(files[k], 0, 4096, NULL); /* as it is decoded */
        REQUIRE(all.frames == FRAMES, "%zu frames", all.frames);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            cut(&all, cases[i].first, cases[i].end, "cut.wav");
            const uint64_t frames = separate(setup, files[k], "section", cases[i].start, cases[i].duration);
            CHECK(frames == cases[i].end - cases[i].first, "%s, case %zu: %llu frames", files[k], i,
                  (unsigned long long)frames);
            separate(setup, "cut.wav", "plain", 0, 0);
            CHECK(tracks_same("section/drums.wav", "plain/drums.wav") &&
                      tracks_same("section/vocals.wav", "plain/vocals.wav"),
                  "%s, case %zu: other stems", files[k], i);
        }
        sound_free(&noise), sound_free(&all);
    }
}

static void test_beyond_the_end(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 12000, 0.3F);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.start_seconds = 1.5;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT,
                         "song.wav is 1.5 s long, and the section that is asked for begins at 1.5 s");
    request.start_seconds = 1e9;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "begins at 1e+09 s");
    CHECK(tracks_count("song.wav") == 0, "something was made");
}

/* A file that breaks off behind the section is whole as far as it matters. */
static void test_cut_off_behind(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 24000, 0.3F);
    REQUIRE(truncate("song.wav", 150000) == 0, "cut"); /* 18,750 frames or fewer of 24,000 */
    CHECK(separate(setup, "song.wav", "section", 0.5, 1) == TRACKS_RATE_HZ, "a second");
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.start_seconds = 1;
    demucs_tracks_result *result = NULL;
    CHECK(demucs_tracks_separate(&request, &result, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(result != NULL && result->warnings_count == 1 && result->missing_frames > 4000, "no warning");
    demucs_tracks_result_free(result);
}

TRACKS_MAIN(test_sections, test_beyond_the_end, test_cut_off_behind)
