/* tags_test.c - tags are written into each format and read back.
 *
 * The reader is libavformat's; mp3, wav and aiff are written by code of ours, whose sizes are checked here as well. */
#include "tagged.h"

#include "audio/id3.h"
#include "audio/wav_writer.h"
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { RATE_HZ = 44100, FRAMES = 3 * 44100 + 1 };

static const char *const texts[AUDIO_TAGS] = {[AUDIO_TITLE] = "Caf\xC3\xA9 \xE2\x98\x83 \xF0\x9D\x84\x9E",
                                              [AUDIO_ARTIST] = "Bj\xC3\xB6rk",
                                              [AUDIO_ALBUM] = "An album",
                                              [AUDIO_ALBUM_ARTIST] = "Various",
                                              [AUDIO_COMPOSER] = "Somebody",
                                              [AUDIO_TRACK] = "3/12",
                                              [AUDIO_DISC] = "1/2",
                                              [AUDIO_DATE] = "2021-05-04",
                                              [AUDIO_GENRE] = "Rock",
                                              [AUDIO_COMMENT] = "A comment: \xC3\xBC",
                                              [AUDIO_COPYRIGHT] = "2021 Somebody"};

/* All there is; the strings are not its own. */
static audio_tags full_tags(audio_chapter chapters[2])
{
    audio_tags tags = {.picture = {.bytes = (unsigned char *)tagged_png,
                                   .size = TAGGED_PNG_BYTES,
                                   .png = true,
                                   .width = 1,
                                   .height = 1},
                       .chapters = chapters,
                       .chapters_count = 2};
    for (int tag = 0; tag < AUDIO_TAGS; tag++) tags.texts[tag] = (char *)texts[tag];
    chapters[0] = (audio_chapter){0, 1250, (char *)"First"};
    chapters[1] = (audio_chapter){1250, 3000, (char *)"Zw\xC3\xB6lf"};
    return tags;
}

static const struct {
    const char *name;
    audio_container container;
    audio_sample sample;
} forms[] = {{"x.wav", AUDIO_WAV, AUDIO_INT16},       {"24.wav", AUDIO_WAV, AUDIO_INT24},
             {"float.wav", AUDIO_WAV, AUDIO_FLOAT32}, {"x.flac", AUDIO_FLAC, AUDIO_INT16},
             {"x.mp3", AUDIO_MP3, AUDIO_INT16},       {"x.ogg", AUDIO_OGG, AUDIO_INT16},
             {"x.opus", AUDIO_OPUS, AUDIO_INT16},     {"x.m4a", AUDIO_AAC, AUDIO_INT16},
             {"alac.m4a", AUDIO_ALAC, AUDIO_INT16},   {"x.aiff", AUDIO_AIFF, AUDIO_INT24}};

/* What is written is read again, and the sound is what it is without tags. */
static void check_all_formats(bool with_jpeg)
{
    audio_chapter chapters[2];
    audio_tags tags = full_tags(chapters);
    const audio_picture other = {
        .bytes = (unsigned char *)tagged_jpeg, .size = TAGGED_JPEG_BYTES, .width = 772, .height = 258};
    if (with_jpeg) tags.picture = other;
    const audio_kept kept = {.tags = &tags, .title = "\xF0\x9D\x84\x9E \xE2\x98\x83 (vocals)"},
                     nothing = {.tags = NULL};
    scratch_enter();
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const char *name = forms[i].name;
        const bool info = forms[i].container == AUDIO_WAV; /* of wav, FFmpeg reads the texts of the first chunk alone */
        sound noise = sound_noise(1, forms[i].container == AUDIO_OPUS ? 48000 : RATE_HZ, FRAMES, 0.3F);
        REQUIRE(tagged_write(name, forms[i].container, forms[i].sample, &noise, &kept), "write");
        REQUIRE(tagged_write("plain", forms[i].container, forms[i].sample, &noise, &nothing), "write");
        audio_tags read = tagged_read(name), none = tagged_read("plain");
        for (int tag = 0; tag < AUDIO_TAGS; tag++) {
            const bool no_place = info && (tag == AUDIO_ALBUM_ARTIST || tag == AUDIO_COMPOSER || tag == AUDIO_DISC);
            const char *expected = tag == AUDIO_TITLE ? kept.title : texts[tag];
            CHECK(no_place || tagged_same(read.texts[tag], expected), "%s, text %d: %s", name, tag,
                  read.texts[tag] != NULL ? read.texts[tag] : "none");
            CHECK(none.texts[tag] == NULL, "%s has a text without tags: %s", name, none.texts[tag]);
        }
        CHECK(read.picture.size == tags.picture.size && read.picture.png == !with_jpeg &&
                  read.picture.width == tags.picture.width && read.picture.height == tags.picture.height &&
                  memcmp(read.picture.bytes, tags.picture.bytes, tags.picture.size) == 0,
              "%s: a picture of %zu bytes", name, read.picture.size);
        REQUIRE(read.chapters_count == 2, "%s: %zu chapters", name, read.chapters_count);
        for (size_t c = 0; c < 2; c++)
            CHECK(read.chapters[c].start_ms == chapters[c].start_ms &&
                      tagged_same(read.chapters[c].title, chapters[c].title),
                  "%s, chapter %zu: %s from %llu", name, c, read.chapters[c].title,
                  (unsigned long long)read.chapters[c].start_ms);
        CHECK(read.chapters[0].end_ms == 1250 && read.left_out == 0, "%s: left out %u", name, read.left_out);
        CHECK(none.picture.bytes == NULL && none.chapters_count == 0, "%s: a picture or chapters without tags", name);
        sound with = sound_read(name, 0, 4096, NULL), without = sound_read("plain", 0, 4096, NULL);
        CHECK(with.frames == without.frames && sound_snr(&with, &without, 0, with.frames) == 200, "%s: other sound",
              name);
        sound_free(&noise), sound_free(&with), sound_free(&without);
        audio_tags_clear(&read), audio_tags_clear(&none);
    }
    scratch_leave();
}

static void test_all_formats(void)
{
    check_all_formats(false);
    check_all_formats(true);
}

/* Tags that are there but empty change nothing, and without a title none is made up. */
static void test_few_tags(void)
{
    const audio_tags empty = {.left_out = 0};
    audio_tags artist = {.left_out = 0};
    artist.texts[AUDIO_ARTIST] = (char *)"Somebody";
    const audio_kept kept = {.tags = &artist, .title = "Song (vocals)"}, bare = {.tags = &empty};
    scratch_enter();
    sound noise = sound_noise(1, 48000, 20000, 0.3F);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        REQUIRE(tagged_write(forms[i].name, forms[i].container, forms[i].sample, &noise, &kept), "write");
        audio_tags read = tagged_read(forms[i].name);
        CHECK(tagged_same(read.texts[AUDIO_ARTIST], "Somebody") && read.texts[AUDIO_TITLE] == NULL &&
                  read.chapters_count == 0,
              "%s", forms[i].name);
        audio_tags_clear(&read);
        REQUIRE(tagged_write("bare", forms[i].container, forms[i].sample, &noise, &bare), "write");
        read = tagged_read("bare");
        CHECK(read.texts[AUDIO_ARTIST] == NULL && read.picture.bytes == NULL, "%s", forms[i].name);
        audio_tags_clear(&read);
    }
    sound_free(&noise);
    scratch_leave();
}

static uint32_t number(const unsigned char *at, bool big)
{
    return big ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]
               : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

/* Chunks follow one another to the end of the file, with the size that it names; what is before them is as it is
 * without tags. `names` are those of the chunks, each of four letters. */
static void check_chunks(const char *path, const char *names, bool big)
{
    bytes file = load_bytes(path);
    size_t at = 12, count = 0;
    REQUIRE(file.size > 12 && number(file.data + 4, big) == file.size - 8, "%s: size of all", path);
    while (at + 8 <= file.size && count < strlen(names) / 4) {
        CHECK(memcmp(file.data + at, names + 4 * count, 4) == 0, "%s: %.4s at %zu", path, (char *)file.data + at, at);
        at += 8 + number(file.data + at + 4, big);
        at += at % 2;
        count++;
    }
    CHECK(at == file.size && count == strlen(names) / 4, "%s: %zu chunks end at %zu of %zu", path, count, at,
          file.size);
    free(file.data);
}

static void test_chunks(void)
{
    audio_chapter chapters[2];
    audio_tags tags = full_tags(chapters);
    const audio_kept kept = {.tags = &tags};
    scratch_enter();
    sound noise = sound_noise(1, RATE_HZ, 2001, 0.3F); /* an odd number of bytes in 24 bits */
    for (int odd = 0; odd < 2; odd++) {
        tags.texts[AUDIO_ARTIST] = (char *)(odd ? "odd" : "even");
        tags.picture.size = TAGGED_PNG_BYTES - (size_t)odd;
        REQUIRE(tagged_write("x.wav", AUDIO_WAV, AUDIO_INT24, &noise, &kept), "write");
        check_chunks("x.wav", "fmt dataLISTid3 ", false);
        REQUIRE(tagged_write("x.aiff", AUDIO_AIFF, AUDIO_INT24, &noise, &kept), "write");
        check_chunks("x.aiff", "NAME(c) ANNOCOMMSSNDID3 ", true);
    }
    /* and beyond 4 GiB, as it were */
    audio_wav_riff_limit = 5000;
    REQUIRE(tagged_write("long.wav", AUDIO_WAV, AUDIO_INT24, &noise, &kept), "write");
    audio_wav_riff_limit = UINT32_MAX;
    bytes file = load_bytes("long.wav");
    REQUIRE(file.size > 48 && memcmp(file.data, "RF64", 4) == 0, "no RF64");
    CHECK(number(file.data + 20, false) == file.size - 8, "size of all");
    free(file.data);
    audio_tags read = tagged_read("long.wav");
    CHECK(tagged_same(read.texts[AUDIO_ARTIST], "odd"), "tags of an RF64");
    sound all = sound_read("long.wav", 0, 4096, NULL);
    CHECK(all.frames == 2001, "%zu frames", all.frames);
    audio_tags_clear(&read), sound_free(&all), sound_free(&noise);
    scratch_leave();
}

/* Hours, minutes, seconds: in comments, too, where they are written out. */
static void test_late_chapters(void)
{
    enum { AT = 2 * 3600000 + 34 * 60000 + 56 * 1000 + 789 };
    audio_chapter chapters[] = {{0, AT, (char *)"Long"}, {AT, AT + 1000, (char *)"Late"}};
    const audio_tags tags = {.chapters = chapters, .chapters_count = 2};
    const audio_kept kept = {.tags = &tags};
    scratch_enter();
    sound noise = sound_noise(1, 48000, 5000, 0.3F);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        REQUIRE(tagged_write(forms[i].name, forms[i].container, forms[i].sample, &noise, &kept), "write");
        audio_tags read = tagged_read(forms[i].name);
        CHECK(read.chapters_count == 2 && read.chapters[1].start_ms == AT, "%s: from %llu", forms[i].name,
              read.chapters_count == 2 ? (unsigned long long)read.chapters[1].start_ms : 0ULL);
        audio_tags_clear(&read);
    }
    sound_free(&noise);
    scratch_leave();
}

/* ID3v2.3, byte by byte. */
static void test_id3(void)
{
    static const char expected[] = "ID3\3\0\0\0\0\1\5"
                                   "TIT2\0\0\0\3\0\0\0"
                                   "Ab"
                                   "TPE1\0\0\0\5\0\0\1\xFF\xFE\xE9\0"
                                   "COMM\0\0\0\x6\0\0\0"
                                   "eng\0x"
                                   "APIC\0\0\0\x10\0\0\0"
                                   "image/png\0\3\0"
                                   "123"
                                   "CTOC\0\0\0\xA\0\0"
                                   "toc\0\3\1"
                                   "ch0\0"
                                   "CHAP\0\0\0\x21\0\0"
                                   "ch0\0\0\0\1\0\0\1\2\3\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
                                   "TIT2\0\0\0\3\0\0\0"
                                   "ok";
    audio_chapter chapter = {256, 66051, (char *)"ok"};
    audio_tags tags = {.picture = {.bytes = (unsigned char *)"123", .size = 3, .png = true, .width = 1, .height = 1},
                       .chapters = &chapter,
                       .chapters_count = 1};
    tags.texts[AUDIO_TITLE] = (char *)"Ab";
    tags.texts[AUDIO_ARTIST] = (char *)"\xC3\xA9";
    tags.texts[AUDIO_COMMENT] = (char *)"x";
    size_t size = 0;
    unsigned char *made = audio_id3_make(&(audio_kept){.tags = &tags}, &size);
    REQUIRE(made != NULL, "memory");
    size_t at = 0;
    while (at < size && at < sizeof expected - 1 && made[at] == (unsigned char)expected[at]) at++;
    CHECK(size == sizeof expected - 1 && at == size, "%zu bytes of %zu, other from %zu on", size, sizeof expected - 1,
          at);
    dmx_free(made);
}

/* Dates of ID3v2.3: a year, with or without a day. */
static void test_dates(void)
{
    static const struct {
        const char *date, *read;
    } cases[] = {{"1999", "1999"},    {"2021-05-04", "2021-05-04"}, {"2021-05-04T10:00:00", "2021-05-04"},
                 {"2021-05", "2021"}, {"May 1999", NULL},           {"20210504", "2021"}};
    scratch_enter();
    sound noise = sound_noise(1, RATE_HZ, 5000, 0.3F);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        audio_tags tags = {.left_out = 0};
        tags.texts[AUDIO_DATE] = (char *)cases[i].date;
        const audio_kept kept = {.tags = &tags};
        REQUIRE(tagged_write("x.mp3", AUDIO_MP3, AUDIO_INT16, &noise, &kept), "write");
        audio_tags read = tagged_read("x.mp3");
        CHECK(tagged_same(read.texts[AUDIO_DATE], cases[i].read), "%s gives %s", cases[i].date, read.texts[AUDIO_DATE]);
        audio_tags_clear(&read);
    }
    sound_free(&noise);
    scratch_leave();
}

TEST_MAIN(test_all_formats, test_few_tags, test_chunks, test_late_chapters, test_id3, test_dates)
