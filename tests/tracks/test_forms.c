/* test_forms.c - other forms of the files: the rest beside a stem by its name, another sample rate, one channel. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 20000 };

/* "no_drums" and "minus_bass" among the names give the files that stem and other give. */
static void test_rest_by_name(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const names[] = {"vocals", "no_drums", "minus_bass"};
    static const char *const only[] = {"minus_bass"};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    demucs_tracks_request request = tracks_request_floats(setup, "named");
    request.wanted = names;
    request.wanted_count = 3;
    demucs_tracks_result *result = tracks_separate(&request);
    REQUIRE(result != NULL && result->files_count == 3, "three files");
    CHECK(strcmp(result->files[0]->name, "no_drums") == 0 && result->files[0]->kind == DEMUCS_TRACKS_OTHERS &&
              result->files[0]->source == 0,
          "%s", result->files[0]->name);
    demucs_tracks_result_free(result);
    request = tracks_request_floats(setup, "alone");
    request.stem = "drums";
    demucs_tracks_result_free(tracks_separate(&request));
    request.stem = "bass";
    request.other = DEMUCS_TRACKS_OTHER_MINUS;
    demucs_tracks_result_free(tracks_separate(&request));
    CHECK(tracks_same("named/no_drums.wav", "alone/no_drums.wav"), "no_drums");
    CHECK(tracks_same("named/minus_bass.wav", "alone/minus_bass.wav"), "minus_bass");
    demucs_error error;
    bool needed[TRACKS_STEMS];
    request = tracks_request_floats(setup, "named");
    request.wanted = only;
    request.wanted_count = 1;
    CHECK(demucs_tracks_needs(&request, setup->model, needed, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(!needed[0] && needed[1] && !needed[2] && !needed[3], "minus_bass needs the bass alone");
    request.wanted = names + 1;
    CHECK(demucs_tracks_needs(&request, setup->model, needed, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(!needed[0] && needed[1] && needed[2] && needed[3], "no_drums needs all others");
    static const char *const wrong[] = {"no_guitar"};
    request.wanted = wrong;
    CHECK(tracks_failed(demucs_tracks_needs(&request, setup->model, needed, &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "the model has no stem \"guitar\""),
          "%s", error.message);
    CHECK(demucs_tracks_needs(&request, NULL, needed, NULL) == DEMUCS_ERROR_ARGUMENT &&
              demucs_tracks_needs(&request, setup->model, NULL, NULL) == DEMUCS_ERROR_ARGUMENT,
          "NULL");
}

/* All of `planes` through a resampler, as a stranger would do it. */
static sound resampled(const sound *in, int to_hz)
{
    demucs_resampler *resampler = NULL;
    sound out = sound_new(in->channels, to_hz, demucs_resampled_frames(in->frames, in->sample_rate_hz, to_hz) + 1000);
    float *at[2] = {out.planes[0], out.planes[1]};
    const float *from[2] = {in->planes[0], in->planes[1]};
    if (demucs_resampler_create(&resampler, in->sample_rate_hz, to_hz, in->channels, NULL) != DEMUCS_OK) abort();
    size_t pushed = 0, pulled = 0;
    for (bool finished = false, more = true; more;) {
        size_t accepted = 0, frames = 0;
        const float *rest[2] = {from[0] + pushed, in->channels > 1 ? from[1] + pushed : NULL};
        if (pushed < in->frames) demucs_resampler_push(resampler, rest, in->frames - pushed, &accepted, NULL);
        pushed += accepted;
        if (pushed == in->frames && !finished) finished = demucs_resampler_finish(resampler, NULL) == DEMUCS_OK;
        float *to[2] = {at[0] + pulled, in->channels > 1 ? at[1] + pulled : NULL};
        demucs_resampler_pull(resampler, to, 500, &frames, NULL);
        pulled += frames;
        more = !finished || frames > 0;
    }
    demucs_resampler_free(resampler);
    out.frames = pulled;
    return out;
}

/* What the file should hold, from the stem as the model gives it. */
static void check_converted(const char *path, const char *stem, int channels, int to_hz)
{
    demucs_error error;
    sound is = sound_read(path, 0, 777, &error), was = sound_read(stem, 0, 777, &error);
    REQUIRE(is.channels == channels && is.sample_rate_hz == to_hz, "%s: %d channels at %d Hz", path, is.channels,
            is.sample_rate_hz);
    for (size_t i = 0; channels == 1 && i < was.frames; i++)
        was.planes[0][i] = (was.planes[0][i] + was.planes[1][i]) / 2;
    was.channels = channels;
    sound expected = resampled(&was, to_hz);
    CHECK(is.frames == expected.frames, "%zu frames, not %zu", is.frames, expected.frames);
    for (int channel = 0; channel < channels; channel++)
        CHECK(memcmp(is.planes[channel], expected.planes[channel], is.frames * sizeof(float)) == 0, "%s: channel %d",
              path, channel);
    sound_free(&expected);
    sound_free(&is);
    was.channels = 2;
    sound_free(&was);
}

static void test_rate_and_channels(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.05F);
    demucs_tracks_request request = tracks_request_floats(setup, "model");
    demucs_tracks_result_free(tracks_separate(&request));
    static const struct {
        const char *folder;
        int rate_hz, channels;
        demucs_tracks_clip clip;
    } cases[] = {{"a", 16000, 1, DEMUCS_TRACKS_CLIP_NONE},
                 {"b", 5333, 0, DEMUCS_TRACKS_CLIP_NONE},
                 {"c", 0, 1, DEMUCS_TRACKS_CLIP_NONE},
                 {"d", 11025, 1, DEMUCS_TRACKS_CLIP_RESCALE}}; /* through the spools; the stems are not too loud */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[64];
        request = tracks_request_floats(setup, cases[i].folder);
        request.output_sample_rate_hz = cases[i].rate_hz;
        request.output_channels = cases[i].channels;
        request.clip = cases[i].clip;
        demucs_tracks_result *result = tracks_separate(&request);
        REQUIRE(result != NULL, "case %zu", i);
        const int channels = cases[i].channels > 0 ? 1 : 2, rate = cases[i].rate_hz > 0 ? cases[i].rate_hz : 8000;
        CHECK(result->channels == channels && result->sample_rate_hz == rate, "case %zu: the result", i);
        CHECK(result->files[0]->frames == demucs_resampled_frames(FRAMES, TRACKS_RATE_HZ, rate) &&
                  fabs(result->files[0]->seconds - result->seconds) < 1.0 / rate,
              "case %zu: %llu frames", i, (unsigned long long)result->files[0]->frames);
        demucs_tracks_result_free(result);
        snprintf(path, sizeof path, "%s/vocals.wav", cases[i].folder);
        check_converted(path, "model/vocals.wav", channels, rate);
    }
}

/* Rates that a format does not take are told before the work, and so are numbers that make no sense. */
static void test_refused(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    demucs_tracks_request request = tracks_request_floats(setup, "out");
    request.output_sample_rate_hz = -1;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT,
                         "output_sample_rate_hz is -1, but should be from 0 to 768000");
    request = tracks_request_floats(setup, "out");
    request.output_channels = 2;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "output_channels is 2, but should be from 0 to 1");
    CHECK(tracks_count("song.wav") == 0, "something was made");
}

TRACKS_MAIN(test_rest_by_name, test_rate_and_channels, test_refused)
