/* writer_test.c - writing: wav byte for byte as the official program, flac without loss, mp3 near enough. */
#include "audio/pcm.h"
#include "audio/wav_writer.h"
#include "audio_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The official samples, [2][300]. */
static sound official_input(void)
{
    sound out = sound_new(2, 44100, 300);
    bytes file = load_bytes(data_path("official_in.f32"));
    for (int channel = 0; channel < 2 && file.size == 2400; channel++)
        memcpy(out.planes[channel], file.data + channel * 1200, 1200);
    free(file.data);
    return out;
}

static void check_equal_files(const char *actual, const char *expected)
{
    bytes a = load_bytes(actual), b = load_bytes(expected);
    size_t at = 0;
    while (at < a.size && at < b.size && a.data[at] == b.data[at]) at++;
    CHECK(a.data != NULL && b.data != NULL && a.size == b.size && at == a.size,
          "%s: %zu bytes, %zu expected, different from byte %zu on", actual, a.size, b.size, at);
    free(a.data), free(b.data);
}

static void test_wav_is_the_official_one(void)
{
    scratch_enter();
    sound input = official_input();
    demucs_error error = {0};
    const audio_format int16 = {AUDIO_WAV, AUDIO_INT16, 44100, 2, 0, 0, 0, false},
                       int24 = {AUDIO_WAV, AUDIO_INT24, 44100, 2, 0, 0, 0, false},
                       float32 = {AUDIO_WAV, AUDIO_FLOAT32, 44100, 2, 0, 0, 0, false};
    CHECK(sound_write("16.wav", &int16, &input, &error), "%s", error.message);
    check_equal_files("16.wav", data_path("official_int16.wav"));
    CHECK(sound_write("24.wav", &int24, &input, &error), "%s", error.message);
    check_equal_files("24.wav", data_path("official_int24.wav"));
    /* The official writer clamps floats too; ours leaves that to its caller. */
    for (int channel = 0; channel < 2; channel++)
        for (int i = 0; i < 300; i++) input.planes[channel][i] = fmaxf(-1.0f, fminf(1.0f, input.planes[channel][i]));
    CHECK(sound_write("32.wav", &float32, &input, &error), "%s", error.message);
    check_equal_files("32.wav", data_path("official_float32.wav"));
    sound_free(&input);
    scratch_leave();
}

static void test_float_wav_keeps_every_value(void)
{
    scratch_enter();
    sound input = sound_noise(3, 96000, 5000, 7.0f);
    input.planes[1][4999] = INFINITY;
    const audio_format format = {AUDIO_WAV, AUDIO_FLOAT32, 96000, 3, 0, 0, 0, false};
    REQUIRE(sound_write("x.wav", &format, &input, NULL), "write");
    sound read = sound_read("x.wav", 0, 4096, NULL);
    CHECK(read.channels == 3 && read.sample_rate_hz == 96000 && read.frames == 5000, "%d, %d, %zu", read.channels,
          read.sample_rate_hz, read.frames);
    for (int channel = 0; channel < read.channels && read.frames == 5000; channel++)
        CHECK(memcmp(read.planes[channel], input.planes[channel], 20000) == 0, "channel %d differs", channel);
    sound_free(&input), sound_free(&read);
    scratch_leave();
}

static void test_nan_becomes_zero_in_integers(void)
{
    CHECK(audio_to_int(NAN, AUDIO_INT24_MAX) == 0, "%d", audio_to_int(NAN, AUDIO_INT24_MAX));
    scratch_enter();
    sound input = sound_new(1, 8000, 3);
    input.planes[0][0] = NAN, input.planes[0][1] = 2.0f, input.planes[0][2] = -INFINITY;
    const audio_format format = {AUDIO_WAV, AUDIO_INT16, 8000, 1, 0, 0, 0, false};
    REQUIRE(sound_write("x.wav", &format, &input, NULL), "write");
    bytes file = load_bytes("x.wav");
    CHECK(file.size == 50 && memcmp(file.data + 44, "\0\0\xFF\x7F\x01\x80", 6) == 0, "%zu bytes", file.size);
    free(file.data);
    sound_free(&input);
    scratch_leave();
}

static void test_empty_wav(void)
{
    scratch_enter();
    sound nothing = sound_new(2, 44100, 0);
    const audio_format format = {AUDIO_WAV, AUDIO_INT16, 44100, 2, 0, 0, 0, false};
    CHECK(sound_write("x.wav", &format, &nothing, NULL), "write");
    bytes file = load_bytes("x.wav");
    CHECK(file.size == 44 && memcmp(file.data + 4, "\x24\0\0\0", 4) == 0 && memcmp(file.data + 40, "\0\0\0\0", 4) == 0,
          "%zu bytes", file.size);
    free(file.data);
    sound_free(&nothing);
    scratch_leave();
}

static bool append_to(const void *data, size_t count, void *user) { return fwrite(data, 1, count, user) == count; }

/* A file without a name whose length is known ahead: handed on as it grows it is the file "long.wav" of this sound. */
static void check_expected(const audio_format *format, const sound *input)
{
    enum { FIRST = 1000 };
    static const audio_kept none = {0};
    demucs_error error = {DEMUCS_OK, ""};
    uint64_t at = 0;
    FILE *nameless = tmpfile(), *out = fopen("grown.wav", "wb");
    REQUIRE(nameless != NULL && out != NULL, "files");
    audio_writer *writer = audio_writer_open_nameless(dup(fileno(nameless)), "grown", format, &none, &error);
    REQUIRE(writer != NULL, "%s", error.message);
    const float *const rest[] = {input->planes[0] + FIRST, input->planes[1] + FIRST};
    CHECK(audio_container_grows(format->container) && audio_writer_expect(writer, input->frames, &error) &&
              audio_writer_write(writer, (const float *const *)input->planes, FIRST, &error) &&
              audio_writer_hand_on(writer, &at, append_to, out, &error) && at > FIRST &&
              audio_writer_write(writer, rest, input->frames - FIRST, &error) &&
              audio_writer_hand_over(writer, at, append_to, out, &error),
          "%s", error.message);
    fclose(out);
    bytes grown = load_bytes("grown.wav"), expected = load_bytes("long.wav");
    CHECK(grown.size == expected.size && memcmp(grown.data, expected.data, grown.size) == 0, "other bytes");
    free(grown.data), free(expected.data);
    /* other frames than were expected */
    writer = audio_writer_open_nameless(dup(fileno(nameless)), "grown", format, &none, &error);
    REQUIRE(writer != NULL, "%s", error.message);
    at = 0;
    CHECK(audio_writer_expect(writer, FIRST + 1, &error) &&
              audio_writer_write(writer, (const float *const *)input->planes, FIRST, &error) &&
              !audio_writer_hand_over(writer, at, append_to, stderr, &error) && error.status == DEMUCS_ERROR_STATE,
          "%s", error.message);
    fclose(nameless);
}

/* Beyond the limit of 32-bit sizes (set low here) the same samples come out of an RF64 file. */
static void test_rf64(void)
{
    scratch_enter();
    for (int is_float = 0; is_float < 2; is_float++) {
        const size_t frames = 700000; /* more than one block of the move at the end */
        const uint64_t header = is_float ? 56 : 44, data = frames * 2 * (is_float ? 4 : 2);
        sound input = sound_noise(2, 44100, frames, 0.9f);
        const audio_format format = {AUDIO_WAV, is_float ? AUDIO_FLOAT32 : AUDIO_INT16, 44100, 2, 0, 0, 0, false};
        audio_wav_riff_limit = header + data; /* just fits */
        CHECK(sound_write("plain.wav", &format, &input, NULL), "write");
        audio_wav_riff_limit = header + data - 1;
        CHECK(sound_write("long.wav", &format, &input, NULL), "write");
        check_expected(&format, &input);
        audio_wav_riff_limit = UINT32_MAX;

        bytes plain = load_bytes("plain.wav"), big = load_bytes("long.wav");
        REQUIRE(plain.size == header + data && big.size == plain.size + 36, "%zu, %zu", plain.size, big.size);
        CHECK(memcmp(plain.data, "RIFF", 4) == 0, "the plain one is not RIFF");
        CHECK(memcmp(big.data, "RF64\xFF\xFF\xFF\xFFWAVEds64\x1C\0\0\0", 20) == 0, "the long one is not RF64");
        uint64_t sizes[3] = {0};
        for (int i = 0; i < 24; i++) sizes[i / 8] |= (uint64_t)big.data[20 + i] << (i % 8 * 8);
        CHECK(sizes[0] == big.size - 8 && sizes[1] == data && sizes[2] == frames, "%llu %llu %llu",
              (unsigned long long)sizes[0], (unsigned long long)sizes[1], (unsigned long long)sizes[2]);
        CHECK(memcmp(plain.data + header, big.data + header + 36, data) == 0, "the samples differ");
        sound read = sound_read("long.wav", 0, 4096, NULL);
        CHECK(read.frames == frames, "%zu frames", read.frames);
        free(plain.data), free(big.data);
        sound_free(&input), sound_free(&read);
    }
    scratch_leave();
}

/* ---- flac ---- */

/* The integers that were to be written, from the integers' definition. */
static float expected_integer(float sample, float scale)
{
    return truncf(fmaxf(-1.0f, fminf(1.0f, sample)) * scale) / (scale + 1.0f);
}

static void test_flac_is_lossless(void)
{
    scratch_enter();
    static const struct {
        audio_sample sample;
        int channels, rate;
        size_t frames;
    } cases[] = {{AUDIO_INT16, 2, 44100, 30000}, {AUDIO_INT24, 2, 44100, 30000}, {AUDIO_INT16, 1, 8000, 1},
                 {AUDIO_INT24, 6, 96000, 9000},  {AUDIO_INT16, 8, 48000, 4608},  {AUDIO_INT24, 1, 192000, 5000}};
    for (int i = 0; i < 6; i++) {
        sound input = sound_noise(cases[i].channels, cases[i].rate, cases[i].frames, 1.1f);
        const audio_format format = {AUDIO_FLAC, cases[i].sample, cases[i].rate, cases[i].channels, 0, 0, 0, false};
        demucs_error error = {0};
        CHECK(sound_write("x.flac", &format, &input, &error), "case %d: %s", i, error.message);
        sound read = sound_read("x.flac", 0, 4096, &error);
        CHECK(read.frames == input.frames && read.channels == input.channels && read.sample_rate_hz == cases[i].rate,
              "case %d: %zu frames, %d channels", i, read.frames, read.channels);
        size_t wrong = 0;
        for (int channel = 0; channel < read.channels; channel++)
            for (size_t frame = 0; frame < read.frames; frame++)
                wrong += read.planes[channel][frame] !=
                         expected_integer(input.planes[channel][frame],
                                          cases[i].sample == AUDIO_INT16 ? 32767.0f : 8388607.0f);
        CHECK(wrong == 0, "case %d: %zu samples differ", i, wrong);
        sound_free(&input), sound_free(&read);
    }
    scratch_leave();
}

/* The muxer went back and filled in the length and the MD5 sum. */
static void test_flac_header_is_complete(void)
{
    scratch_enter();
    sound input = sound_noise(2, 44100, 12345, 0.5f);
    const audio_format format = {AUDIO_FLAC, AUDIO_INT16, 44100, 2, 0, 0, 0, false};
    REQUIRE(sound_write("x.flac", &format, &input, NULL), "write");
    bytes file = load_bytes("x.flac");
    REQUIRE(file.size > 42 && memcmp(file.data, "fLaC", 4) == 0, "%zu bytes", file.size);
    const unsigned char *info = file.data + 8; /* STREAMINFO: 36 bits of length at bit 108, then the sum */
    uint64_t frames = (uint64_t)(info[13] & 15) << 32 | (uint64_t)info[14] << 24 | (uint64_t)info[15] << 16 |
                      (uint64_t)info[16] << 8 | info[17];
    CHECK(frames == 12345, "length %llu", (unsigned long long)frames);
    static const unsigned char none[16];
    CHECK(memcmp(info + 18, none, 16) != 0, "no MD5 sum");
    free(file.data);
    sound_free(&input);
    scratch_leave();
}

/* ---- mp3 ---- */

static void test_mp3(void)
{
    scratch_enter();
    static const struct {
        int channels, rate, bitrate;
        double snr_db; /* 3 dB under the measured value */
        int mode; /* in the frame headers: 0 stereo, 1 joint stereo, 3 mono; lameenc takes stereo from 160 kb/s on */
    } cases[] = {{2, 44100, 320, 71, 0},
                 {2, 44100, 128, 23, 1},
                 {1, 44100, 128, 23, 3},
                 {2, 22050, 64, 22, 1},
                 {2, 48000, 320, 71, 0}};
    for (int i = 0; i < 5; i++) {
        sound input = sound_tone(cases[i].rate, 40000);
        input.channels = cases[i].channels;
        const audio_format format = {AUDIO_MP3, AUDIO_INT16, cases[i].rate, cases[i].channels, cases[i].bitrate,
                                     2,         0,           false};
        demucs_error error = {0};
        CHECK(sound_write("x.mp3", &format, &input, &error), "case %d: %s", i, error.message);
        sound read = sound_read("x.mp3", 0, 4096, &error);
        CHECK(read.frames == 40000 && read.channels == cases[i].channels && read.sample_rate_hz == cases[i].rate,
              "case %d: %zu frames, %d channels, %d Hz", i, read.frames, read.channels, read.sample_rate_hz);
        if (read.frames == 40000) {
            double snr = sound_snr(&read, &input, 2000, 38000);
            CHECK(snr > cases[i].snr_db, "case %d: SNR %.1f dB", i, snr);
        }
        bytes file = load_bytes("x.mp3");
        double kbps = (double)file.size * 8.0 / (40000.0 / cases[i].rate) / 1000.0;
        CHECK(kbps > cases[i].bitrate && kbps < cases[i].bitrate * 1.15, "case %d: %.0f kb/s", i, kbps);
        CHECK(file.size > 4 && file.data[0] == 0xFF && file.data[3] >> 6 == cases[i].mode, "case %d: mode", i);
        free(file.data);
        sound_free(&input), sound_free(&read);
    }
    scratch_leave();
}

/* ---- what a container cannot hold ---- */

static void test_refused_formats(void)
{
    scratch_enter();
    static const struct {
        audio_format format;
        const char *reason;
    } cases[] = {
        {{AUDIO_WAV, AUDIO_INT16, 44100, 0, 0, 0, 0, false}, "0 channels"},
        {{AUDIO_WAV, AUDIO_INT16, 0, 2, 0, 0, 0, false}, "0 Hz"},
        {{AUDIO_WAV, AUDIO_FLOAT32, 44100, 20000, 0, 0, 0, false}, "wav file cannot hold"},
        {{AUDIO_WAV, (audio_sample)9, 44100, 2, 0, 0, 0, false}, "unknown"},
        {{(audio_container)99, AUDIO_INT16, 44100, 2, 0, 0, 0, false}, "unknown"},
        {{AUDIO_FLAC, AUDIO_FLOAT32, 44100, 2, 0, 0, 0, false}, "integers"},
        {{AUDIO_FLAC, AUDIO_INT16, 44100, 9, 0, 0, 0, false}, "flac file cannot hold"},
        {{AUDIO_FLAC, AUDIO_INT16, 10000000, 2, 0, 0, 0, false}, "flac file cannot hold"},
        {{AUDIO_ALAC, AUDIO_FLOAT32, 44100, 2, 0, 0, 0, false}, "a m4a file of ALAC holds integers"},
        {{AUDIO_AAC, AUDIO_INT16, 44101, 2, 0, 0, 0, false},
         "a m4a file cannot hold 2 channels at 44101 Hz: write wav"},
        {{AUDIO_OGG, AUDIO_INT16, 8000, 2, 0, 0, 500, false},
         "Vorbis cannot hold 2 channels at 8000 Hz with 500 kb/s: leave the bit rate to it, or write wav"},
        {{AUDIO_OPUS, AUDIO_INT16, 44100, 2, 0, 0, 0, false},
         "a opus file cannot hold 2 channels at 44100 Hz: write wav"},
        {{AUDIO_MP3, AUDIO_INT16, 44100, 3, 320, 2, 0, false}, "one or two channels"},
        {{AUDIO_MP3, AUDIO_INT16, 44100, 2, 0, 2, 0, false}, "bit rate"},
        {{AUDIO_MP3, AUDIO_INT16, 44100, 2, 320, 10, 0, false}, "quality"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        demucs_error error = {0};
        audio_writer *writer = audio_writer_open("x.out", &cases[i].format, &error);
        CHECK(writer == NULL, "case %zu was accepted", i);
        CHECK(strstr(error.message, "'x.out'") != NULL && strstr(error.message, cases[i].reason) != NULL,
              "case %zu: %s", i, error.message);
        CHECK(scratch_count() == 0, "case %zu left something behind", i);
        audio_writer_abort(writer);
    }
    scratch_leave();
}

TEST_MAIN(test_wav_is_the_official_one, test_float_wav_keeps_every_value, test_nan_becomes_zero_in_integers,
          test_empty_wav, test_rf64, test_flac_is_lossless, test_flac_header_is_complete, test_mp3,
          test_refused_formats)
