/* test_result.c - what comes out: the files are there and are what the result says of them. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file's own figures against those of the result; `exact` for float32, where nothing is rounded on the way (but the
 * sum for the RMS is made in another order). */
static void check_file(const demucs_tracks_file *file, bool exact)
{
    const double tolerance = exact ? 0 : 2.0 / 32768;
    demucs_tracks_measures is = {.struct_size = sizeof is};
    demucs_error error = {DEMUCS_OK, ""};
    REQUIRE(demucs_tracks_measure(file->path, NULL, &is, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(is.frames == file->frames, "%s: %llu frames, not %llu", file->path, (unsigned long long)is.frames,
          (unsigned long long)file->frames);
    CHECK(fabs(is.peak - file->peak) <= tolerance, "%s: peak %g, not %g", file->path, is.peak, file->peak);
    CHECK(fabs(is.rms - file->rms) <= tolerance + 1e-12 * is.rms, "%s: RMS %g, not %g", file->path, is.rms, file->rms);
    CHECK(file->seconds == (double)file->frames / is.sample_rate_hz, "%s: %g s", file->path, file->seconds);
}

static void test_all_stems(void)
{
    const tracks_setup *setup = tracks_begin();
    enum { FRAMES = 9000 };
    static const char *const names[] = {"drums", "bass", "other", "vocals"};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.sample = DEMUCS_TRACKS_FLOAT32;
    demucs_tracks_result *result = tracks_separate(&request);
    if (result == NULL) return;
    CHECK(result->files_count == TRACKS_STEMS, "%zu files", result->files_count);
    CHECK(result->input_channels == 2 && result->input_sample_rate_hz == TRACKS_RATE_HZ, "the input's format");
    CHECK(result->input_frames == FRAMES && result->seconds == (double)FRAMES / TRACKS_RATE_HZ, "its length");
    CHECK(result->channels == 2 && result->sample_rate_hz == TRACKS_RATE_HZ, "the format of the files");
    CHECK(result->damaged == 0 && result->not_finite == 0, "nothing was wrong with it");
    for (int phase = 0; phase < DEMUCS_TRACKS_PHASES; phase++)
        CHECK(result->phase_seconds[phase] > 0 && result->phase_seconds[phase] < 60, "phase %d took %g s", phase,
              result->phase_seconds[phase]);
    for (size_t i = 0; i < result->files_count; i++) {
        const demucs_tracks_file *file = result->files[i];
        char path[64];
        snprintf(path, sizeof path, "out/song/%s.wav", names[i]);
        CHECK(strcmp(file->path, path) == 0 && strcmp(file->name, names[i]) == 0, "%s, %s", file->path, file->name);
        CHECK(file->kind == DEMUCS_TRACKS_STEM && file->source == (int)i, "stem %d", file->source);
        CHECK(file->frames == FRAMES && file->container == DEMUCS_TRACKS_WAV, "its form");
        CHECK(file->peak > 0 && file->rms > 0 && file->rms <= file->peak, "levels %g, %g", file->peak, file->rms);
        CHECK(file->clipped == 0, "%llu samples were cut off", (unsigned long long)file->clipped);
        check_file(file, true);
    }
    demucs_tracks_result_free(result);
    demucs_tracks_result_free(NULL);
}

/* The files of a track are what the engine gives for it, bit for bit. */
static void test_samples(void)
{
    const tracks_setup *setup = tracks_begin();
    enum { FRAMES = 7000 };
    demucs_error error = {DEMUCS_OK, ""};
    demucs_options options;
    demucs_separator *separator = NULL;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.sample = DEMUCS_TRACKS_FLOAT32;
    request.clip = DEMUCS_TRACKS_CLIP_NONE;
    demucs_tracks_result_free(tracks_separate(&request));

    demucs_default_options(&options, sizeof options);
    options.shifts = 0;
    options.threads = 1;
    sound mix = sound_read("song.wav", 0, 512, &error), stems = sound_new(2 * TRACKS_STEMS, TRACKS_RATE_HZ, FRAMES);
    REQUIRE(demucs_separator_create(&separator, setup->model, &options, &error) == DEMUCS_OK &&
                demucs_separate(separator, (const float *const *)mix.planes, FRAMES, stems.planes, &error) == DEMUCS_OK,
            "%s", error.message);
    for (int source = 0; source < TRACKS_STEMS; source++) {
        char path[64];
        snprintf(path, sizeof path, "out/song/%s.wav", demucs_model_source_name(setup->model, source));
        sound is = sound_read(path, 0, 4096, &error);
        CHECK(is.channels == 2 && is.frames == FRAMES, "%s: %s", path, error.message);
        for (int c = 0; is.channels == 2 && c < 2; c++)
            CHECK(memcmp(is.planes[c], stems.planes[2 * source + c], FRAMES * sizeof(float)) == 0, "%s, channel %d",
                  path, c);
        sound_free(&is);
    }
    sound_free(&mix);
    sound_free(&stems);
    demucs_separator_free(separator);
}

static void test_clip_modes(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("loud.wav", 2, TRACKS_RATE_HZ, 5000, 20);
    for (int clip = 0; clip < 3; clip++)
        for (int sample = 0; sample < 3; sample++) {
            demucs_tracks_request request = tracks_request(setup, "loud.wav");
            request.clip = (demucs_tracks_clip)clip;
            request.sample = (demucs_tracks_sample)sample;
            demucs_tracks_result *result = tracks_separate(&request);
            if (result == NULL) return;
            bool turned_down = false, cut_off = false;
            for (size_t i = 0; i < result->files_count; i++) {
                const demucs_tracks_file *file = result->files[i];
                turned_down = turned_down || file->gain < 1;
                cut_off = cut_off || file->clipped > 0;
                CHECK(clip == DEMUCS_TRACKS_CLIP_NONE || file->peak <= 0.9901, "%s: peak %g", file->path, file->peak);
                CHECK(file->gain == 1 || fabs(file->peak - 1 / 1.01) < 1e-5, "%s: peak %g", file->path, file->peak);
                if (clip != DEMUCS_TRACKS_CLIP_NONE || sample == DEMUCS_TRACKS_FLOAT32)
                    check_file(file, sample == DEMUCS_TRACKS_FLOAT32);
            }
            CHECK(turned_down == (clip == DEMUCS_TRACKS_CLIP_RESCALE), "clip mode %d: turned down", clip);
            CHECK(cut_off == (clip == DEMUCS_TRACKS_CLIP_CLAMP ||
                              (clip == DEMUCS_TRACKS_CLIP_NONE && sample != DEMUCS_TRACKS_FLOAT32)),
                  "clip mode %d, sample type %d: cut off", clip, sample);
            demucs_tracks_result_free(result);
        }
}

/* Mono at another rate, with samples that are no numbers. */
static void test_input(void)
{
    const tracks_setup *setup = tracks_begin();
    const audio_format format = {
        .container = AUDIO_WAV, .sample = AUDIO_FLOAT32, .sample_rate_hz = 16000, .channels = 1};
    demucs_error error;
    sound noise = sound_noise(1, 16000, 16001, 0.5F);
    noise.planes[0][7] = NAN;
    noise.planes[0][9000] = INFINITY;
    REQUIRE(sound_write("mono.wav", &format, &noise, &error), "%s", error.message);
    sound_free(&noise);
    demucs_tracks_request request = tracks_request(setup, "mono.wav");
    demucs_tracks_result *result = tracks_separate(&request);
    if (result == NULL) return;
    CHECK(result->input_channels == 1 && result->input_sample_rate_hz == 16000 && result->input_frames == 16001,
          "%d channels, %d Hz", result->input_channels, result->input_sample_rate_hz);
    CHECK(result->not_finite == 2, "%llu not finite", (unsigned long long)result->not_finite);
    CHECK(result->channels == 2 && result->files[0]->frames == 8000 && result->seconds == 1, "%g s", result->seconds);
    demucs_tracks_result_free(result);
}

/* An input with a broken middle. */
static void test_damaged(void)
{
    const tracks_setup *setup = tracks_begin();
    bytes file = load_bytes(DEMUCS_TEST_DATA "/audio/tone.mp3");
    REQUIRE(file.data != NULL && file.size > 4000, "tone.mp3");
    memset(file.data + file.size / 2, 0xff, 700);
    save_bytes("damaged.mp3", file.data, file.size);
    free(file.data);
    tracks_record record = {0};
    demucs_tracks_request request = tracks_request(setup, "damaged.mp3");
    request.event = tracks_on_event;
    request.event_user = &record;
    demucs_tracks_result *result = tracks_separate(&request);
    if (result == NULL) return;
    CHECK(result->damaged > 0 && record.counts[DEMUCS_TRACKS_EVENT_DAMAGED] == result->damaged, "%zu places",
          result->damaged);
    CHECK(strstr(record.text, "damaged.mp3: ") != NULL && strstr(record.text, "damaged: taken as silence") != NULL,
          "%s", record.text);
    demucs_tracks_result_free(result);
}

/* A download that broke off: the header of a flac file announces all of it. */
static void test_cut_off(void)
{
    const tracks_setup *setup = tracks_begin();
    const audio_format flac = {
        .container = AUDIO_FLAC, .sample = AUDIO_INT16, .sample_rate_hz = TRACKS_RATE_HZ, .channels = 2};
    demucs_error error;
    sound noise = sound_noise(2, TRACKS_RATE_HZ, 3 * TRACKS_RATE_HZ, 0.5F);
    REQUIRE(sound_write("whole.flac", &flac, &noise, &error), "%s", error.message);
    sound_free(&noise);
    bytes file = load_bytes("whole.flac");
    REQUIRE(file.data != NULL && save_bytes("cut.flac", file.data, file.size / 2), "cut");
    free(file.data);
    for (int cut = 0; cut < 2; cut++) {
        tracks_record record = {0};
        demucs_tracks_request request = tracks_request(setup, cut ? "cut.flac" : "whole.flac");
        request.event = tracks_on_event;
        request.event_user = &record;
        demucs_tracks_result *result = tracks_separate(&request);
        if (result == NULL) return;
        CHECK(result->warnings_count == (size_t)cut &&
                  (!cut || (strcmp(result->warnings[0]->text, record.text) == 0 &&
                            result->warnings[0]->kind == DEMUCS_TRACKS_EVENT_SHORT &&
                            result->warnings[0]->count == result->missing_frames)),
              "%zu warnings in the result", result->warnings_count);
        CHECK(record.warnings == cut && record.counts[DEMUCS_TRACKS_EVENT_SHORT] == result->missing_frames, "%s",
              record.text);
        CHECK(result->input_frames + result->missing_frames == 3 * TRACKS_RATE_HZ, "%llu frames, %llu missing",
              (unsigned long long)result->input_frames, (unsigned long long)result->missing_frames);
        CHECK(!cut ||
                  (strstr(record.text, "cut.flac ends after 1.") != NULL && strstr(record.text, " s of 3.0 s") != NULL),
              "%s", record.text);
        demucs_tracks_result_free(result);
    }
}

/* Files named one by one: every kind, every container, an ending that says nothing. */
static void test_targets(void)
{
    const tracks_setup *setup = tracks_begin();
    const demucs_tracks_target targets[] = {{DEMUCS_TRACKS_STEM, "bass", "b.flac"},
                                            {DEMUCS_TRACKS_REST, "bass", "deep/er/rest.wav"},
                                            {DEMUCS_TRACKS_OTHERS, "vocals", "backing"},
                                            {DEMUCS_TRACKS_STEM, "vocals", "v.MP3"}};
    static const demucs_tracks_container containers[] = {DEMUCS_TRACKS_FLAC, DEMUCS_TRACKS_WAV, DEMUCS_TRACKS_FLAC,
                                                         DEMUCS_TRACKS_MP3};
    static const char *const names[] = {"bass", "minus_bass", "no_vocals", "vocals"};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 6000, 0.5F);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.targets = targets;
    request.targets_count = 4;
    request.container = DEMUCS_TRACKS_FLAC;
    demucs_tracks_result *result = tracks_separate(&request);
    REQUIRE(result != NULL && result->files_count == 4, "four files");
    for (size_t i = 0; i < 4; i++) {
        const demucs_tracks_file *file = result->files[i];
        CHECK(file->kind == targets[i].kind && file->container == containers[i], "%s: its form", file->path);
        CHECK(strcmp(file->path, targets[i].path) == 0 && strcmp(file->name, names[i]) == 0, "%s, %s", file->path,
              file->name);
        CHECK(access(targets[i].path, R_OK) == 0, "%s is not there", targets[i].path);
    }
    CHECK(access("out", F_OK) != 0, "the folder plays no part");
    demucs_tracks_result_free(result);
}

/* Some stems only, and an absolute pattern. */
static void test_wanted(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const wanted[] = {"vocals", "drums"};
    char pattern[512], folder[256];
    REQUIRE(getcwd(folder, sizeof folder) != NULL, "where we are");
    snprintf(pattern, sizeof pattern, "%s/{track}-{stem}.{ext}", folder);
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 6000, 0.5F);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.pattern = pattern;
    request.wanted = wanted;
    request.wanted_count = 2;
    request.container = DEMUCS_TRACKS_FLAC;
    demucs_tracks_result *result = tracks_separate(&request);
    REQUIRE(result != NULL && result->files_count == 2, "two files");
    CHECK(access("song-drums.flac", R_OK) == 0 && access("song-vocals.flac", R_OK) == 0, "they are there");
    CHECK(access("song-bass.flac", F_OK) != 0, "and no others");
    demucs_tracks_result_free(result);
    request.wanted = NULL;
    request.stem = "other";
    request.other = DEMUCS_TRACKS_OTHER_MINUS;
    result = tracks_separate(&request);
    REQUIRE(result != NULL && result->files_count == 2, "a stem and the rest");
    CHECK(strcmp(result->files[1]->name, "minus_other") == 0, "%s", result->files[1]->name);
    demucs_tracks_result_free(result);
}

/* Opus is at 48,000 Hz, six times the model's rate: as long, and the same sound in the same place. */
static void test_another_rate(void)
{
    const tracks_setup *setup = tracks_begin();
    const demucs_tracks_target targets[] = {{DEMUCS_TRACKS_REST, "bass", "rest.wav"},
                                            {DEMUCS_TRACKS_REST, "bass", "rest.opus"},
                                            {DEMUCS_TRACKS_REST, "bass", "rest.ogg"},
                                            {DEMUCS_TRACKS_REST, "bass", "rest.aif"}};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 20001, 0.2F);
    for (int clip = DEMUCS_TRACKS_CLIP_RESCALE; clip <= DEMUCS_TRACKS_CLIP_NONE; clip++) {
        demucs_tracks_request request = tracks_request(setup, "song.wav");
        request.targets = targets;
        request.targets_count = 4;
        request.clip = (demucs_tracks_clip)clip;
        demucs_tracks_result *result = tracks_separate(&request);
        REQUIRE(result != NULL && result->files_count == 4, "four files");
        const demucs_tracks_file *opus = result->files[1], *ogg = result->files[2], *aiff = result->files[3];
        CHECK(opus->sample_rate_hz == 48000 && opus->frames == 120006 && fabs(opus->seconds - 2.500125) < 1e-9,
              "%d Hz, %llu frames", opus->sample_rate_hz, (unsigned long long)opus->frames);
        CHECK(opus->container == DEMUCS_TRACKS_OPUS && ogg->container == DEMUCS_TRACKS_OGG &&
                  aiff->container == DEMUCS_TRACKS_AIFF && ogg->sample_rate_hz == TRACKS_RATE_HZ,
              "their forms");
        sound plain = sound_read("rest.wav", 0, 4096, NULL), read = sound_read("rest.opus", 0, 4096, NULL);
        CHECK(read.frames == 120006 && plain.frames == 20001, "%zu and %zu frames", read.frames, plain.frames);
        double off = 0, all = 1e-30;
        for (size_t i = 100; read.frames == 120006 && i < 19900; i++) {
            const double expected = plain.planes[0][i], difference = read.planes[0][6 * i] - expected;
            off += difference * difference;
            all += expected * expected;
        }
        CHECK(10 * log10(all / off) > 10, "%.1f dB", 10 * log10(all / off));
        sound_free(&plain), sound_free(&read);
        demucs_tracks_result_free(result);
    }
}

TRACKS_MAIN(test_all_stems, test_samples, test_clip_modes, test_input, test_damaged, test_cut_off, test_targets,
            test_wanted, test_another_rate)
