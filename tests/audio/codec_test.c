/* codec_test.c - ogg, opus, m4a, aiff: decoded again, the frames of the input, each in its place. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "audio_test.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* ---- an FFmpeg without an encoder: its own function is asked only when none is missing ---- */

struct AVCodec;
const struct AVCodec *avcodec_find_encoder_by_name(const char *name);

static const char *missing = "";

const struct AVCodec *avcodec_find_encoder_by_name(const char *name)
{
    const struct AVCodec *(*find)(const char *) = NULL;
    *(void **)&find = dlsym(RTLD_NEXT, "avcodec_find_encoder_by_name");
    return strcmp(name, missing) == 0 || find == NULL ? NULL : find(name);
}

static void test_missing_encoder(void)
{
    static const struct {
        audio_format format;
        const char *encoder, *sentence;
    } cases[] = {
        {{AUDIO_OGG, AUDIO_INT16, 44100, 2, 0, 0, 0, false},
         "libvorbis",
         "without its Vorbis encoder (libvorbis): write wav"},
        {{AUDIO_OPUS, AUDIO_INT16, 48000, 2, 0, 0, 0, false},
         "libopus",
         "without its Opus encoder (libopus): write wav"},
        {{AUDIO_AAC, AUDIO_INT16, 44100, 2, 0, 0, 0, false}, "aac", "without its AAC encoder (aac): write wav"},
        {{AUDIO_AIFF, AUDIO_INT24, 44100, 2, 0, 0, 0, false},
         "pcm_s24be",
         "without its PCM encoder (pcm_s24be): write wav"},
    };
    scratch_enter();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        demucs_error error = {0};
        missing = cases[i].encoder;
        audio_writer *writer = audio_writer_open("x.out", &cases[i].format, &error);
        CHECK(writer == NULL && error.status == DEMUCS_ERROR_UNSUPPORTED &&
                  strstr(error.message, cases[i].sentence) != NULL,
              "case %zu: %s", i, error.message);
        CHECK(scratch_count() == 0, "case %zu left something behind", i);
        audio_writer_abort(writer);
    }
    missing = "";
    scratch_leave();
}

/* ---- there and back ---- */

/* Where `read` fits `input` best, from -4000 to 4000 frames: 0 when nothing is early or late. */
static int lag_of(const sound *read, const sound *input)
{
    int best = 0;
    double most = -1e30;
    for (int lag = -4000; lag <= 4000; lag++) {
        double sum = 0;
        for (size_t i = 5000; i < 9000; i++)
            sum += (double)read->planes[0][(size_t)((long)i + lag)] * (double)input->planes[0][i];
        if (sum <= most) continue;
        most = sum;
        best = lag;
    }
    return best;
}

/* Where the track ends, which players go by, is stated to the frame. */
static void check_announced(const char *path, size_t frames)
{
    audio_reader *reader = audio_reader_open(path, 0, NULL);
    CHECK(reader != NULL && audio_reader_announced_frames(reader) == frames, "%s says %llu frames instead of %zu", path,
          (unsigned long long)(reader != NULL ? audio_reader_announced_frames(reader) : 0), frames);
    audio_reader_close(reader);
}

static void check_there_and_back(const char *path, const audio_format *format, size_t frames, double least_snr)
{
    /* the tone repeats itself; noise that is added tells where it is */
    sound input = sound_tone(format->sample_rate_hz, frames), noise = sound_noise(1, 8000, frames, 0.2F);
    input.channels = format->channels;
    for (int channel = 0; channel < format->channels; channel++)
        for (size_t i = 2; i < frames; i++) {
            const float *from = noise.planes[0] + i;
            input.planes[channel][i] += (from[-2] + from[-1] + from[0]) / 3;
        }
    demucs_error error = {0};
    CHECK(sound_write(path, format, &input, &error), "%s: %s", path, error.message);
    sound read = sound_read(path, 0, 4096, &error);
    /* the reader leaves what fills up the last block of AAC */
    const size_t most = format->container == AUDIO_AAC ? frames + 1023 : frames;
    const bool fits = read.frames >= frames && read.frames <= most;
    CHECK(fits && read.channels == format->channels && read.sample_rate_hz == format->sample_rate_hz,
          "%s: %zu of %zu frames, %d channels, %d Hz %s", path, read.frames, frames, read.channels, read.sample_rate_hz,
          error.message);
    if (format->container == AUDIO_AAC) check_announced(path, frames);
    if (fits && frames > 14000) {
        const double snr = sound_snr(&read, &input, 0, frames);
        CHECK(lag_of(&read, &input) == 0, "%s: %d frames late", path, lag_of(&read, &input));
        CHECK(snr > least_snr, "%s, %zu frames: SNR %.1f dB", path, frames, snr);
    }
    sound_free(&input), sound_free(&read), sound_free(&noise);
}

static void test_there_and_back(void)
{
    /* What the encoders reach here, less some 3 dB, since noise is hard for them. */
    static const struct {
        const char *path;
        audio_format format;
        double least_snr;
    } cases[] = {
        {"x.ogg", {AUDIO_OGG, AUDIO_INT16, 44100, 2, 0, 0, 0, false}, 22},
        {"mono.ogg", {AUDIO_OGG, AUDIO_INT16, 8000, 1, 0, 0, 0, false}, 25},
        {"rate.ogg", {AUDIO_OGG, AUDIO_INT16, 44100, 2, 0, 0, 320, false}, 28},
        {"x.opus", {AUDIO_OPUS, AUDIO_INT16, 48000, 2, 0, 0, 0, false}, 18},
        {"rate.opus", {AUDIO_OPUS, AUDIO_INT16, 48000, 1, 0, 0, 256, false}, 22},
        {"x.m4a", {AUDIO_AAC, AUDIO_INT16, 44100, 2, 0, 0, 0, false}, 30},
        {"mono.m4a", {AUDIO_AAC, AUDIO_INT16, 8000, 1, 0, 0, 0, false}, 29},
        {"rate.m4a", {AUDIO_AAC, AUDIO_INT16, 44100, 2, 0, 0, 320, false}, 28},
        {"alac.m4a", {AUDIO_ALAC, AUDIO_INT16, 44100, 2, 0, 0, 0, false}, 70},
        {"alac24.m4a", {AUDIO_ALAC, AUDIO_INT24, 8000, 1, 0, 0, 0, false}, 120},
        {"x.aiff", {AUDIO_AIFF, AUDIO_INT16, 44100, 2, 0, 0, 0, false}, 70},
        {"24.aiff", {AUDIO_AIFF, AUDIO_INT24, 8000, 1, 0, 0, 0, false}, 120},
        {"float.aif", {AUDIO_AIFF, AUDIO_FLOAT32, 96000, 2, 0, 0, 0, false}, 199},
    };
    static const size_t lengths[] = {1, 700, 1024, 1025, 40000, 44100};
    scratch_enter();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
            /* FFmpeg's reader cannot trim an Opus file of a single packet, which has up to 648 frames */
            if (cases[i].format.container != AUDIO_OPUS || lengths[k] > 648)
                check_there_and_back(cases[i].path, &cases[i].format, lengths[k], cases[i].least_snr);
    scratch_leave();
}

TEST_MAIN(test_missing_encoder, test_there_and_back)
