/* test_sum.c - files that add up to the track, and files that share one gain. */
#include "tracks.h"

#include "../audio/audio_test.h"
#include "tracks/sum.h"

#include <math.h>
#include <string.h>

enum { FRAMES = 40001, RATE_HZ = 11025 };

static demucs_error error;

/* What the model gets: the track, decoded and resampled. */
static sound mix_of(const tracks_setup *setup, const char *path)
{
    static const demucs_tracks_target targets[] = {{DEMUCS_TRACKS_STEM, "bass", "mix/a.wav"},
                                                   {DEMUCS_TRACKS_REST, "bass", "mix/b.wav"}};
    demucs_tracks_request request = tracks_request(setup, path);
    request.targets = targets;
    request.targets_count = 2;
    request.sample = DEMUCS_TRACKS_FLOAT32;
    request.clip = DEMUCS_TRACKS_CLIP_NONE;
    CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_OK, "%s", error.message);
    sound mix = sound_read("mix/a.wav", 0, 4096, NULL), rest = sound_read("mix/b.wav", 0, 4096, NULL);
    CHECK(mix.frames == rest.frames && mix.channels == 2, "%zu frames", mix.frames);
    for (int c = 0; mix.frames == rest.frames && c < mix.channels; c++)
        for (size_t i = 0; i < mix.frames; i++) mix.planes[c][i] += rest.planes[c][i];
    sound_free(&rest);
    return mix;
}

/* The largest difference between gain * mix and the sum of the files. */
static double distance(const sound *mix, const demucs_tracks_result *result)
{
    sound files[TRACKS_STEMS] = {{0}};
    double worst = 0;
    for (size_t k = 0; k < result->files_count; k++) {
        files[k] = sound_read(result->files[k]->path, 0, 4096, NULL);
        CHECK(files[k].frames == mix->frames && files[k].channels == 2, "%s", result->files[k]->path);
        if (files[k].frames != mix->frames) return INFINITY;
    }
    for (int c = 0; c < 2; c++)
        for (size_t i = 0; i < mix->frames; i++) {
            double sum = 0;
            for (size_t k = 0; k < result->files_count; k++) sum += (double)files[k].planes[c][i];
            worst = fmax(worst, fabs(sum - result->files[0]->gain * (double)mix->planes[c][i]));
        }
    for (size_t k = 0; k < result->files_count; k++) sound_free(&files[k]);
    return worst;
}

static void test_files_add_up(void)
{
    static const double steps[] = {1.0 / 32768, 1.0 / 8388608, 1.0 / 8388608};
    static const demucs_tracks_container containers[] = {DEMUCS_TRACKS_WAV, DEMUCS_TRACKS_FLAC, DEMUCS_TRACKS_ALAC,
                                                         DEMUCS_TRACKS_AIFF};
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, RATE_HZ, FRAMES, 0.4F);
    sound mix = mix_of(setup, "song.wav");
    for (int sample = DEMUCS_TRACKS_INT16; sample <= DEMUCS_TRACKS_FLOAT32; sample++)
        for (int k = 0; k < 4; k++)
            for (int two = 0; two < 2; two++) {
                const bool floats = sample == DEMUCS_TRACKS_FLOAT32 && (k == 0 || k == 3);
                demucs_tracks_request request = tracks_request(setup, "song.wav");
                request.container = containers[k];
                request.sample = (demucs_tracks_sample)sample;
                request.clip = DEMUCS_TRACKS_CLIP_COMMON;
                request.stem = two ? "vocals" : NULL;
                request.sum_to_mix = true;
                demucs_tracks_result *result = NULL;
                CHECK(demucs_tracks_separate(&request, &result, &error) == DEMUCS_OK, "%s", error.message);
                REQUIRE(result != NULL, "a result");
                const double step = floats ? steps[2] : steps[sample == DEMUCS_TRACKS_INT24],
                             off = distance(&mix, result);
                CHECK(off <= step, "sample %d, container %d, %d files: off by %g steps", sample, k,
                      (int)result->files_count, off / step);
                /* without it they are further off */
                request.sum_to_mix = false;
                demucs_tracks_result *plain = NULL;
                CHECK(demucs_tracks_separate(&request, &plain, &error) == DEMUCS_OK, "%s", error.message);
                CHECK(plain != NULL && distance(&mix, plain) > 2 * step, "they add up anyway");
                for (size_t i = 1; plain != NULL && i < plain->files_count; i++)
                    CHECK(plain->files[i]->gain == plain->files[0]->gain, "one gain for all");
                demucs_tracks_result_free(result);
                demucs_tracks_result_free(plain);
            }
    sound_free(&mix);
}

/* A loud track: with COMMON the files are turned down alike and add up to as much less of it. */
static void test_loud_track(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, RATE_HZ, FRAMES, 4);
    sound mix = mix_of(setup, "song.wav");
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.clip = DEMUCS_TRACKS_CLIP_COMMON;
    request.sum_to_mix = true;
    demucs_tracks_result *result = NULL;
    CHECK(demucs_tracks_separate(&request, &result, &error) == DEMUCS_OK, "%s", error.message);
    REQUIRE(result != NULL, "a result");
    double highest = 0;
    for (size_t i = 0; i < result->files_count; i++) {
        const demucs_tracks_file *file = result->files[i];
        CHECK(file->gain == result->files[0]->gain && file->gain < 0.99 && file->clipped == 0, "%s: gain %g",
              file->name, file->gain);
        highest = fmax(highest, file->peak);
    }
    CHECK(fabs(highest - 1 / 1.01) < 1e-4, "peak %g", highest);
    const double off = distance(&mix, result);
    CHECK(off <= 1.0 / 32768, "off by %g steps", off * 32768);
    demucs_tracks_result_free(result);
    sound_free(&mix);
}

/* What is refused before the work. */
static void test_what_cannot_add_up(void)
{
    static const demucs_tracks_target twice[] = {{DEMUCS_TRACKS_STEM, "bass", "a.wav"},
                                                 {DEMUCS_TRACKS_OTHERS, "bass", "b.wav"},
                                                 {DEMUCS_TRACKS_STEM, "drums", "c.wav"}};
    static const char *const some[] = {"drums", "bass"};
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, RATE_HZ, 5000, 0.4F);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.sum_to_mix = true;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "only with one gain for all");
    request.clip = DEMUCS_TRACKS_CLIP_CLAMP;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "only with one gain for all");
    request.clip = DEMUCS_TRACKS_CLIP_NONE;
    request.container = DEMUCS_TRACKS_OGG;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "all wav, flac, alac or aiff, with the same samples");
    request.container = DEMUCS_TRACKS_WAV;
    request.output_channels = 1;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT,
                         "only with the channels and the rate of the model, 2 and 8000");
    request.output_channels = 0;
    request.output_sample_rate_hz = 16000;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "only with the channels and the rate of the model");
    request.output_sample_rate_hz = 0;
    request.wanted = some;
    request.wanted_count = 2;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "hold each stem once");
    request.targets = twice;
    request.targets_count = 3;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "hold each stem once");
    request.targets_count = 2;
    CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_OK, "%s", error.message);
}

/* Floats near full scale, which do not add up to the last of 24 bits by themselves: the sum does. */
static void test_loud_floats(void)
{
    enum { COUNT = 16000, FILES = 4 };
    dmx_sum *sum = dmx_sum_create(FILES, 1, RATE_HZ, 1.0 / 8388608);
    sound noise = sound_noise(FILES, RATE_HZ, COUNT, 0.25F), mix = sound_new(1, RATE_HZ, COUNT);
    REQUIRE(sum != NULL, "memory");
    for (int i = 0; i < COUNT; i++)
        for (int file = 0; file < FILES; file++) {
            sum->planes[file][i] = noise.planes[file][i] + (file % 2 == 0 ? 0.7F : -0.7F);
            mix.planes[0][i] += sum->planes[file][i] + noise.planes[0][i] / 16;
        }
    dmx_sum_spread(sum, (const float *const *)mix.planes, COUNT);
    dmx_sum_round(sum, 1, COUNT);
    double worst = 0;
    for (int i = 0; i < COUNT; i++) {
        double all = 0;
        for (int file = 0; file < FILES; file++) all += (double)sum->planes[file][i];
        worst = fmax(worst, fabs(all - (double)mix.planes[0][i]) * 8388608);
    }
    CHECK(worst < 0.75, "off by %g steps", worst);
    dmx_sum_free(sum);
    sound_free(&noise), sound_free(&mix);
}

TRACKS_MAIN(test_files_add_up, test_loud_track, test_what_cannot_add_up, test_loud_floats)
