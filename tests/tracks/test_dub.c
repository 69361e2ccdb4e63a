/* test_dub.c - a narration over a sound: how far that is turned down and when, how loud the whole is, and its peak. All
 * weights of the network are 0, so minus_drums is the track: a tone of 1 kHz, beside which the narration is one of
 * 300 Hz. Loudness and peak are measured on what a reader makes of the file, by libebur128 without the code under test.
 */
#include "tracks.h"

#include "../audio/audio_test.h"
#include "clip.h"
#include "demucs_video.h"

#include <ebur128.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RATE = 16000, SECONDS = 20 };

static demucs_video_options video;
static demucs_tracks_target target;

static demucs_tracks_request dub_request(const char *input, const char *narration, const char *output)
{
    demucs_tracks_request request = tracks_request(tracks_silent(), input);
    demucs_video_options_init(&video, sizeof video);
    video.narration = narration;
    target = (demucs_tracks_target){.kind = DEMUCS_TRACKS_REST, .stem = "drums", .path = output};
    request.targets = &target;
    request.targets_count = 1;
    request.video = &video;
    request.sample = DEMUCS_TRACKS_FLOAT32;
    return request;
}

/* Write a tone that is heard from `from` to `to` and silent else, with a spike a second. */
static void make_tone(const char *path, int channels, double seconds, double hertz, double peak, double from, double to,
                      double spike)
{
    sound it = sound_new(channels, RATE, (size_t)(seconds * RATE));
    for (int channel = 0; channel < channels; channel++)
        for (size_t i = 0; i < it.frames; i++) {
            const double t = (double)i / RATE;
            const bool heard = t >= from && t < to;
            it.planes[channel][i] = (float)(heard ? peak * sin(2 * acos(-1.0) * hertz * t) : 0);
            if (spike > 0 && heard && i % RATE < 40) it.planes[channel][i] = (float)(i / 5 % 2 == 0 ? spike : -spike);
        }
    const audio_format format = {
        .container = AUDIO_WAV, .sample = AUDIO_FLOAT32, .sample_rate_hz = RATE, .channels = channels};
    demucs_error error;
    CHECK(sound_write(path, &format, &it, &error), "%s", error.message);
    sound_free(&it);
}

/* Integrated loudness and true peak, in LUFS and dBTP, of what a reader makes of a file. */
static void check_loudness(const char *path, int channels, double target_lufs, double most_db)
{
    demucs_error error;
    sound it = sound_read(path, 0, 5000, &error);
    REQUIRE(it.channels == channels, "%s: %d channels, %s", path, it.channels, error.message);
    ebur128_state *state =
        ebur128_init((unsigned)channels, (unsigned long)it.sample_rate_hz, EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK);
    double loudness = 0, peak = 0, own = 0;
    for (size_t i = 0; i < it.frames; i++) {
        float frame[2] = {it.planes[0][i], it.planes[channels - 1][i]};
        ebur128_add_frames_float(state, frame, 1);
    }
    ebur128_loudness_global(state, &loudness);
    for (int channel = 0; channel < channels; channel++)
        if (ebur128_true_peak(state, (unsigned)channel, &own) == EBUR128_SUCCESS && own > peak) peak = own;
    ebur128_destroy(&state);
    CHECK(fabs(loudness - target_lufs) < 0.5, "%s: %g LUFS, not %g", path, loudness, target_lufs);
    CHECK(20 * log10(peak) < most_db, "%s: true peak %g dB", path, 20 * log10(peak));
    sound_free(&it);
}

/* The amplitude of a tone between two times. */
static double amplitude(const sound *it, double hertz, double from, double to)
{
    double real = 0, imaginary = 0;
    const size_t first = (size_t)(from * it->sample_rate_hz), last = (size_t)(to * it->sample_rate_hz);
    for (size_t i = first; i < last && i < it->frames; i++) {
        const double phase = 2 * acos(-1.0) * hertz * (double)i / it->sample_rate_hz;
        real += it->planes[0][i] * cos(phase);
        imaginary += it->planes[0][i] * sin(phase);
    }
    return 2 * hypot(real, imaginary) / (double)(last - first);
}

static double decibels(double one, double other) { return 20 * log10(one / other); }

/* Down before the narration begins, by as much as is asked; held after it; and then up again. */
static void test_ducking(void)
{
    tracks_begin();
    make_tone("music.wav", 2, SECONDS, 1000, 0.2, 0, SECONDS, 0);
    make_tone("voice.wav", 1, SECONDS, 300, 0.3, 8, 12, 0);
    static const double depths[] = {12, 6, 0};
    for (int i = 0; i < 3; i++) {
        demucs_tracks_request request = dub_request("music.wav", "voice.wav", "dub.wav");
        video.duck_db = depths[i];
        demucs_tracks_result *result = tracks_separate(&request);
        REQUIRE(result != NULL && result->files_count == 1, "no result");
        demucs_tracks_result_free(result);
        demucs_error error;
        sound it = sound_read("dub.wav", 0, 5000, &error);
        REQUIRE(it.channels == 2, "%s", error.message);
        const double before = amplitude(&it, 1000, 5, 7), under = amplitude(&it, 1000, 9, 11),
                     onset = amplitude(&it, 1000, 7.96, 7.99), early = amplitude(&it, 1000, 7.8, 7.88),
                     held = amplitude(&it, 1000, 12.1, 12.4), after = amplitude(&it, 1000, 14, 16),
                     voice = amplitude(&it, 300, 9, 11);
        const double depth = depths[i];
        CHECK(fabs(decibels(before, under) - depth) < 0.3, "%g dB down, not %g", decibels(before, under), depth);
        CHECK(decibels(before, onset) > 0.7 * depth - 0.2, "%g dB down at the onset", decibels(before, onset));
        CHECK(fabs(decibels(before, early)) < 0.3, "%g dB down too early", decibels(before, early));
        CHECK(fabs(decibels(before, held) - depth) < 0.3, "%g dB down in the hold", decibels(before, held));
        CHECK(fabs(decibels(before, after)) < 0.3, "%g dB down after it", decibels(before, after));
        CHECK(decibels(voice, under) > depth - 3, "the narration is %g dB above the rest", decibels(voice, under));
        sound_free(&it);
    }
}

/* As loud as it should be and no peak above, also where there are peaks to be limited, and after codecs with loss. */
static void test_loudness(void)
{
    tracks_begin();
    make_tone("music.wav", 2, SECONDS, 1000, 0.2, 0, SECONDS, 0);
    make_tone("voice.wav", 2, SECONDS, 300, 0.1, 3, 17, 0);
    make_tone("peaks.wav", 2, SECONDS, 300, 0.1, 3, 17, 0.95);
    static const struct {
        const char *narration, *out;
        double loudness;
    } cases[] = {{"voice.wav", "dub.wav", -16},  {"voice.wav", "dub.flac", -23}, {"peaks.wav", "dub.wav", -16},
                 {"peaks.wav", "dub.wav", -12},  {"peaks.wav", "dub.m4a", -16},  {"peaks.wav", "dub.mp3", -14},
                 {"peaks.wav", "dub.opus", -16}, {"voice.wav", "dub.ogg", -23}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        demucs_tracks_request request = dub_request("music.wav", cases[i].narration, cases[i].out);
        video.loudness_lufs = cases[i].loudness;
        demucs_tracks_result *result = tracks_separate(&request);
        REQUIRE(result != NULL, "%s", cases[i].out);
        demucs_tracks_result_free(result);
        check_loudness(cases[i].out, 2, cases[i].loudness, -1);
    }
}

/* In a video it begins with the picture, even where the old sound begins late; what is too long is cut. */
static void test_video(void)
{
    tracks_begin();
    clip it = clip_usual("in.mp4");
    it.late = 0.8;
    it.seconds = 5.2;
    it.frames = 180;
    REQUIRE(clip_make(&it), "%s", it.path);
    make_tone("voice.wav", 1, 12, 300, 0.3, 0.5, 12, 0);
    demucs_tracks_request request = dub_request("in.mp4", "voice.wav", "out.mp4");
    tracks_record record = {0};
    request.event = tracks_on_event;
    request.event_user = &record;
    demucs_tracks_result *result = tracks_separate(&request);
    REQUIRE(result != NULL, "no result");
    CHECK(record.warnings == 1 && strstr(record.text, "voice.wav is longer than in.mp4: its last ") != NULL, "%s",
          record.text);
    CHECK(result->files[0]->seconds > 5.9 && result->files[0]->seconds < 6.2, "%g s", result->files[0]->seconds);
    demucs_tracks_result_free(result);
    check_loudness("out.mp4", 2, -16, -1);
    size_t frames;
    float *heard = clip_heard("out.mp4", 0, 48000, 3, &frames);
    sound as = {.channels = 1, .sample_rate_hz = 48000, .frames = frames, .planes = {heard}};
    CHECK(decibels(amplitude(&as, 300, 0.51, 0.7), amplitude(&as, 300, 0.3, 0.49)) > 20, "it begins at %g and %g",
          amplitude(&as, 300, 0.51, 0.7), amplitude(&as, 300, 0.3, 0.49));
    free(heard);
}

static void test_refusals(void)
{
    tracks_begin();
    make_tone("music.wav", 2, 2, 1000, 0.2, 0, 2, 0);
    make_tone("silent.wav", 1, 2, 300, 0, 0, 2, 0);
    const int files = tracks_count(NULL);
    demucs_tracks_request request = dub_request("music.wav", "silent.wav", "dub.wav");
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "the narration is silent");
    request.event = tracks_on_event;
    tracks_record record = {0};
    request.event_user = &record;
    CHECK(demucs_tracks_separate(&request, NULL, NULL) == DEMUCS_ERROR_ARGUMENT && record.segments_total == 0,
          "%llu segments before it", (unsigned long long)record.segments_total);
    request = dub_request("music.wav", "silent.wav", "silent.wav");
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "this is the narration");
    make_tone("short.wav", 2, 0.3, 1000, 0.2, 0, 2, 0);
    request = dub_request("short.wav", "music.wav", "dub.wav");
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "too short for a loudness");
    unlink("short.wav");
    request = dub_request("music.wav", "missing.wav", "dub.wav");
    tracks_check_refused(&request, DEMUCS_ERROR_IO, "missing.wav");
    request = dub_request("music.wav", "music.wav", "dub.txt");
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "choose .wav, .flac, .mp3 or .m4a");
    request = dub_request("music.wav", "music.wav", "dub.wav");
    video.loudness_lufs = 3;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "loudness_lufs is 3");
    request = dub_request("music.wav", "music.wav", "music.wav");
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "would overwrite");
    CHECK(tracks_count(NULL) == files, "%d files", tracks_count(NULL));
}

TRACKS_MAIN(test_ducking, test_loudness, test_video, test_refusals)
