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
    const audio_format wav = {AUDIO_WAV, AUDIO_INT16, RATE, 2, 320, 2, 0, false};
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

/* ---- sizes that are wrong ---- */

typedef enum wav_kind { WAV, RF64, W64, AIFF, KINDS } wav_kind;

static const char *const kind_names[KINDS] = {"wav", "rf64", "w64", "aiff"};

static unsigned char *put(unsigned char *out, uint64_t value, int count, bool big_endian)
{
    for (int i = 0; i < count; i++) out[i] = (unsigned char)(value >> (8 * (big_endian ? count - 1 - i : i)));
    return out + count;
}

static unsigned char *put_text(unsigned char *out, const char *text, size_t count)
{
    memcpy(out, text, count);
    return out + count;
}

/* The head of a file of 16 bits in mono at 44,100 Hz up to its samples; returns its size. `stated` bytes of samples are
 * what it says. */
static size_t put_head(unsigned char *file, wav_kind kind, uint64_t stated)
{
    static const char w64[] = "\xF3\xAC\xD3\x11\x8C\xD1\x00\xC0\x4F\x8E\xDB\x8A";
    unsigned char *out = file;
    const bool is_w64 = kind == W64;
    if (kind == AIFF) {
        out = put_text(out,
                       "FORM\x7F\xFF\xFF\xFF"
                       "AIFFCOMM\0\0\0\x12\0\1",
                       22);
        out = put(out, stated / 2, 4, true);
        out = put_text(out, "\0\x10\x40\x0E\xAC\x44\0\0\0\0\0\0SSND", 16);
        out = put(out, stated >= UINT32_MAX - 8 ? UINT32_MAX : stated + 8, 4, true);
        return (size_t)(put(out, 0, 8, true) - file);
    }
    if (is_w64) {
        out = put_text(out, "riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\0\0", 16);
        out = put(out, INT64_MAX / 4, 8, false);
        out = put_text(put_text(out, "wave", 4), w64, 12);
    } else {
        out = put_text(out, kind == WAV ? "RIFF\xFF\xFF\xFF\x7FWAVE" : "RF64\xFF\xFF\xFF\xFFWAVE", 12);
    }
    if (kind == RF64) {
        out = put_text(out, "ds64\x1C\0\0\0", 8);
        out = put(put(put(put(out, stated + 72, 8, false), stated, 8, false), stated / 2, 8, false), 0, 4, false);
    }
    out = put_text(out, "fmt ", 4);
    if (is_w64) out = put_text(out, w64, 12);
    out = put(out, is_w64 ? 40 : 16, is_w64 ? 8 : 4, false);
    out = put_text(out, "\1\0\1\0\x44\xAC\0\0\x88\x58\1\0\2\0\x10\0", 16);
    out = put_text(out, "data", 4);
    if (is_w64) out = put_text(out, w64, 12);
    out = put(out, kind == RF64 ? UINT32_MAX : is_w64 ? stated + 24 : stated, is_w64 ? 8 : 4, false);
    return (size_t)(out - file);
}

/* A chunk that stands behind samples: 40 bytes. */
static void put_tail(unsigned char *out, wav_kind kind)
{
    memset(out, 'x', 40);
    if (kind == W64) {
        put(put_text(out, "LIST\x2F\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\0\0", 16), 40, 8, false);
        return;
    }
    put(put_text(out, kind == AIFF ? "ANNO" : "LIST", 4), 32, 4, kind == AIFF);
}

/* All samples are read, and the chunk behind them is not taken for some, whatever size the header states. */
static void test_sizes_that_are_wrong(void)
{
    enum { FRAMES = 60000, BYTES = 2 * FRAMES };
    static const uint64_t stated[] = {BYTES, 0, 4, 20000, UINT32_MAX, INT32_MAX, UINT32_MAX - 36, 3 * BYTES, INT64_MAX};
    scratch_enter();
    unsigned char *file = malloc(BYTES + 300);
    for (wav_kind kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < sizeof stated / sizeof *stated; i++)
            for (int tail = 0; tail < 2; tail++) {
                const size_t head = put_head(file, kind, stated[i]);
                for (int k = 0; k < FRAMES; k++) put(file + head + 2 * k, (uint64_t)(k % 30000 + 1), 2, kind == AIFF);
                put_tail(file + head + BYTES, kind);
                if ((kind == W64 && stated[i] < BYTES) || (kind != RF64 && stated[i] > UINT32_MAX))
                    continue; /* FFmpeg refuses it */
                REQUIRE(save_bytes("x.wav", file, head + BYTES + (tail ? 40 : 0)), "save");
                demucs_error error = {0};
                sound read = sound_read("x.wav", 0, 4096, &error);
                CHECK(read.frames == FRAMES, "%s, %llu stated, tail %d: %zu frames, %s", kind_names[kind],
                      (unsigned long long)stated[i], tail, read.frames, error.message);
                for (size_t k = 0; k < read.frames && k < FRAMES; k++)
                    if (read.planes[0][k] != (float)(k % 30000 + 1) / 32768.0F) {
                        CHECK(false, "%s, %llu stated: frame %zu is %g", kind_names[kind],
                              (unsigned long long)stated[i], k, read.planes[0][k]);
                        break;
                    }
                sound_free(&read);
                audio_reader *reader = audio_reader_open("x.wav", 0, NULL);
                REQUIRE(reader != NULL, "open");
                const uint64_t announced = audio_reader_announced_frames(reader);
                CHECK(announced == 0 || announced == FRAMES || (stated[i] > BYTES && announced == stated[i] / 2),
                      "%s, %llu stated: announces %llu", kind_names[kind], (unsigned long long)stated[i],
                      (unsigned long long)announced);
                CHECK(stated[i] != 3 * BYTES || announced == stated[i] / 2, "%s: announces %llu", kind_names[kind],
                      (unsigned long long)announced);
                audio_reader_close(reader);
            }
    free(file);
    scratch_leave();
}

/* Beyond 4 GiB the size wraps. The file is nearly all hole, but for what stands where the size says that it ends:
 * FFmpeg would take each eight zeros for a chunk. */
static void test_sizes_that_wrapped(void)
{
    scratch_enter();
    for (wav_kind kind = WAV; kind <= AIFF; kind += AIFF - WAV) {
        unsigned char head[128], tail[40];
        const uint64_t stated = 200000, all = stated + (UINT64_C(1) << 32);
        const size_t size = put_head(head, kind, stated);
        put_tail(tail, kind);
        FILE *file = fopen("x.wav", "wb");
        REQUIRE(file != NULL && fwrite(head, 1, size, file) == size, "write");
        REQUIRE(fseeko(file, (off_t)(size + stated), SEEK_SET) == 0 &&
                    fwrite("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 1, 8, file) == 8,
                "write");
        REQUIRE(fseeko(file, (off_t)(size + all), SEEK_SET) == 0 && fwrite(tail, 1, sizeof tail, file) == sizeof tail &&
                    fclose(file) == 0,
                "write");
        demucs_error error = {0};
        audio_reader *reader = audio_reader_open("x.wav", 0, &error);
        REQUIRE(reader != NULL, "%s", error.message);
        CHECK(audio_reader_expected_frames(reader) == all / 2, "%s: %llu frames, not %llu", kind_names[kind],
              (unsigned long long)audio_reader_expected_frames(reader), (unsigned long long)all / 2);
        float *plane = malloc(400000 * sizeof *plane);
        const long got = audio_reader_read(reader, &plane, 400000, &error);
        CHECK(got == 400000, "%s: %ld frames", kind_names[kind], got);
        audio_reader_close(reader);
        free(plane);
    }
    scratch_leave();
}

TEST_MAIN(test_rates_over_768_khz, test_valid_bits_below_the_container, test_sizes_that_are_wrong,
          test_sizes_that_wrapped)
