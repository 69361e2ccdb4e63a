/* wav_reader_test.c - wav files that FFmpeg by itself reads wrongly, written byte by byte. */
#include "audio_test.h"

#include <stdlib.h>
#include <string.h>

/* WAVE_FORMAT_EXTENSIBLE: `valid` bits at the upper end of a container of `bits`. `type` 1 instead of 0xFFFE leaves the
 * extension out. A chunk of odd size stands before "fmt ". */
static void save_extensible(const char *path, int type, int bits, int valid, const unsigned char *data, size_t size)
{
    static const unsigned char guid[16] = {1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};
    const uint32_t width = (uint32_t)bits / 8, fmt = type == 1 ? 16 : 40;
    unsigned char file[256] = "RIFF\0\0\0\0WAVEJUNK\3\0\0\0jjj\0fmt ";
    unsigned char *out = file + 28;
    const struct {
        uint32_t value, bytes;
    } fields[] = {{fmt, 4},
                  {(uint32_t)type, 2},
                  {1, 2},
                  {44100, 4},
                  {44100 * width, 4},
                  {width, 2},
                  {type == 1 ? (uint32_t)valid : (uint32_t)bits, 2},
                  {22, 2},
                  {(uint32_t)valid, 2},
                  {4, 4}};
    for (int i = 0; i < (type == 1 ? 7 : 10); i++)
        for (uint32_t byte = 0; byte < fields[i].bytes; byte++) *out++ = (unsigned char)(fields[i].value >> (8 * byte));
    if (type != 1) memcpy(out, guid, 16), out += 16;
    memcpy(out, "data", 4);
    for (int i = 0; i < 4; i++) out[4 + i] = (unsigned char)(size >> (8 * i));
    memcpy(out + 8, data, size);
    out += 8 + size;
    for (int i = 0; i < 4; i++) file[4 + i] = (unsigned char)((size_t)(out - file - 8) >> (8 * i));
    REQUIRE(save_bytes(path, file, (size_t)(out - file)), "save");
}

static void test_valid_bits_below_the_container(void)
{
    scratch_enter();
    for (int bits = 8; bits <= 32; bits += 8)
        for (int valid = bits == 8 ? 4 : 8; valid <= bits; valid++) {
            static const float expected[] = {0.5f, -0.25f, 0.875f, -1.0f};
            unsigned char data[16];
            for (int i = 0; i < 4; i++) {
                uint32_t sample = (uint32_t)(int32_t)((double)expected[i] * 2147483648.0) ^ (bits == 8 ? 1u << 31 : 0);
                for (int byte = 0; byte < bits / 8; byte++)
                    data[i * bits / 8 + byte] = (unsigned char)(sample >> (32 - bits + 8 * byte));
            }
            save_extensible("x.wav", 0xFFFE, bits, valid, data, (size_t)bits / 2);
            demucs_error error = {0};
            sound read = sound_read("x.wav", 0, 100, &error);
            CHECK(read.frames == 4, "%d in %d: %zu frames, %s", valid, bits, read.frames, error.message);
            audio_reader *reader = audio_reader_open("x.wav", 0, NULL);
            CHECK(reader != NULL && audio_reader_expected_frames(reader) == 4, "%d in %d: its length", valid, bits);
            audio_reader_close(reader);
            for (size_t i = 0; i < read.frames && i < 4; i++)
                CHECK(read.planes[0][i] == expected[i], "%d in %d: %g, not %g", valid, bits, read.planes[0][i],
                      expected[i]);
            sound_free(&read);
        }
    /* Type 1 of 24 bits in 32 is float in units of an old editor's: one is 2^23. */
    const unsigned char whole[] = {0, 0, 0, 0x4B};
    save_extensible("x.wav", 1, 32, 24, whole, sizeof whole);
    sound read = sound_read("x.wav", 0, 100, NULL);
    CHECK(read.frames == 1 && read.planes[0][0] == 1.0f, "%zu frames, %g", read.frames, read.planes[0][0]);
    sound_free(&read);
    scratch_leave();
}

/* A rate that only DSD has is halved till it is one that can be used; the sound is the same. */
static void test_rates_over_768_khz(void)
{
    enum { RATE = 1411200, FRAMES = 141120 };
    scratch_enter();
    sound tone = sound_tone(RATE, FRAMES), half = sound_tone(RATE / 2, FRAMES / 2);
    const audio_format wav = {AUDIO_WAV, AUDIO_INT16, RATE, 2, 320, 2};
    REQUIRE(sound_write("x.wav", &wav, &tone, NULL), "write");
    demucs_error error = {0};
    sound read = sound_read("x.wav", 0, 4096, &error);
    CHECK(read.sample_rate_hz == RATE / 2 && read.frames + 8 > FRAMES / 2 && read.frames < FRAMES / 2 + 8,
          "%d Hz, %zu frames, %s", read.sample_rate_hz, read.frames, error.message);
    if (read.sample_rate_hz == RATE / 2) {
        const double snr = sound_snr(&read, &half, 1000, FRAMES / 2 - 1000);
        CHECK(snr > 70, "%.1f dB", snr);
    }
    sound_free(&tone), sound_free(&half), sound_free(&read);
    scratch_leave();
}

TEST_MAIN(test_rates_over_768_khz, test_valid_bits_below_the_container)
