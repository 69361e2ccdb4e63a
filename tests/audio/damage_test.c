/* damage_test.c - files that are damaged, cut off, encrypted, or of a kind that FFmpeg cannot decode. */
#include "audio_test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where `name` is in a file; the file must hold it. */
static unsigned char *find(const bytes *file, const char *name)
{
    for (size_t i = 0; i + 4 <= file->size; i++)
        if (memcmp(file->data + i, name, 4) == 0) return file->data + i;
    fprintf(stderr, "no %s in the file\n", name);
    exit(2);
}

/* What is lost in the middle becomes silence, and the rest stays where it was. */
static void test_damage_keeps_time(void)
{
    enum { FRAMES = 60000, LAST = 15000 };
    scratch_enter();
    sound noise = sound_noise(2, 44100, FRAMES, 0.5f), back;
    const audio_format flac = {AUDIO_FLAC, AUDIO_INT16, 44100, 2, 320, 2, 0, false};
    REQUIRE(sound_write("x.flac", &flac, &noise, NULL), "write");
    back = sound_read("x.flac", 0, 4096, NULL);
    bytes file = load_bytes("x.flac");
    memset(file.data + file.size / 2, 0, 3000);
    save_bytes("x.flac", file.data, file.size);

    audio_reader *reader = audio_reader_open("x.flac", 0, NULL);
    REQUIRE(reader != NULL, "cannot open");
    float *left = malloc(2 * FRAMES * sizeof *left), *right = malloc(2 * FRAMES * sizeof *right);
    size_t frames = 0;
    for (long got = 1; got > 0 && frames < FRAMES; frames += (size_t)got) {
        got = audio_reader_read(reader, (float *[]){left + frames, right + frames}, 777, NULL);
        REQUIRE(got >= 0, "a failure");
    }
    CHECK(frames == FRAMES, "%zu frames", frames);
    CHECK(audio_reader_damaged(reader) == 1, "%zu places", audio_reader_damaged(reader));
    CHECK(memcmp(left + FRAMES - LAST, back.planes[0] + FRAMES - LAST, LAST * sizeof *left) == 0,
          "the end on the left");
    CHECK(memcmp(right + FRAMES - LAST, back.planes[1] + FRAMES - LAST, LAST * sizeof *left) == 0, "and on the right");
    size_t silent = 0;
    for (size_t i = 0; i < frames; i++) silent += left[i] == 0 && right[i] == 0;
    CHECK(silent > 1000 && silent < FRAMES / 4, "%zu frames of silence", silent);
    audio_reader_close(reader);
    free(left), free(right), free(file.data);
    sound_free(&noise), sound_free(&back);
    scratch_leave();
}

static uint32_t get32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put32(unsigned char *at, uint32_t value)
{
    for (int byte = 0; byte < 4; byte++) at[byte] = (unsigned char)(value >> (24 - 8 * byte));
}

/* Insert bytes into the index of an m4a, which stands at its end: the boxes that hold them grow. */
static void insert(bytes *file, size_t at, const void *data, size_t count, const char *const *boxes)
{
    for (; *boxes != NULL; boxes++) {
        unsigned char *size = find(file, *boxes) - 4;
        put32(size, get32(size) + (uint32_t)count);
    }
    unsigned char *grown = malloc(file->size + count);
    memcpy(grown, file->data, at);
    memcpy(grown + at, data, count);
    memcpy(grown + at + count, file->data + at, file->size - at);
    free(file->data);
    *file = (bytes){grown, file->size + count};
}

/* MPEG's common encryption: the entry says what it was ("frma"), and each packet has a vector ("senc"). */
static void test_common_encryption(void)
{
    static const char *const in_entry[] = {"moov", "trak", "mdia", "minf", "stbl", "stsd", "enca", NULL},
                             *const in_table[] = {"moov", "trak", "mdia", "minf", "stbl", NULL};
    static const unsigned char sinf[81] = "\0\0\0\x50sinf\0\0\0\x0C"
                                          "frmamp4a\0\0\0\x14schm\0\0\0\0cenc\0\1\0\0"
                                          "\0\0\0\x28schi\0\0\0\x20tenc\0\0\0\0\0\0\1\x08"
                                          "0123456789ABCDEF";
    enum { ENTRY = 36 }; /* bytes of a sample entry before its boxes */
    scratch_enter();
    bytes file = load_bytes(data_path("tone.m4a"));
    memcpy(find(&file, "mp4a"), "enca", 4);
    insert(&file, (size_t)(find(&file, "enca") - 4 + ENTRY - file.data), sinf, 80, in_entry);
    const uint32_t packets = get32(find(&file, "stsz") + 12), size = 16 + 8 * packets;
    unsigned char *senc = calloc(1, size), *table = find(&file, "stbl") - 4;
    put32(senc, size);
    memcpy(senc + 4, "senc", 4);
    put32(senc + 12, packets);
    insert(&file, (size_t)(table - file.data) + get32(table), senc, size, in_table);
    save_bytes("x.m4a", file.data, file.size);
    sound_check_refused("x.m4a", 0, "encrypted (DRM)");
    free(senc), free(file.data);
    scratch_leave();
}

static void test_encrypted(void)
{
    static const char *const entries[] = {"drms", "enca", "aavd"};
    scratch_enter();
    for (int i = 0; i < 3; i++) {
        bytes file = load_bytes(data_path("tone.m4a"));
        memcpy(find(&file, "mp4a"), entries[i], 4);
        save_bytes("x.m4a", file.data, file.size);
        sound_check_refused("x.m4a", 0, "encrypted (DRM)");
        free(file.data);
    }
    scratch_leave();
}

static unsigned char *put(unsigned char *out, const char *text, size_t count)
{
    memcpy(out, text, count);
    return out + count;
}
#define PUT(out, text) put(out, text, sizeof text - 1)

/* A WebM whose track has a key: head, one track of Opus, one packet. */
static void test_encrypted_webm(void)
{
    unsigned char file[256], *out = file;
    scratch_enter();
    out = PUT(out, "\x1A\x45\xDF\xA3\x87\x42\x82\x84webm");
    out = PUT(out, "\x18\x53\x80\x67\xFF");         /* the segment, of unknown size */
    out = PUT(out, "\x16\x54\xAE\x6B\xD0\xAE\xCE"); /* tracks, of 80 bytes: one, of 78 */
    out = PUT(out, "\xD7\x81\1\x73\xC5\x81\1\x83\x81\2\x86\x86"
                   "A_OPUS");
    out = PUT(out, "\x63\xA2\x93OpusHead\1\1\0\0\x80\xBB\0\0\0\0\0\xE1\x89\xB5\x84\x47\x3B\x80\0\x9F\x81\1");
    out = PUT(out, "\x6D\x80\x98\x62\x40\x95\x50\x31\x81\0\x50\x32\x81\1\x50\x33\x81\1\x50\x35\x86\x47\xE2\x83key");
    out = PUT(out, "\x1F\x43\xB6\x75\x8F\xE7\x81\0\xA3\x8A\x81\0\0\x80\xFC\xFF\xFE\1\2\3");
    save_bytes("x.webm", file, (size_t)(out - file));
    sound_check_refused("x.webm", 0, "encrypted (DRM)");
    scratch_leave();
}

/* A first packet that decodes, and rubbish after it. */
static void test_almost_nothing(void)
{
    scratch_enter();
    bytes file = load_bytes(data_path("tone.m4a"));
    unsigned char *data = find(&file, "mdat") + 4 + 700, *end = file.data + file.size;
    unsigned char *moov = find(&file, "moov");
    if (moov > data) end = moov - 4;
    REQUIRE(end > data, "%td bytes", end - data);
    memset(data, 0x55, (size_t)(end - data));
    save_bytes("x.m4a", file.data, file.size);
    sound_check_refused("x.m4a", 0, "almost nothing");
    free(file.data);
    scratch_leave();
}

/* A flac file that FFmpeg opens and decodes nothing of: not "empty". */
static void test_a_kind_that_cannot_be_decoded(void)
{
    scratch_enter();
    unsigned char file[4000] = "fLaC\x80\0\0\x22\x10\0\x10\0\0\0\0\0\0\0\x0A\xC4\x43\xF0\0\0\xFF\xFF";
    memset(file + 42, 0x55, sizeof file - 42);
    save_bytes("x.flac", file, sizeof file);
    sound_check_refused("x.flac", 0, "this FFmpeg (libavcodec ");
    demucs_error error = {0};
    unsigned major = 0;
    CHECK(audio_reader_open("x.flac", 0, &error) == NULL, "opened");
    CHECK(sscanf(strstr(error.message, "libavcodec"), "libavcodec %u", &major) == 1, "%s", error.message);
    CHECK(major >= 60 || strstr(error.message, "cannot decode FLAC of 32 bits") != NULL, "%s", error.message);
    file[20] = 0x42;                /* 16 bits */
    memcpy(file + 15, "\4\0\0", 3); /* the largest frame has 262,144 bytes */
    save_bytes("x.flac", file, sizeof file);
    sound_check_refused("x.flac", 0, "its FLAC frames have up to 262144 bytes");
    memset(file + 22, 0, 4); /* and no length is announced */
    save_bytes("x.flac", file, sizeof file);
    sound_check_refused("x.flac", 0, "its FLAC frames have up to 262144 bytes");
    scratch_leave();
}

/* An index behind the sound, too far for a buffer, through a pipe. */
static void test_index_at_the_end_of_a_pipe(void)
{
    enum { GAP = 300000 };
    scratch_enter();
    bytes file = load_bytes(data_path("tone.m4a"));
    const size_t start = (size_t)(find(&file, "moov") - 4 - file.data);
    unsigned char *far = calloc(1, file.size + GAP);
    memcpy(far, file.data, start);
    memcpy(far + start, (unsigned char[]){0, GAP >> 16, GAP >> 8 & 255, GAP & 255, 'f', 'r', 'e', 'e'}, 8);
    memcpy(far + start + GAP, file.data + start, file.size - start);
    save_bytes("x.m4a", far, file.size + GAP);
    sound read = sound_read("x.m4a", 0, 4096, NULL);
    CHECK(read.frames > 13000, "as a file: %zu frames", read.frames);
    REQUIRE(mkfifo("pipe.m4a", 0600) == 0, "mkfifo");
    const pid_t writer = fork();
    if (writer == 0) {
        save_bytes("pipe.m4a", far, file.size + GAP);
        _exit(0);
    }
    sound_check_refused("pipe.m4a", 0, "through a pipe");
    waitpid(writer, NULL, 0);
    sound_free(&read);
    free(far), free(file.data);
    scratch_leave();
}

/* The header of a flac file says how long it is, and the end is missing: that is no damage, but can be known. */
static void test_announced_frames(void)
{
    scratch_enter();
    const audio_format flac = {AUDIO_FLAC, AUDIO_INT16, 44100, 1, 320, 2, 0, false};
    sound noise = sound_noise(1, 44100, 44100, 0.5f);
    REQUIRE(sound_write("x.flac", &flac, &noise, NULL), "write");
    bytes file = load_bytes("x.flac");
    save_bytes("x.flac", file.data, file.size / 3);
    audio_reader *reader = audio_reader_open("x.flac", 0, NULL);
    REQUIRE(reader != NULL, "cannot open");
    float *plane = malloc(44100 * sizeof *plane);
    const long got = audio_reader_read(reader, &plane, 44100, NULL);
    CHECK(got > 5000 && got < 20000, "%ld frames", got);
    CHECK(audio_reader_announced_frames(reader) == 44100, "%llu",
          (unsigned long long)audio_reader_announced_frames(reader));
    CHECK(audio_reader_damaged(reader) == 0, "%zu places", audio_reader_damaged(reader));
    audio_reader_close(reader);
    free(plane), free(file.data);
    sound_free(&noise);
    scratch_leave();
}

/* Copy an m4a whose index ("moov") is its last box, with the index behind the first box, and what it points to moved.
 */
static void save_index_first(const char *path, const char *from)
{
    bytes file = load_bytes(from);
    const size_t first = get32(file.data), moov = (size_t)(find(&file, "moov") - 4 - file.data),
                 size = file.size - moov;
    REQUIRE(get32(file.data + moov) == size, "the index is not last");
    unsigned char *list = find(&file, "stco") + 8, *moved = malloc(file.size);
    for (uint32_t i = get32(list); i > 0; i--) put32(list + 4 * i, get32(list + 4 * i) + (uint32_t)size);
    memcpy(moved, file.data, first);
    memcpy(moved + first, file.data + moov, size);
    memcpy(moved + first + size, file.data + first, moov - first);
    save_bytes(path, moved, file.size);
    free(moved), free(file.data);
}

/* So do an MP3 with an encoder's tag, an m4a whose index stands first, and a wav. */
static void test_others_announce_their_length(void)
{
    enum { FRAMES = 44100 };
    scratch_enter();
    sound noise = sound_noise(1, 44100, FRAMES, 0.5f);
    const audio_format mp3 = {AUDIO_MP3, AUDIO_INT16, 44100, 1, 128, 2, 0, false},
                       wav = {AUDIO_WAV, AUDIO_INT16, 44100, 1, 0, 0, 0, false};
    REQUIRE(sound_write("x.mp3", &mp3, &noise, NULL) && sound_write("x.wav", &wav, &noise, NULL), "write");
    save_index_first("x.m4a", data_path("tone.m4a"));
    static const char *const names[] = {"x.mp3", "x.m4a", "x.wav"};
    static const uint64_t frames[] = {FRAMES, 13230, FRAMES};
    for (int i = 0; i < 3; i++) {
        bytes file = load_bytes(names[i]);
        save_bytes(names[i], file.data, file.size / 2);
        free(file.data);
        audio_reader *reader = audio_reader_open(names[i], 0, NULL);
        REQUIRE(reader != NULL, "cannot open %s", names[i]);
        float *left = malloc(FRAMES * sizeof *left), *right = malloc(FRAMES * sizeof *right);
        const long got = audio_reader_read(reader, (float *[]){left, right}, FRAMES, NULL);
        const uint64_t announced = audio_reader_announced_frames(reader);
        CHECK(announced >= frames[i] && announced < frames[i] + 4000, "%s: %llu", names[i],
              (unsigned long long)announced);
        CHECK(got > 0 && (uint64_t)got < frames[i] * 3 / 4, "%s: %ld frames", names[i], got);
        audio_reader_close(reader);
        free(left), free(right);
    }
    sound_free(&noise);
    scratch_leave();
}

TEST_MAIN(test_damage_keeps_time, test_encrypted, test_common_encryption, test_encrypted_webm, test_almost_nothing,
          test_a_kind_that_cannot_be_decoded, test_index_at_the_end_of_a_pipe, test_announced_frames,
          test_others_announce_their_length)
