/* tags_foreign_test.c - of the tags of files that are not to be trusted only what may go on is taken. */
#include "tagged.h"

#include "audio/tags.h"
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { RATE_HZ = 44100, FRAMES = 3 * 44100 };

/* ---- texts ---- */

static void check_text(const char *raw, const char *expected, unsigned expected_left)
{
    char *text = NULL;
    unsigned left = 0;
    CHECK(audio_tags_text(&text, raw, &left), "memory");
    CHECK(tagged_same(text, expected) && left == expected_left, "\"%.40s\" gives \"%.40s\", left out %u", raw,
          text != NULL ? text : "none", left);
    dmx_free(text);
}

static void test_texts(void)
{
    static char big[20000], expected[AUDIO_TAG_BYTES + 1];
    check_text("plain", "plain", 0);
    check_text("  some \t room\r\n ", "some   room", 0);
    check_text("", NULL, 0);
    check_text(" \x01\x7F ", NULL, 0);
    check_text("\x1B[31mred\x1B[0m", "[31mred [0m", 0);
    check_text("\xE2\x80\xAE"
               "evil",
               "evil", 0);                                     /* turns the direction of writing round */
    check_text("Beyonc\xE9", "Beyonc\xC3\xA9", 0);             /* Latin-1 */
    check_text("\xC3\xA9\xC3", "\xC3\x83\xC2\xA9\xC3\x83", 0); /* half a character: then no UTF-8 at all */
    memset(big, 'a', sizeof big - 1);
    memset(expected, 'a', AUDIO_TAG_BYTES);
    check_text(big, expected, AUDIO_LEFT_TEXT);
    memcpy(big + AUDIO_TAG_BYTES - 1, "\xC3\xA9", 2); /* would be cut in two */
    expected[AUDIO_TAG_BYTES - 1] = '\0';
    check_text(big, expected, AUDIO_LEFT_TEXT);
    memset(big, 0xE9, sizeof big - 1);
    for (int i = 0; i < AUDIO_TAG_BYTES; i++) expected[i] = i % 2 == 0 ? '\xC3' : '\xA9';
    check_text(big, expected, AUDIO_LEFT_TEXT);
}

/* ---- hostile files ---- */

/* A wav whose INFO has these bytes as its chunks. */
static void save_info(const char *path, const char *chunks, size_t size)
{
    static unsigned char file[60000];
    static const char head[] = "RIFF____WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1F\0\0\x80\x3E\0\0\2\0\x10\0LIST____INFO";
    const size_t list = sizeof head - 1 + size, all = list + 8 + 2000;
    REQUIRE(all < sizeof file, "too large");
    memset(file, 0, sizeof file);
    memcpy(file, head, sizeof head - 1);
    memcpy(file + sizeof head - 1, chunks, size);
    memcpy(file + list, "data\xD0\7\0\0", 8);
    for (int i = 0; i < 4; i++) {
        file[4 + i] = (unsigned char)((all - 8) >> 8 * i);
        file[40 + i] = (unsigned char)((size + 4) >> 8 * i);
    }
    REQUIRE(save_bytes(path, file, all), "write");
}

static void test_foreign_bytes(void)
{
    scratch_enter();
    static const char latin1[] =
        "INAM\6\0\0\0Caf\xE9!\0IART\4\0\0\0\1\2\3\0ICMT\10\0\0\0a\x1B[2Jb\0\0ISFT\4\0\0\0Foo\0";
    save_info("latin1.wav", latin1, sizeof latin1 - 1);
    audio_tags tags = tagged_read("latin1.wav");
    CHECK(tagged_same(tags.texts[AUDIO_TITLE], "Caf\xC3\xA9!") && tags.texts[AUDIO_ARTIST] == NULL &&
              tagged_same(tags.texts[AUDIO_COMMENT], "a [2Jb"),
          "%s", tags.texts[AUDIO_TITLE]);
    audio_tags_clear(&tags);
    /* thousands of them */
    static char many[40000];
    for (size_t i = 0; i + 10 <= sizeof many; i += 10) memcpy(many + i, "ZZZZ\2\0\0\0x", 10);
    for (int i = 0; i < 4; i++) many[4000 * i] = 'A', many[4000 * i + 1] = (char)('A' + i);
    save_info("many.wav", many, sizeof many);
    tags = tagged_read("many.wav");
    for (int tag = 0; tag < AUDIO_TAGS; tag++) CHECK(tags.texts[tag] == NULL, "%s", tags.texts[tag]);
    audio_tags_clear(&tags);
    scratch_leave();
}

/* Pictures that are none, or too large, and too many chapters. */
static void test_bounds(void)
{
    enum { CHAPTERS = 300, HUGE = AUDIO_PICTURE_BYTES + 1 };
    static audio_chapter chapters[CHAPTERS];
    static const char gif[] = "GIF89a\1\0\1\0\0\0\0;";
    unsigned char *huge = calloc(HUGE, 1);
    REQUIRE(huge != NULL, "memory");
    memcpy(huge, tagged_png, TAGGED_PNG_BYTES);
    for (int i = 0; i < CHAPTERS; i++) chapters[i] = (audio_chapter){(uint64_t)i * 10, (uint64_t)i * 10 + 10, NULL};
    const audio_picture pictures[] = {
        {.bytes = (unsigned char *)gif, .size = sizeof gif - 1, .png = true, .width = 1, .height = 1},
        {.bytes = huge, .size = HUGE, .png = true, .width = 1, .height = 1},
        {.bytes = huge, .size = AUDIO_PICTURE_BYTES, .png = true, .width = 1, .height = 1}};
    static const struct {
        const char *name;
        audio_container container;
    } files[] = {{"x.flac", AUDIO_FLAC}, {"x.mp3", AUDIO_MP3}, {"x.m4a", AUDIO_AAC}};
    scratch_enter();
    sound noise = sound_noise(1, RATE_HZ, FRAMES, 0.3F);
    for (int k = 0; k < 3; k++)
        for (int file = 0; file < 3; file++) {
            const audio_tags tags = {
                .picture = pictures[k], .chapters = chapters, .chapters_count = file == 0 ? CHAPTERS : 255};
            const audio_kept kept = {.tags = &tags};
            REQUIRE(tagged_write(files[file].name, files[file].container, AUDIO_INT16, &noise, &kept), "write");
            audio_tags read = tagged_read(files[file].name);
            CHECK((read.picture.bytes != NULL) == (k == 2), "%s: picture %d", files[file].name, k);
            CHECK(((read.left_out & AUDIO_LEFT_PICTURE) != 0) == (k < 2), "%s, picture %d: left out %u",
                  files[file].name, k, read.left_out);
            CHECK(read.chapters_count == 255 && ((read.left_out & AUDIO_LEFT_CHAPTERS) != 0) == (file == 0),
                  "%s: %zu chapters, left out %u", files[file].name, read.chapters_count, read.left_out);
            audio_tags_clear(&read);
        }
    free(huge);
    sound_free(&noise);
    scratch_leave();
}

/* What is told by the first bytes of a picture. */
static void check_picture(const char *content, size_t size, bool good, int width, int height)
{
    audio_picture picture = {.bytes = malloc(size), .size = size}; /* so that asan sees where it ends */
    memcpy(picture.bytes, content, size);
    CHECK(audio_picture_look(&picture) == good, "%d x %d, %zu bytes", picture.width, picture.height, size);
    CHECK(!good || (picture.width == width && picture.height == height), "%d x %d", picture.width, picture.height);
    free(picture.bytes);
}

static void test_pictures(void)
{
    const char *grey = (const char *)tagged_png;
    check_picture(grey, TAGGED_PNG_BYTES, true, 1, 1);
    for (size_t size = 1; size < 24; size++) check_picture(grey, size, false, 0, 0);
    check_picture((const char *)tagged_jpeg, TAGGED_JPEG_BYTES, true, 0x304, 0x102);
    for (size_t size = 1; size < TAGGED_JPEG_BYTES - 1; size++)
        check_picture((const char *)tagged_jpeg, size, false, 0, 0);
    check_picture("\xFF\xD8\xFF\xC0\0\x11\x8\0\0\0\1\3", 12, false, 0, 0);      /* no height */
    check_picture("\xFF\xD8\xFF\xE0\0\0\xFF\xC0\0\0\0\0\0\0", 14, false, 0, 0); /* a length that is too small */
    char large[TAGGED_PNG_BYTES];
    memcpy(large, tagged_png, TAGGED_PNG_BYTES);
    large[17] = 1; /* 65,537 wide */
    check_picture(large, sizeof large, false, 0, 0);
}

TEST_MAIN(test_texts, test_foreign_bytes, test_bounds, test_pictures)
