/* test_keep.c - files that keep the sample rate of their input (request.keep); test_keep_depth.c has their depth. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE_HZ = 11025, FRAMES = 30011 };

static demucs_error error;

static const demucs_tracks_container containers[] = {DEMUCS_TRACKS_WAV,  DEMUCS_TRACKS_FLAC, DEMUCS_TRACKS_MP3,
                                                     DEMUCS_TRACKS_OGG,  DEMUCS_TRACKS_OPUS, DEMUCS_TRACKS_AAC,
                                                     DEMUCS_TRACKS_ALAC, DEMUCS_TRACKS_AIFF};

/* ------------------------------------------------------------------------------------------------------ rate ---- */

/* A tone that both rates can hold, fading in and out, so that no edge rings. */
static sound soft_tone(int rate_hz, size_t frames)
{
    sound tone = sound_new(2, rate_hz, frames);
    for (size_t i = 0; i < frames; i++) {
        const double t = (double)i / rate_hz, fade = sin(3.14159265358979 * (double)i / (double)frames);
        tone.planes[0][i] = (float)(0.3 * fade * sin(2000 * t));
        tone.planes[1][i] = (float)(0.3 * fade * cos(3300.7 * t));
    }
    return tone;
}

static void save(const char *path, const sound *it, audio_container container, audio_sample sample)
{
    const audio_format format = {.container = container,
                                 .sample = sample,
                                 .sample_rate_hz = it->sample_rate_hz,
                                 .channels = it->channels,
                                 .mp3_bitrate_kbps = 320,
                                 .mp3_quality = 5};
    REQUIRE(sound_write(path, &format, it, &error), "%s", error.message);
}

/* Separate into a stem and the rest, which add up to what the model got: the sum of both files. */
static sound there_and_back(const tracks_setup *setup, demucs_tracks_request request)
{
    request.separation = &setup->separation;
    request.stem = "bass";
    request.other = DEMUCS_TRACKS_OTHER_MINUS;
    request.sample = DEMUCS_TRACKS_FLOAT32;
    request.clip = DEMUCS_TRACKS_CLIP_NONE;
    request.keep = DEMUCS_TRACKS_KEEP_RATE;
    demucs_tracks_result *result = tracks_separate(&request);
    if (result == NULL || result->files_count != 2) return (sound){0};
    sound sum = sound_read(result->files[0]->path, 0, 4096, NULL),
          rest = sound_read(result->files[1]->path, 0, 4096, NULL);
    CHECK(sum.sample_rate_hz == result->input_sample_rate_hz && sum.frames == result->input_frames &&
              rest.frames == sum.frames,
          "%zu and %zu frames at %d Hz of %llu at %d Hz", sum.frames, rest.frames, sum.sample_rate_hz,
          (unsigned long long)result->input_frames, result->input_sample_rate_hz);
    CHECK(result->sample_rate_hz == sum.sample_rate_hz && result->files[0]->sample_rate_hz == sum.sample_rate_hz &&
              result->files[0]->frames == sum.frames && result->warnings_count == 0,
          "what the result says");
    for (int c = 0; c < 2; c++)
        for (size_t i = 0; i < sum.frames; i++) sum.planes[c][i] += rest.planes[c][i];
    sound_free(&rest);
    demucs_tracks_result_free(result);
    return sum;
}

/* As many frames as the input, and each in its place. */
static void test_rate_and_length(void)
{
    static const int rates[] = {4000, 8000, 11025, 22050, 44100, 48000, 96000, 11127};
    const tracks_setup *setup = tracks_begin();
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++)
        for (size_t more = 0; more < 8; more++) {
            sound tone = soft_tone(rates[k], (size_t)rates[k] + more);
            save("song.wav", &tone, AUDIO_WAV, AUDIO_FLOAT32);
            sound back = there_and_back(setup, tracks_request(setup, "song.wav"));
            REQUIRE(back.frames == tone.frames, "%d Hz: %zu frames of %zu", rates[k], back.frames, tone.frames);
            const double snr = sound_snr(&back, &tone, 0, tone.frames); /* a delay of 1/100 frame would be some 30 dB */
            CHECK(snr > 75, "%d Hz, %zu frames: %.1f dB", rates[k], tone.frames, snr);
            sound_free(&tone), sound_free(&back);
        }
}

static void test_rate_of_a_section(void)
{
    const tracks_setup *setup = tracks_begin();
    sound tone = soft_tone(RATE_HZ, FRAMES);
    save("song.wav", &tone, AUDIO_WAV, AUDIO_FLOAT32);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.start_seconds = 7000.0 / RATE_HZ;
    request.duration_seconds = 9001.0 / RATE_HZ;
    sound back = there_and_back(setup, request), part = sound_new(2, RATE_HZ, 9001);
    for (int c = 0; c < 2; c++) memcpy(part.planes[c], tone.planes[c] + 7000, 9001 * sizeof(float));
    REQUIRE(back.frames == 9001, "%zu frames", back.frames);
    const double snr = sound_snr(&back, &part, 300, 8700); /* the ends are cut */
    CHECK(snr > 75, "%.1f dB", snr);
    sound_free(&tone), sound_free(&back), sound_free(&part);
}

/* Which rate each format has, where it does not have that of the input. */
static void test_rates_of_formats(void)
{
    static const struct {
        int input_hz, mp3_hz, aac_hz;
    } cases[] = {{11025, 11025, 11025},
                 {9000, 11025, 11025},
                 {44100, 44100, 44100},
                 {96000, 48000, 96000},
                 {176400, 48000, 96000}};
    const tracks_setup *setup = tracks_begin();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        for (size_t c = 0; c < sizeof containers / sizeof *containers; c++) {
            const int hz = cases[k].input_hz, expected = containers[c] == DEMUCS_TRACKS_MP3    ? cases[k].mp3_hz
                                                         : containers[c] == DEMUCS_TRACKS_AAC  ? cases[k].aac_hz
                                                         : containers[c] == DEMUCS_TRACKS_OPUS ? 48000
                                                                                               : hz;
            tracks_make("song.wav", 2, hz, (size_t)hz / 2 + 1, 0.3F);
            tracks_record record = {0};
            demucs_tracks_request request = tracks_request(setup, "song.wav");
            request.container = containers[c];
            request.stem = "bass";
            request.other = DEMUCS_TRACKS_OTHER_NONE;
            request.mp3_bitrate_kbps = 96; /* for which LAME would choose another rate */
            request.keep = DEMUCS_TRACKS_KEEP_RATE;
            request.event = tracks_on_event;
            request.event_user = &record;
            demucs_tracks_result *result = tracks_separate(&request);
            REQUIRE(result != NULL, "a result");
            const demucs_tracks_file *file = result->files[0];
            const uint64_t frames = demucs_resampled_frames((uint64_t)hz / 2 + 1, hz, expected);
            CHECK(file->sample_rate_hz == expected && file->frames == frames,
                  "%d Hz, container %zu: %llu of %llu at %d", hz, c, (unsigned long long)file->frames,
                  (unsigned long long)frames, file->sample_rate_hz);
            audio_reader *reader = audio_reader_open(file->path, 0, &error);
            CHECK(reader != NULL && audio_reader_sample_rate_hz(reader) == expected, "%s", error.message);
            audio_reader_close(reader);
            const bool told = expected != hz && containers[c] != DEMUCS_TRACKS_OPUS;
            CHECK(record.warnings == told, "%d Hz, container %zu: %s", hz, c, record.text);
            CHECK(!told || (record.counts[DEMUCS_TRACKS_EVENT_RATE] == (uint64_t)expected &&
                            strstr(record.text, "since its format does not have") != NULL),
                  "%s", record.text);
            demucs_tracks_result_free(result);
        }
}

/* A stem that is too loud at the rate of its file is turned down by the peak that it has there. */
static void test_peaks_at_the_rate_of_the_file(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, 48000, 48000, 30);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.keep = DEMUCS_TRACKS_KEEP_RATE;
    demucs_tracks_result *result = tracks_separate(&request);
    REQUIRE(result != NULL, "a result");
    for (size_t i = 0; i < result->files_count; i++)
        CHECK(result->files[i]->gain < 0.9 && fabs(result->files[i]->peak - 1 / 1.01) < 1e-5 &&
                  result->files[i]->clipped == 0,
              "%s: gain %g, peak %g, %llu cut off", result->files[i]->name, result->files[i]->gain,
              result->files[i]->peak, (unsigned long long)result->files[i]->clipped);
    demucs_tracks_result_free(result);
}

/* With the rate of the input, files add up to the input itself, what the model never got included. */
static void test_sum_at_the_rate_of_the_input(void)
{
    static const double steps[] = {1.0 / 32768, 1.0 / 8388608, 1.0 / 8388608};
    static const int rates[] = {48000, 8000, 6000};
    const tracks_setup *setup = tracks_begin();
    for (int k = 0; k < 3; k++)
        for (int sample = DEMUCS_TRACKS_INT16; sample <= DEMUCS_TRACKS_FLOAT32; sample++)
            for (int loud = 0; loud < 2; loud++) {
                tracks_make("song.wav", 2, rates[k], FRAMES, loud ? 4 : 0.01F);
                sound input = sound_read("song.wav", 0, 4096, NULL);
                demucs_tracks_request request = tracks_request(setup, "song.wav");
                request.sample = (demucs_tracks_sample)sample;
                request.clip = DEMUCS_TRACKS_CLIP_COMMON;
                request.sum_to_mix = true;
                request.keep = DEMUCS_TRACKS_KEEP_RATE;
                demucs_tracks_result *result = tracks_separate(&request);
                REQUIRE(result != NULL && result->files_count == TRACKS_STEMS, "a result");
                sound sum = sound_new(2, rates[k], FRAMES);
                for (size_t f = 0; f < result->files_count; f++) {
                    sound file = sound_read(result->files[f]->path, 0, 4096, NULL);
                    REQUIRE(file.frames == FRAMES && file.sample_rate_hz == rates[k], "%zu frames", file.frames);
                    for (int c = 0; c < 2; c++)
                        for (size_t i = 0; i < FRAMES; i++) sum.planes[c][i] += file.planes[c][i];
                    sound_free(&file);
                }
                double worst = 0;
                for (int c = 0; c < 2; c++)
                    for (size_t i = 0; i < FRAMES; i++)
                        worst = fmax(worst, fabs((double)sum.planes[c][i] -
                                                 result->files[0]->gain * (double)input.planes[c][i]));
                CHECK(worst <= steps[sample], "%d Hz, sample %d: off by %g steps", rates[k], sample,
                      worst / steps[sample]);
                CHECK((result->files[0]->gain < 1) == (loud == 1), "gain %g", result->files[0]->gain);
                sound_free(&sum), sound_free(&input);
                demucs_tracks_result_free(result);
            }
}

/* A track that changes its rate on the way: files have the rate that it begins with, and add up to it. */
static void test_rate_that_changes(void)
{
    const tracks_setup *setup = tracks_begin();
    bytes both = {.data = malloc(200000)};
    for (int i = 0; i < 2; i++) {
        sound tone = soft_tone(i == 0 ? 16000 : 11025, 30000);
        save("part.mp3", &tone, AUDIO_MP3, AUDIO_INT16);
        bytes part = load_bytes("part.mp3");
        REQUIRE(part.data != NULL && both.size + part.size <= 200000, "%zu bytes", part.size);
        memcpy(both.data + both.size, part.data, part.size);
        both.size += part.size;
        free(part.data);
        sound_free(&tone);
    }
    REQUIRE(save_bytes("song.mp3", both.data, both.size), "write");
    free(both.data);
    demucs_tracks_request request = tracks_request(setup, "song.mp3");
    request.keep = DEMUCS_TRACKS_KEEP_RATE;
    request.clip = DEMUCS_TRACKS_CLIP_COMMON;
    demucs_tracks_result *plain = tracks_separate(&request);
    request.sum_to_mix = true;
    demucs_tracks_result *sum = tracks_separate(&request);
    REQUIRE(plain != NULL && sum != NULL, "results");
    const uint64_t seconds = plain->input_frames / 16000;
    CHECK(plain->input_sample_rate_hz == 16000 && seconds == 4, "%llu s", (unsigned long long)seconds);
    for (size_t i = 0; i < plain->files_count; i++) {
        const demucs_tracks_file *a = plain->files[i], *b = sum->files[i];
        CHECK(a->sample_rate_hz == 16000 && a->frames == plain->input_frames, "%s: %llu frames of %llu", a->name,
              (unsigned long long)a->frames, (unsigned long long)plain->input_frames);
        CHECK(b->sample_rate_hz == 16000 && llabs((long long)(b->frames - a->frames)) <= 1, "%s: %llu frames of %llu",
              b->name, (unsigned long long)b->frames, (unsigned long long)a->frames);
    }
    demucs_tracks_result_free(plain);
    demucs_tracks_result_free(sum);
}

/* -------------------------------------------------------------------------------------------------- together ---- */

/* A kept result has the rate and the depth that it had, and its warnings. */
static void test_cache(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_cache *cache = NULL;
    demucs_cache_options options;
    demucs_cache_options_init(&options, sizeof options);
    REQUIRE(demucs_cache_open(&cache, "cache", &options, &error) == DEMUCS_OK, "%s", error.message);
    tracks_make("song.wav", 2, 96000, 48001, 0.3F);
    for (int mp3 = 0; mp3 < 2; mp3++)
        for (int run = 0; run < 2; run++) {
            demucs_tracks_request request = tracks_request(setup, "song.wav");
            request.cache = cache;
            request.container = mp3 ? DEMUCS_TRACKS_MP3 : DEMUCS_TRACKS_WAV;
            request.keep = DEMUCS_TRACKS_KEEP_RATE | DEMUCS_TRACKS_KEEP_DEPTH;
            demucs_tracks_result *result = tracks_separate(&request);
            REQUIRE(result != NULL, "a result");
            const demucs_tracks_file *file = result->files[0];
            CHECK(result->outcome == (run == 0 ? DEMUCS_TRACKS_COMPUTED : DEMUCS_TRACKS_CACHED), "run %d", run);
            CHECK(result->sample_rate_hz == 96000 && file->sample_rate_hz == (mp3 ? 48000 : 96000) &&
                      file->frames == (mp3 ? 24000 : 48001) && fabs(file->seconds - 0.5) < 1e-4,
                  "run %d: %llu frames at %d Hz", run, (unsigned long long)file->frames, file->sample_rate_hz);
            CHECK(result->warnings_count == (size_t)mp3, "run %d: %zu warnings", run, result->warnings_count);
            demucs_tracks_result_free(result);
        }
    demucs_cache_free(cache);
}

/* What is there already is told of at its own rate. */
static void test_existing(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, RATE_HZ, FRAMES, 0.3F);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.keep = DEMUCS_TRACKS_KEEP_RATE;
    demucs_tracks_result_free(tracks_separate(&request));
    request.skip_existing = true;
    demucs_tracks_result *result = tracks_separate(&request);
    REQUIRE(result != NULL, "a result");
    CHECK(result->outcome == DEMUCS_TRACKS_SKIPPED && result->sample_rate_hz == RATE_HZ &&
              result->files[0]->sample_rate_hz == RATE_HZ && result->files[0]->frames == FRAMES,
          "%llu frames at %d Hz", (unsigned long long)result->files[0]->frames, result->files[0]->sample_rate_hz);
    demucs_tracks_result_free(result);
}

static void test_what_cannot_be(void)
{
    static const demucs_tracks_target mixed[] = {{DEMUCS_TRACKS_STEM, "bass", "a.wav"},
                                                 {DEMUCS_TRACKS_OTHERS, "bass", "b.flac"}};
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, 5000, 5000, 0.4F);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.keep = DEMUCS_TRACKS_KEEP_RATE;
    request.output_sample_rate_hz = 16000;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "exclude each other");
    request.output_sample_rate_hz = 0;
    request.keep = 1u << 20;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "keep is 1048576");
    /* a rate that libvorbis does not have is refused before the track is decoded */
    request.keep = DEMUCS_TRACKS_KEEP_RATE;
    request.container = DEMUCS_TRACKS_OGG;
    tracks_make("song.wav", 2, 768000, 5000, 0.4F);
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "a ogg file cannot hold 2 channels at 768000 Hz");
    /* files that would add up, were it not for what they keep */
    request.keep = DEMUCS_TRACKS_KEEP_DEPTH;
    request.targets = mixed;
    request.targets_count = 2;
    request.sum_to_mix = true;
    request.clip = DEMUCS_TRACKS_CLIP_COMMON;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "with the same samples");
    CHECK(tracks_count("song.wav") == 0, "something was written");
}

TRACKS_MAIN(test_rate_and_length, test_rate_of_a_section, test_rates_of_formats, test_peaks_at_the_rate_of_the_file,
            test_sum_at_the_rate_of_the_input, test_rate_that_changes, test_cache, test_existing, test_what_cannot_be)
