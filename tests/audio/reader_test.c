/* reader_test.c - reading: small clips of each format, and everything that is not a good audio file. */
#include "audio_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- good files ---- */

/* The number of frames proves that delay and padding are trimmed; the SNR against the true tone, that the right end of
 * it was: one frame of shift would bring it down to 15 dB. A range where FFmpeg's versions differ at the end. The
 * bounds are 3 dB (the AAC ones 10) below what FFmpeg 5.1 gives. */
static const struct clip {
    const char *name;
    int sample_rate_hz;
    size_t least, most;
    double snr_db;
} clips[] = {
    {"tone.mp3", 44100, 13230, 13230, 23}, {"tone.m4a", 44100, 13230, 13312, 60},
    {"tone.ogg", 44100, 13102, 13230, 28}, {"tone.opus", 48000, 14400, 14400, 37},
    {"tone.mkv", 48000, 14400, 14400, 37}, {"video_two_tracks.mp4", 44100, 13230, 13312, 60},
};

static void test_clips(void)
{
    for (size_t i = 0; i < sizeof clips / sizeof *clips; i++) {
        const struct clip *clip = &clips[i];
        demucs_error error = {0};
        sound read = sound_read(data_path(clip->name), 0, 4096, &error);
        CHECK(read.channels == 2 && read.sample_rate_hz == clip->sample_rate_hz, "%s: %d channels, %d Hz, %s",
              clip->name, read.channels, read.sample_rate_hz, error.message);
        CHECK(read.frames >= clip->least && read.frames <= clip->most, "%s: %zu frames", clip->name, read.frames);
        if (read.frames >= clip->least) {
            sound tone = sound_tone(clip->sample_rate_hz, read.frames);
            double snr = sound_snr(&read, &tone, 2048, 11000);
            CHECK(snr > clip->snr_db, "%s: SNR %.1f dB, at least %.0f expected", clip->name, snr, clip->snr_db);
            sound_free(&tone);
        }
        sound_free(&read);
    }
}

static void test_any_block_size_gives_the_same(void)
{
    sound whole = sound_read(data_path("tone.mp3"), 0, 1000000, NULL);
    REQUIRE(whole.frames == 13230, "%zu frames", whole.frames);
    static const size_t blocks[] = {1, 7, 1152, 1153};
    for (int i = 0; i < 4; i++) {
        sound parts = sound_read(data_path("tone.mp3"), 0, blocks[i], NULL);
        CHECK(parts.frames == whole.frames && sound_snr(&parts, &whole, 0, whole.frames) == 200.0,
              "blocks of %zu: %zu frames", blocks[i], parts.frames);
        sound_free(&parts);
    }
    sound_free(&whole);
}

static void test_expected_frames(void)
{
    audio_reader *reader = audio_reader_open(data_path("official_int16.wav"), 0, NULL);
    REQUIRE(reader != NULL, "cannot open");
    CHECK(audio_reader_expected_frames(reader) == 300, "%llu",
          (unsigned long long)audio_reader_expected_frames(reader));
    audio_reader_close(reader);
}

static void test_stream_selection(void)
{
    const char *path = data_path("video_two_tracks.mp4");
    sound second = sound_read(path, 1, 4096, NULL);
    CHECK(second.channels == 1 && second.sample_rate_hz == 48000, "%d channels, %d Hz", second.channels,
          second.sample_rate_hz);
    sound_free(&second);
    sound_check_refused(path, 2, "has 2");
    sound_check_refused(path, -1, "has 2");
    sound_check_refused(data_path("video_silent.mp4"), 0, "holds no audio");
}

/* ---- sample types, with wav files made here ---- */

/* A wav file around `data`; `announced` is the data size that the header claims. */
static bool save_wav(const char *path, int type, int channels, int bits, const void *data, size_t size,
                     uint32_t announced)
{
    uint32_t frame_bytes = (uint32_t)(channels * bits / 8), rate = 44100;
    const uint32_t fields[] = {(uint32_t)type | (uint32_t)channels << 16, rate, rate * frame_bytes,
                               frame_bytes | (uint32_t)bits << 16};
    bytes file = {malloc(44 + size), 44 + size};
    memcpy(file.data, "RIFF\xFF\xFF\xFF\x7FWAVEfmt \x10\0\0\0", 20);
    for (int i = 0; i < 16; i++) file.data[20 + i] = (unsigned char)(fields[i / 4] >> (i % 4 * 8));
    memcpy(file.data + 36, "data", 4);
    for (int i = 0; i < 4; i++) file.data[40 + i] = (unsigned char)(announced >> (i * 8));
    if (size > 0) memcpy(file.data + 44, data, size);
    bool saved = save_bytes(path, file.data, file.size);
    free(file.data);
    return saved;
}

static void test_integers_scale_by_powers_of_two(void)
{
    scratch_enter();
    static const unsigned char u8[] = {0, 128, 255};
    static const unsigned char s16[] = {0x00, 0x80, 0x01, 0x00, 0xFF, 0x7F};
    static const unsigned char s24[] = {0x00, 0x00, 0x80, 0x01, 0x00, 0x00, 0xFF, 0xFF, 0x7F};
    static const unsigned char s32[] = {0x00, 0x00, 0x00, 0x80, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40};
    static const struct {
        const void *data;
        size_t size;
        int bits;
        float expected[3];
    } cases[] = {{u8, sizeof u8, 8, {-1.0f, 0.0f, 127.0f / 128.0f}},
                 {s16, sizeof s16, 16, {-1.0f, 1.0f / 32768.0f, 32767.0f / 32768.0f}},
                 {s24, sizeof s24, 24, {-1.0f, 1.0f / 8388608.0f, 8388607.0f / 8388608.0f}},
                 {s32, sizeof s32, 32, {-1.0f, 1.0f / 8388608.0f, 0.5f}}};
    for (int i = 0; i < 4; i++) {
        REQUIRE(save_wav("x.wav", 1, 1, cases[i].bits, cases[i].data, cases[i].size, (uint32_t)cases[i].size), "save");
        sound read = sound_read("x.wav", 0, 100, NULL);
        CHECK(read.frames == 3, "%d bits: %zu frames", cases[i].bits, read.frames);
        for (size_t frame = 0; frame < read.frames; frame++)
            CHECK(read.planes[0][frame] == cases[i].expected[frame], "%d bits: %.9g, not %.9g", cases[i].bits,
                  read.planes[0][frame], cases[i].expected[frame]);
        sound_free(&read);
    }
    scratch_leave();
}

static void test_float_values_pass_unchanged(void)
{
    scratch_enter();
    const float values[] = {NAN, 3.5f, -INFINITY, 1e-40f};
    REQUIRE(save_wav("x.wav", 3, 1, 32, values, sizeof values, sizeof values), "save");
    sound read = sound_read("x.wav", 0, 100, NULL);
    REQUIRE(read.frames == 4, "%zu frames", read.frames);
    CHECK(isnan(read.planes[0][0]), "%g", read.planes[0][0]);
    CHECK(memcmp(read.planes[0] + 1, values + 1, 12) == 0, "%g %g %g", read.planes[0][1], read.planes[0][2],
          read.planes[0][3]);
    sound_free(&read);
    scratch_leave();
}

static void test_many_channels(void)
{
    scratch_enter();
    for (int channels = 3; channels <= 64; channels += channels < 12 ? 1 : 13) {
        int16_t data[64 * 2];
        for (int i = 0; i < 2 * channels; i++) data[i] = (int16_t)(100 * i - 3000);
        size_t size = (size_t)channels * 4;
        REQUIRE(save_wav("x.wav", 1, channels, 16, data, size, (uint32_t)size), "save");
        demucs_error error = {0};
        sound read = sound_read("x.wav", 0, 100, &error);
        CHECK(read.channels == channels && read.frames == 2, "%d channels: %d, %s", channels, read.channels,
              error.message);
        for (int i = 0; i < 2 * read.channels; i++)
            CHECK(read.planes[i % channels][i / channels] == (float)data[i] / 32768.0f, "channel %d", i % channels);
        sound_free(&read);
    }
    scratch_leave();
}

/* ---- bad files ---- */

static void test_a_length_that_lies(void)
{
    scratch_enter();
    static const int16_t data[200];
    static const uint32_t announced[] = {0, 4, 399, 0x7FFFFFFF, 0xFFFFFFFF};
    for (int i = 0; i < 5; i++) {
        REQUIRE(save_wav("x.wav", 1, 1, 16, data, sizeof data, announced[i]), "save");
        demucs_error error = {0};
        sound read = sound_read("x.wav", 0, 64, &error);
        CHECK(read.frames <= 200 && (read.frames > 0 || error.message[0] != '\0'), "%u bytes: %zu frames, %s",
              (unsigned)announced[i], read.frames, error.message);
        if (announced[i] > sizeof data) CHECK(read.frames == 200, "%zu frames", read.frames);
        sound_free(&read);
    }
    scratch_leave();
}

static void test_not_audio(void)
{
    scratch_enter();
    sound_check_refused("missing.wav", 0, "No such file");
    sound_check_refused(".", 0, "folder");
    save_bytes("empty.mp3", "", 0);
    sound_check_refused("empty.mp3", 0, "is empty");
    char text[20000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = "All work and no play makes Jack a dull boy.\n"[i % 44];
    save_bytes("text.mp3", text, sizeof text);
    sound_check_refused("text.mp3", 0, "not an audio file");
    save_bytes("short.flac", "fLaC", 4);
    sound_check_refused("short.flac", 0, "");
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)((state = state * 1664525u + 1013904223u) >> 24);
    save_bytes("noise.m4a", text, sizeof text);
    sound_check_refused("noise.m4a", 0, "");
    save_wav("none.wav", 1, 2, 16, NULL, 0, 0);
    sound_check_refused("none.wav", 0, "empty");
    scratch_leave();
}

/* Cut each clip at many places: a sound or a sentence, and never more sound than there was. */
static void test_truncated(void)
{
    scratch_enter();
    for (size_t i = 0; i < sizeof clips / sizeof *clips; i++) {
        bytes file = load_bytes(data_path(clips[i].name));
        for (size_t size = 1; size < file.size; size += file.size / 12) {
            save_bytes("cut.bin", file.data, size);
            demucs_error error = {0};
            sound read = sound_read("cut.bin", 0, 4096, &error);
            CHECK(read.frames > 0 || strstr(error.message, "cut.bin") != NULL, "%s cut at %zu: no word", clips[i].name,
                  size);
            CHECK(read.frames <= clips[i].most + 2304, "%s cut at %zu: %zu frames", clips[i].name, size, read.frames);
            sound_free(&read);
        }
        free(file.data);
    }
    scratch_leave();
}

/* The rate and the channels change in the middle: two parts, each as it is. (The first is four times as long, because
 * FFmpeg takes the form of a file that is read whole in probing from its end.) */
static void test_form_changes_in_the_middle(void)
{
    enum { SEAM = 3 * 1152 }; /* a few MP3 frames are lost there */
    scratch_enter();
    const audio_format stereo = {AUDIO_MP3, AUDIO_INT16, 44100, 2, 128, 5, 0, false},
                       mono = {AUDIO_MP3, AUDIO_INT16, 22050, 1, 64, 5, 0, false};
    sound first = sound_noise(2, 44100, 4 * 44100, 0.3f), second = sound_noise(1, 22050, 22050, 0.3f);
    REQUIRE(sound_write("a.mp3", &stereo, &first, NULL) && sound_write("b.mp3", &mono, &second, NULL), "write");
    bytes a = load_bytes("a.mp3"), b = load_bytes("b.mp3");
    unsigned char *both = malloc(a.size + b.size);
    memcpy(both, a.data, a.size);
    memcpy(both + a.size, b.data, b.size);
    save_bytes("c.mp3", both, a.size + b.size);
    audio_reader *reader = audio_reader_open("c.mp3", 0, NULL);
    REQUIRE(reader != NULL, "open");
    float *planes[2] = {malloc(8192), malloc(8192)};
    long got, frames[2] = {0, 0};
    int part = 0;
    CHECK(audio_reader_channels(reader) == 2 && audio_reader_sample_rate_hz(reader) == 44100, "the first form");
    while ((got = audio_reader_read(reader, planes, 2048, NULL)) != 0 && got != -1 && part < 2) {
        if (got == AUDIO_CHANGED)
            part++;
        else
            frames[part] += got;
    }
    CHECK(got == 0 && part == 1, "%d changes", part);
    CHECK(audio_reader_channels(reader) == 1 && audio_reader_sample_rate_hz(reader) == 22050, "the second form");
    CHECK(labs(frames[0] - 4 * 44100) < SEAM && labs(frames[1] - 22050) < SEAM, "%ld and %ld frames", frames[0],
          frames[1]);
    audio_reader_close(reader);
    free(planes[0]), free(planes[1]);
    free(a.data), free(b.data), free(both);
    sound_free(&first), sound_free(&second);
    scratch_leave();
}

/* Two Opus files in a row: both, with the beginning of the second cut as that of the first, and no damage. */
static void test_chained_opus(void)
{
    scratch_enter();
    bytes one = load_bytes(data_path("tone.opus"));
    unsigned char *both = malloc(2 * one.size);
    memcpy(both, one.data, one.size);
    memcpy(both + one.size, one.data, one.size);
    save_bytes("two.opus", both, 2 * one.size);
    audio_reader *reader = audio_reader_open("two.opus", 0, NULL);
    REQUIRE(reader != NULL, "cannot open");
    enum { FRAMES = 14400 };
    float *left = malloc(3 * FRAMES * sizeof *left), *right = malloc(3 * FRAMES * sizeof *right);
    const long got = audio_reader_read(reader, (float *[]){left, right}, 3 * FRAMES, NULL);
    CHECK(got == 2 * FRAMES, "%ld frames", got);
    CHECK(audio_reader_damaged(reader) == 0, "%zu places", audio_reader_damaged(reader));
    double signal = 0, noise = 0;
    for (int i = 2000; i < 11000; i++) {
        signal += left[i] * left[i];
        noise += (left[i] - left[i + FRAMES]) * (left[i] - left[i + FRAMES]);
    }
    CHECK(noise < signal * 1e-3, "the second differs: %g of %g", noise, signal);
    audio_reader_close(reader);
    free(left), free(right), free(both), free(one.data);
    scratch_leave();
}

/* ---- attacks ---- */

/* A playlist beside a good file that it names: reading the playlist must not read the file. */
static void test_playlists_open_nothing(void)
{
    scratch_enter();
    bytes tone = load_bytes(data_path("tone.mp3"));
    REQUIRE(tone.data != NULL && save_bytes("secret.mp3", tone.data, tone.size), "copy");
    static const struct {
        const char *name, *text;
    } attacks[] = {
        {"a.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mp3\n#EXT-X-ENDLIST\n"},
        {"b.mp3", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mp3\n#EXT-X-ENDLIST\n"},
        {"c.txt", "ffconcat version 1.0\nfile secret.mp3\n"},
        {"d.wav", "ffconcat version 1.0\nfile secret.mp3\n"},
        {"e.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/x.mp3\n#EXT-X-ENDLIST\n"},
        {"f.mpd", "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" mediaPresentationDuration=\"PT1S\">"
                  "<Period><AdaptationSet contentType=\"audio\"><Representation id=\"1\" bandwidth=\"1\">"
                  "<BaseURL>secret.mp3</BaseURL></Representation></AdaptationSet></Period></MPD>"},
        {"g.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"},
    };
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        save_bytes(attacks[i].name, attacks[i].text, strlen(attacks[i].text));
        sound_check_refused(attacks[i].name, 0, "");
    }
    free(tone.data);
    scratch_leave();
}

/* A name that looks like an address is a name, and works. */
static void test_names_are_not_addresses(void)
{
    scratch_enter();
    bytes tone = load_bytes(data_path("tone.mp3"));
    static const char *const names[] = {"concat:a.mp3|b.mp3", "http:x.mp3", "subfile,,start,1,end,9,,:x",
                                        "%03d.mp3",           "-",          "a\nb.mp3"};
    for (int i = 0; i < 6; i++) {
        REQUIRE(save_bytes(names[i], tone.data, tone.size), "%s", names[i]);
        demucs_error error = {0};
        sound read = sound_read(names[i], 0, 4096, &error);
        CHECK(read.frames == 13230, "%s: %zu frames, %s", names[i], read.frames, error.message);
        sound_free(&read);
    }
    sound_check_refused("concat:secret.mp3", 0, "No such file");
    free(tone.data);
    scratch_leave();
}

static void test_messages_are_safe_to_print(void)
{
    demucs_error error = {0};
    char name[3000];
    memset(name, 'x', sizeof name);
    memcpy(name + 2900, "\x1B[31m\n", 6);
    memcpy(name + sizeof name - 5, ".wav", 5);
    CHECK(audio_reader_open(name, 0, &error) == NULL, "opened");
    CHECK(strstr(error.message, "cannot open: ") != NULL && strlen(error.message) < 400, "%s", error.message);
    for (const char *byte = error.message; *byte != '\0'; byte++)
        CHECK((unsigned char)*byte >= 0x20, "byte %d in the message", *byte);
}

TEST_MAIN(test_clips, test_any_block_size_gives_the_same, test_expected_frames, test_stream_selection,
          test_integers_scale_by_powers_of_two, test_float_values_pass_unchanged, test_many_channels,
          test_a_length_that_lies, test_not_audio, test_truncated, test_form_changes_in_the_middle, test_chained_opus,
          test_playlists_open_nothing, test_names_are_not_addresses, test_messages_are_safe_to_print)
