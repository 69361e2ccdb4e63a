/* id3.c - see id3.h
 *
 *   "ID3" 3 0 0 size        the size in groups of seven bits
 *   name size 0 0 content   a frame, one after the other; numbers are big-endian
 *
 *   T...   encoding text                                       COMM   encoding "eng" description 0 text
 *   APIC   0 type-of-the-file 0 3 description 0 bytes          3: the front cover
 *   CHAP   id 0 start end -1 -1 frames                         milliseconds; TIT2 is its title
 *   CTOC   "toc" 0 3 count id 0 id 0 ...                       3: the list of all, in this order
 *
 * Version 2.3, which all players read, knows two ways to write texts: Latin-1, of which only ASCII is used here, and
 * UTF-16. It is written here and not by a library: LAME has no chapters, and FFmpeg puts comments where no player looks
 * for them. As everywhere where sizes come before what they measure, the tag is made twice: on nothing, which counts,
 * and then on memory of that size. */
#include "audio/id3.h"

#include "audio/tags.h"
#include "base/alloc.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { HEAD_BYTES = 10 }; /* of the tag, and of each frame */

/* Where the next bytes go; `bytes` is NULL while they are counted. */
typedef struct sink {
    unsigned char *bytes;
    size_t size;
} sink;

static void put(sink *to, const void *bytes, size_t count)
{
    if (to->bytes != NULL) memcpy(to->bytes + to->size, bytes, count);
    to->size += count;
}

static void put_byte(sink *to, unsigned value) { put(to, &(unsigned char){(unsigned char)value}, 1); }

static void put_number(sink *to, uint64_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) put_byte(to, (unsigned)(value >> shift) & 255);
}

/* Begin a frame; returns where, for end_frame. */
static size_t begin_frame(sink *to, const char *name)
{
    const size_t start = to->size;
    put(to, name, 4);
    put_number(to, 0);
    put(to, "\0\0", 2);
    return start;
}

static void end_frame(sink *to, size_t start)
{
    sink size = {.bytes = to->bytes, .size = start + 4};
    put_number(&size, to->size - start - HEAD_BYTES);
}

static bool is_ascii(const char *text)
{
    while (*text != '\0')
        if ((unsigned char)*text++ >= 0x80) return false;
    return true;
}

static void put_unit(sink *to, unsigned unit)
{
    put_byte(to, unit & 255);
    put_byte(to, unit >> 8);
}

/* UTF-16, little-endian, with its mark. */
static void put_utf16(sink *to, const char *text)
{
    uint32_t code;
    put_unit(to, 0xFEFF);
    for (size_t bytes; *text != '\0' && (bytes = dmx_text_next(text, &code)) > 0; text += bytes)
        if (code >= 0x10000) {
            put_unit(to, 0xD800 | (code - 0x10000) >> 10);
            put_unit(to, 0xDC00 | (code & 0x3FF));
        } else {
            put_unit(to, code);
        }
}

static void put_text(sink *to, const char *name, const char *text)
{
    if (text == NULL) return;
    const size_t start = begin_frame(to, name);
    const bool ascii = is_ascii(text), comment = strcmp(name, "COMM") == 0;
    put_byte(to, ascii ? 0 : 1);
    if (comment) put(to, "eng", 3);
    if (comment && !ascii) put(to, "\xFF\xFE\0", 4); /* a description that is empty */
    if (comment && ascii) put_byte(to, 0);
    if (ascii)
        put(to, text, strlen(text));
    else
        put_utf16(to, text);
    end_frame(to, start);
}

/* "2021-05-04": a year, and a day and a month. What does not begin with a year has no place in this version. */
static void put_date(sink *to, const char *date)
{
    char year[5] = "", day[5] = "";
    if (date == NULL || strspn(date, "0123456789") < 4) return;
    memcpy(year, date, 4);
    put_text(to, "TYER", year);
    if (strlen(date) < 10 || date[4] != '-' || date[7] != '-' || strspn(date + 5, "0123456789") != 2 ||
        strspn(date + 8, "0123456789") < 2)
        return;
    memcpy(day, date + 8, 2);
    memcpy(day + 2, date + 5, 2);
    put_text(to, "TDAT", day);
}

static void put_picture(sink *to, const audio_picture *picture)
{
    static const char png[] = "\0image/png\0\3", jpeg[] = "\0image/jpeg\0\3"; /* each ends with an empty description */
    if (picture->bytes == NULL) return;
    const size_t start = begin_frame(to, "APIC");
    put(to, picture->png ? png : jpeg, picture->png ? sizeof png : sizeof jpeg);
    put(to, picture->bytes, picture->size);
    end_frame(to, start);
}

static void put_chapters(sink *to, const audio_tags *tags)
{
    char id[16];
    if (tags->chapters_count == 0) return;
    const size_t list = begin_frame(to, "CTOC");
    put(to, "toc\0\3", 5);
    put_byte(to, (unsigned)tags->chapters_count);
    for (size_t i = 0; i < tags->chapters_count; i++) put(to, id, (size_t)snprintf(id, sizeof id, "ch%zu", i) + 1);
    end_frame(to, list);
    for (size_t i = 0; i < tags->chapters_count; i++) {
        const size_t start = begin_frame(to, "CHAP");
        put(to, id, (size_t)snprintf(id, sizeof id, "ch%zu", i) + 1);
        put_number(to, tags->chapters[i].start_ms);
        put_number(to, tags->chapters[i].end_ms);
        put(to, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8); /* places in the file, which are not told */
        put_text(to, "TIT2", tags->chapters[i].title);
        end_frame(to, start);
    }
}

static void put_all(sink *to, const audio_kept *kept)
{
    static const char *const frames[AUDIO_TAGS] = {
        [AUDIO_TITLE] = "TIT2",    [AUDIO_ARTIST] = "TPE1",   [AUDIO_ALBUM] = "TALB", [AUDIO_ALBUM_ARTIST] = "TPE2",
        [AUDIO_COMPOSER] = "TCOM", [AUDIO_TRACK] = "TRCK",    [AUDIO_DISC] = "TPOS",  [AUDIO_GENRE] = "TCON",
        [AUDIO_COMMENT] = "COMM",  [AUDIO_COPYRIGHT] = "TCOP"};
    put(to, "ID3\3\0\0\0\0\0", HEAD_BYTES);
    for (int tag = 0; tag < AUDIO_TAGS; tag++)
        if (frames[tag] != NULL) put_text(to, frames[tag], audio_kept_text(kept, (audio_tag)tag));
    put_date(to, kept->tags->texts[AUDIO_DATE]);
    put_picture(to, &kept->tags->picture);
    put_chapters(to, kept->tags);
    sink size = {.bytes = to->bytes, .size = 6};
    for (int shift = 21; shift >= 0; shift -= 7) put_byte(&size, (unsigned)((to->size - HEAD_BYTES) >> shift) & 127);
}

unsigned char *audio_id3_make(const audio_kept *kept, size_t *size)
{
    sink counted = {NULL, 0};
    put_all(&counted, kept);
    sink made = {dmx_alloc(counted.size, 1), 0};
    if (made.bytes == NULL) return NULL;
    put_all(&made, kept);
    *size = made.size;
    return made.bytes;
}
