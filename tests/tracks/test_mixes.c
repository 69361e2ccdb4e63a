/* test_mixes.c - files that are sums of stems and of the track: what they hold, what they are called, what is refused.
 */
#include "tracks.h"

#include "../audio/audio_test.h"
#include "tracks/blend.h"

#include <math.h>
#include <string.h>

enum { FRAMES = 20000 };

static demucs_error error;

/* Sums that are another kind of file as well are that file, bit for bit. */
static void test_same_as_other_kinds(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const names[] = {"drums", "no_vocals", "minus_vocals", "no_bass"};
    static const char *const mixes[] = {"karaoke=mix-vocals",
                                        "acc=drums+bass+other",
                                        "turned = -vocals + mix",
                                        "b=other +drums+ bass",
                                        "one=drums",
                                        "by name=no_bass",
                                        "rest=minus_vocals",
                                        "twice=0.5*drums + 0.5*drums",
                                        "less=mix-2*vocals + +0dB*vocals",
                                        "gain = 0dB*no_vocals"};
    static const char *const same[] = {"minus_vocals", "no_vocals",    "minus_vocals", "no_vocals",    "drums",
                                       "no_bass",      "minus_vocals", "drums",        "minus_vocals", "no_vocals"};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    demucs_tracks_request request = tracks_request_floats(setup, "named");
    request.wanted = names;
    request.wanted_count = 4;
    demucs_tracks_result_free(tracks_separate(&request));
    request = tracks_request_floats(setup, "mixed");
    request.wanted = names;
    request.wanted_count = 0;
    request.mixes = mixes;
    request.mixes_count = 10;
    demucs_tracks_result *result = tracks_separate(&request);
    REQUIRE(result != NULL && result->files_count == 10, "mixes alone");
    for (size_t i = 0; i < 10; i++) {
        char other[64];
        snprintf(other, sizeof other, "named/%s.wav", same[i]);
        CHECK(result->files[i]->kind == DEMUCS_TRACKS_MIX && result->files[i]->source == -1, "mix %zu", i);
        CHECK(tracks_same(result->files[i]->path, other), "%s is not %s", mixes[i], same[i]);
    }
    CHECK(strcmp(result->files[2]->name, "turned") == 0 && strcmp(result->files[5]->name, "by name") == 0, "names");
    demucs_tracks_result_free(result);
}

/* To the sign of a zero: one stem is copied, a sum of stems begins with 0, one with the track begins with the track. */
static void test_zeros(void)
{
    static const float zero[1] = {0}, minus[1] = {-0.0F};
    const float *stems[] = {minus, zero, minus};
    static const struct {
        float weights[4];
        bool is_minus;
    } cases[] = {{{0, 1, 0, 0}, true}, {{0, 1, 0, 1}, false}, {{1, 0, -1, 0}, true}, {{1, 0, 0, -1}, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float sum[1] = {5};
        dmx_blend(sum, 1, cases[i].weights, minus, stems, 3, 1);
        CHECK(sum[0] == 0 && (signbit(sum[0]) != 0) == cases[i].is_minus, "case %zu: %g", i, (double)sum[0]);
    }
}

/* Factors and gains, against the stems. */
static void test_weights(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const mixes[] = {"m = drums + 0.25*other - +6dB*vocals + -6 db * mix"};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    demucs_tracks_request request = tracks_request_floats(setup, "out");
    static const char *const names[] = {"drums", "bass", "other", "vocals", "minus_drums"};
    request.wanted = names;
    request.wanted_count = 5;
    request.mixes = mixes;
    request.mixes_count = 1;
    demucs_tracks_result *result = tracks_separate(&request);
    REQUIRE(result != NULL && result->files_count == 6, "stems and a mix");
    sound files[6];
    for (int i = 0; i < 6; i++) {
        char path[64];
        snprintf(path, sizeof path, "out/%s.wav", i < 5 ? names[i] : "m");
        files[i] = sound_read(path, 0, 4096, &error);
    }
    double worst = 0, gain = pow(10, 0.3);
    for (int c = 0; c < 2; c++)
        for (size_t k = 0; k < FRAMES; k++) {
            const double drums = (double)files[0].planes[c][k], mix = drums + (double)files[4].planes[c][k],
                         expected = drums + 0.25 * (double)files[2].planes[c][k] -
                                    gain * (double)files[3].planes[c][k] + mix / gain;
            worst = fmax(worst, fabs(expected - (double)files[5].planes[c][k]));
        }
    CHECK(worst < 1e-5, "off by %g", worst);
    for (int i = 0; i < 6; i++) sound_free(&files[i]);
    demucs_tracks_result_free(result);
}

/* Only the stems that a sum needs are computed; what cancels out is none of them. */
static void test_needs(void)
{
    const tracks_setup *setup = tracks_begin();
    static const struct {
        const char *mix;
        bool needed[TRACKS_STEMS];
    } cases[] = {{"a=mix-vocals", {false, false, false, true}},
                 {"a=drums+0*bass", {true, false, false, false}},
                 {"a=no_vocals-drums", {false, true, true, false}},
                 {"a=mix", {false, false, false, false}}};
    static const char *const none[] = {"none"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool needed[TRACKS_STEMS];
        demucs_tracks_request request = tracks_request_floats(setup, "out");
        request.wanted = none;
        request.mixes = &cases[i].mix;
        request.mixes_count = 1;
        CHECK(demucs_tracks_needs(&request, setup->model, needed, &error) == DEMUCS_OK, "%s", error.message);
        CHECK(memcmp(needed, cases[i].needed, sizeof needed) == 0, "%s", cases[i].mix);
    }
}

/* A target says the expression itself; one gain for all; the same from the cache. */
static void test_targets(void)
{
    const tracks_setup *setup = tracks_begin();
    static const demucs_tracks_target targets[] = {{DEMUCS_TRACKS_MIX, "4*drums + 4*bass", "deep/x.flac"},
                                                   {DEMUCS_TRACKS_STEM, "drums", "y.wav"}};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 1);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.targets = targets;
    request.targets_count = 2;
    request.clip = DEMUCS_TRACKS_CLIP_COMMON;
    REQUIRE(demucs_cache_open(&request.cache, "kept", NULL, &error) == DEMUCS_OK, "%s", error.message);
    demucs_tracks_result *result = tracks_separate(&request);
    REQUIRE(result != NULL && result->files_count == 2, "two files");
    CHECK(strcmp(result->files[0]->name, "4*drums + 4*bass") == 0 && strcmp(result->files[0]->path, "deep/x.flac") == 0,
          "%s", result->files[0]->name);
    CHECK(result->files[0]->gain == result->files[1]->gain, "one gain");
    demucs_tracks_result_free(result);
    CHECK(rename("deep/x.flac", "computed.flac") == 0 && rename("y.wav", "computed.wav") == 0, "rename");
    result = tracks_separate(&request);
    REQUIRE(result != NULL, "a result");
    CHECK(result->outcome == DEMUCS_TRACKS_CACHED && tracks_same("deep/x.flac", "computed.flac") &&
              tracks_same("y.wav", "computed.wav"),
          "from the cache");
    demucs_tracks_result_free(result);
    demucs_cache_free(request.cache);
}

/* Files add up to the track when each stem is in them once, in whatever shares. */
static void test_sum_to_mix(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const whole[][2] = {{"a=drums+0.3*bass", "b=no_drums-0.3*bass"},
                                           {"a=0.3*bass", "b=mix-0.3*bass"}};
    static const char *const none[] = {"none"};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.4F);
    sound mix = sound_read("song.wav", 0, 4096, &error);
    demucs_tracks_request request = tracks_request_floats(setup, "sum");
    request.sample = DEMUCS_TRACKS_INT16;
    request.wanted = none;
    request.mixes_count = 2;
    request.sum_to_mix = true;
    request.clip = DEMUCS_TRACKS_CLIP_COMMON;
    for (int i = 0; i < 2; i++) {
        request.mixes = whole[i];
        demucs_tracks_result *result = tracks_separate(&request);
        REQUIRE(result != NULL, "a result");
        sound a = sound_read("sum/a.wav", 0, 4096, &error), b = sound_read("sum/b.wav", 0, 4096, &error);
        double worst = 0;
        for (size_t k = 0; k < FRAMES; k++)
            worst = fmax(worst, fabs((double)a.planes[0][k] + (double)b.planes[0][k] -
                                     result->files[0]->gain * (double)mix.planes[0][k]));
        CHECK(worst <= 1.0 / 32768, "off by %g steps", worst * 32768);
        sound_free(&a), sound_free(&b);
        demucs_tracks_result_free(result);
    }
    sound_free(&mix);
    request.wanted = NULL;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "hold each stem once");
}

#define WRONG(mix, text)                                                                                               \
    do {                                                                                                               \
        static const char *const one[] = {mix};                                                                        \
        request.mixes = one;                                                                                           \
        request.mixes_count = 1;                                                                                       \
        tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, text);                                                   \
    } while (false)

static void test_refused(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 1000, 0.5F);
    demucs_tracks_request request = tracks_request_floats(setup, "out");
    WRONG("karaoke", "the mix \"karaoke\" should be NAME=EXPRESSION");
    WRONG("=drums", "should be NAME=EXPRESSION");
    WRONG("../x=drums", "should be NAME=EXPRESSION");
    WRONG(".x=drums", "should be NAME=EXPRESSION");
    WRONG("drums=bass", "a mix cannot be called \"drums\"");
    WRONG("no_drums=bass", "a mix cannot be called \"no_drums\"");
    WRONG("k=", "the mix k: \"\" is wrong at its end: the name of a stem is missing");
    WRONG("k=drums + ", "wrong at its end: the name of a stem is missing");
    WRONG("k=drums+guitar-bass", "wrong from \"guitar-bass\" on: the model has no such stem; it has drums, bass");
    WRONG("k=drums bass", "wrong from \"bass\" on: a + or a - is missing");
    WRONG("k=drums*0.5", "wrong from \"*0.5\" on: a factor stands before the name");
    WRONG("k=drums -6dB*bass", "wrong from \"6dB*bass\" on: behind a minus a gain has a sign of its own");
    WRONG("k=-1000.5*bass", "wrong from \"-1000.5*bass\" on: a factor is from -1000 to 1000");
    WRONG("k=bass+61dB*bass", "wrong from \"61dB*bass\" on: a factor is from -1000 to 1000, a gain from -200 to 60 dB");
    WRONG("k=no_guitar", "no such stem");
    WRONG("k=drums-drums", "\"drums-drums\" leaves nothing");
    static const char *const twice[] = {"k=drums", " k = bass"};
    static const char *const none[] = {"none"};
    request.mixes = twice;
    request.mixes_count = 2;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "two mixes are called \"k\"");
    static const demucs_tracks_target target = {DEMUCS_TRACKS_MIX, "drums+", "x.wav"};
    static const demucs_tracks_target unknown = {DEMUCS_TRACKS_MIX, "drums+piano", "x.wav"};
    request.targets = &target;
    request.targets_count = 1;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "\"drums+\" is wrong at its end");
    request.targets = &unknown;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "wrong from \"piano\" on");
    request = tracks_request_floats(setup, "out");
    request.wanted = none;
    request.mixes_count = 1; /* of none */
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "no file is asked for: name stems, or a mix");
    char lengthy[1100] = "k=drums";
    for (size_t i = strlen(lengthy); i + 6 < sizeof lengthy; i += 6) memcpy(lengthy + i, "+drums", 7);
    const char *const one[] = {lengthy};
    request.wanted = NULL;
    request.mixes = one;
    request.mixes_count = 1;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "an expression has at most 1000 characters");
    CHECK(tracks_count("song.wav") == 0, "something was made");
}

TRACKS_MAIN(test_same_as_other_kinds, test_zeros, test_weights, test_needs, test_targets, test_sum_to_mix, test_refused)
