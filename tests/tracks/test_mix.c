/* test_mix.c - what is separated: the mix that a file's channels become. It is a stem plus the rest. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The mix that was separated, and what was told. */
static sound mix_of(demucs_tracks_request request, tracks_record *record)
{
    demucs_error error = {DEMUCS_OK, ""};
    *record = (tracks_record){0};
    request.event = tracks_on_event;
    request.event_user = record;
    request.stem = "bass";
    request.other = DEMUCS_TRACKS_OTHER_MINUS;
    request.pattern = "{stem}.wav";
    request.sample = DEMUCS_TRACKS_FLOAT32;
    request.clip = DEMUCS_TRACKS_CLIP_NONE;
    CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_OK, "%s", error.message);
    sound mix = sound_read("out/bass.wav", 0, 4096, NULL), rest = sound_read("out/minus_bass.wav", 0, 4096, NULL);
    CHECK(mix.frames == rest.frames && mix.channels == 2 && !record->disorder, "%zu frames", mix.frames);
    for (int c = 0; mix.frames == rest.frames && c < mix.channels; c++)
        for (size_t i = 0; i < mix.frames; i++) mix.planes[c][i] += rest.planes[c][i];
    sound_free(&rest);
    return mix;
}

/* How much two channels differ, from `first` on, of what there is. */
static double difference(const float *a, const float *b, size_t first, size_t end)
{
    double off = 0, all = 1e-30;
    for (size_t i = first; i < end; i++) {
        off += (a[i] - b[i]) * (a[i] - b[i]);
        all += a[i] * a[i];
    }
    return off / all;
}

/* Mono that becomes stereo stays mono up to there and is stereo from there on. */
static void test_mono_becomes_stereo(void)
{
    enum { HALF = 16000 };
    const tracks_setup *setup = tracks_begin();
    const audio_format forms[] = {{AUDIO_MP3, AUDIO_INT16, 16000, 1, 64, 5, 0, false},
                                  {AUDIO_MP3, AUDIO_INT16, 8000, 2, 64, 5, 0, false}};
    unsigned char *both = malloc(100000);
    size_t size = 0;
    for (int i = 0; i < 2; i++) {
        sound noise = sound_noise(i + 1, forms[i].sample_rate_hz, 2 * (size_t)forms[i].sample_rate_hz, 0.3F);
        REQUIRE(sound_write("part.mp3", &forms[i], &noise, NULL), "write");
        bytes part = load_bytes("part.mp3");
        REQUIRE(part.data != NULL && size + part.size < 100000, "%zu bytes", part.size);
        memcpy(both + size, part.data, part.size);
        size += part.size;
        free(part.data);
        sound_free(&noise);
    }
    REQUIRE(save_bytes("both.mp3", both, size), "save");
    free(both);
    tracks_record record;
    sound mix = mix_of(tracks_request(setup, "both.mp3"), &record);
    CHECK(labs((long)mix.frames - 2 * HALF) < 3000, "%zu frames", mix.frames);
    if (mix.frames > 2 * HALF) {
        const double mono = difference(mix.planes[0], mix.planes[1], 1000, HALF - 1500),
                     stereo = difference(mix.planes[0], mix.planes[1], HALF + 3000, 2 * HALF - 1500);
        CHECK(mono < 1e-9 && stereo > 0.1, "%g in mono, %g in stereo", mono, stereo);
    }
    sound_free(&mix);
}

/* Of 5.1 the first two channels, with a word; mixed it is left + centre + left surround at -3 dB, and no word. */
static void test_downmix(void)
{
    enum { FRAMES = 8000, CHANNELS = 6 };
    static const float levels[CHANNELS] = {0.1F, 0.2F, 0.3F, 0.4F, 0.05F, 0.06F}; /* L R C LFE Ls Rs */
    const tracks_setup *setup = tracks_begin();
    const audio_format wav = {AUDIO_WAV, AUDIO_FLOAT32, TRACKS_RATE_HZ, CHANNELS, 320, 2, 0, false};
    sound all = sound_noise(CHANNELS, TRACKS_RATE_HZ, FRAMES, 1);
    for (int c = 0; c < CHANNELS; c++)
        for (size_t i = 0; i < FRAMES; i++) all.planes[c][i] *= levels[c];
    REQUIRE(sound_write("surround.wav", &wav, &all, NULL), "write");
    for (int downmix = 0; downmix < 2; downmix++) {
        tracks_record record;
        demucs_tracks_request request = tracks_request(setup, "surround.wav");
        request.downmix = downmix;
        request.downmix_setting = "--mix-all";
        sound mix = mix_of(request, &record);
        double worst = 0;
        for (int c = 0; c < 2; c++)
            for (size_t i = 0; mix.frames == FRAMES && i < FRAMES; i++) {
                const double surround = (all.planes[2][i] + all.planes[4 + c][i]) * sqrt(0.5);
                worst = fmax(worst, fabs(mix.planes[c][i] - all.planes[c][i] - downmix * surround));
            }
        CHECK(mix.frames == FRAMES && worst < 1e-5, "%zu frames, off by %g", mix.frames, worst);
        CHECK(record.warnings == !downmix, "%d warnings", record.warnings);
        CHECK(downmix || (record.counts[DEMUCS_TRACKS_EVENT_CHANNELS] == 2 &&
                          strcmp(record.text, "surround.wav has 6 channels, of which the first 2 are taken; --mix-all "
                                              "mixes them.") == 0),
              "%s", record.text);
        sound_free(&mix);
    }
    sound_free(&all);
}

/* Stereo and mono are no matter of mixing; channels of unknown places cannot be mixed. */
static void test_downmix_of_others(void)
{
    const tracks_setup *setup = tracks_begin();
    for (int channels = 1; channels <= 2; channels++) {
        tracks_make("song.wav", channels, TRACKS_RATE_HZ, 4000, 0.5F);
        sound all = sound_read("song.wav", 0, 4096, NULL);
        demucs_tracks_request request = tracks_request(setup, "song.wav");
        request.downmix = true;
        tracks_record record;
        sound mix = mix_of(request, &record);
        double worst = 0;
        for (size_t i = 0; mix.frames == 4000 && i < 4000; i++)
            worst = fmax(worst, fabs(mix.planes[1][i] - all.planes[channels - 1][i]));
        CHECK(mix.frames == 4000 && worst < 1e-5 && record.warnings == 0, "%d channels: off by %g", channels, worst);
        sound_free(&mix), sound_free(&all);
    }
    tracks_make("many.wav", 19, TRACKS_RATE_HZ, 400, 0.5F);
    demucs_tracks_request request = tracks_request(setup, "many.wav");
    request.downmix = true;
    tracks_check_refused(&request, DEMUCS_ERROR_UNSUPPORTED, "how its 19 channels are arranged is not known");
}

TRACKS_MAIN(test_mono_becomes_stereo, test_downmix, test_downmix_of_others)
