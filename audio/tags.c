/* tags.c - what a file says of its track: texts, a picture, chapters. See audio.h.
 *
 * Texts come from files of any age and any program, and go into files that players show. So each is made UTF-8 of some
 * length at most, without control characters, and what is empty then is not there. */
#include "audio/tags.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

void audio_tags_clear(audio_tags *self)
{
    for (int tag = 0; tag < AUDIO_TAGS; tag++) dmx_free(self->texts[tag]);
    for (size_t i = 0; i < self->chapters_count; i++) dmx_free(self->chapters[i].title);
    dmx_free(self->chapters);
    dmx_free(self->picture.bytes);
    *self = (audio_tags){.left_out = 0};
}

/* Bytes of the characters at the front of `text` that fit into `most`; *good tells whether they are UTF-8. */
static size_t front(const char *text, size_t most, bool *good)
{
    size_t taken = 0, bytes = 0;
    uint32_t code;
    while (text[taken] != '\0' && (bytes = dmx_text_next(text + taken, &code)) > 0 && taken + bytes <= most)
        taken += bytes;
    *good = text[taken] == '\0' || bytes > 0;
    return taken;
}

/* What is not UTF-8 is taken for Latin-1, as the texts of ID3 are by its rules: each byte is a character. */
static char *from_latin1(const char *text, size_t length)
{
    char *out = dmx_alloc(2 * length + 1, 1), *to = out;
    for (size_t i = 0; out != NULL && i < length; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte >= 0x80) *to++ = (char)(0xC0 | byte >> 6);
        *to++ = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3F));
    }
    return out;
}

static void trim(char *text)
{
    const size_t first = strspn(text, " ");
    size_t length = strlen(text + first);
    while (length > 0 && text[first + length - 1] == ' ') length--;
    memmove(text, text + first, length);
    text[length] = '\0';
}

bool audio_tags_text(char **out, const char *raw, unsigned *left_out)
{
    bool utf8;
    size_t taken = front(raw, AUDIO_TAG_BYTES, &utf8);
    if (!utf8) taken = strnlen(raw, AUDIO_TAG_BYTES / 2); /* so much becomes as much again at most */
    char *text = utf8 ? dmx_alloc(taken + 1, 1) : from_latin1(raw, taken);
    if (text == NULL) return false;
    if (utf8) memcpy(text, raw, taken);
    if (raw[taken] != '\0') *left_out |= AUDIO_LEFT_TEXT;
    dmx_make_printable(text, ' ');
    trim(text);
    *out = *text != '\0' ? text : NULL;
    if (*out == NULL) dmx_free(text);
    return true;
}

/* ---- pictures ---- */

static int big_endian(const unsigned char *bytes, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++) number = number << 8 | bytes[i];
    return number;
}

/* "\x89PNG...", then a chunk that begins with width and height. */
static void look_at_png(audio_picture *picture)
{
    static const unsigned char head[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    const unsigned char *bytes = picture->bytes;
    if (picture->size < 24 || memcmp(bytes, head, sizeof head) != 0 || bytes[16] != 0 || bytes[20] != 0) return;
    picture->png = true;
    picture->width = big_endian(bytes + 17, 3);
    picture->height = big_endian(bytes + 21, 3);
}

/* Segments of 0xFF, a kind and a length; the kinds C0 to CF, but for three, begin with the height and the width. */
static void look_at_jpeg(audio_picture *picture)
{
    const unsigned char *bytes = picture->bytes;
    if (picture->size < 4 || big_endian(bytes, 3) != 0xFFD8FF) return;
    for (size_t at = 2; at + 9 <= picture->size && bytes[at] == 0xFF;) {
        const unsigned char kind = bytes[at + 1];
        if (kind == 0xFF) { /* fills up */
            at++;
            continue;
        }
        if (kind >= 0xC0 && kind <= 0xCF && kind != 0xC4 && kind != 0xC8 && kind != 0xCC) {
            picture->height = big_endian(bytes + at + 5, 2);
            picture->width = big_endian(bytes + at + 7, 2);
            return;
        }
        at += 2 + (size_t)big_endian(bytes + at + 2, 2);
    }
}

bool audio_picture_look(audio_picture *picture)
{
    picture->png = false;
    picture->width = picture->height = 0;
    look_at_png(picture);
    look_at_jpeg(picture);
    return picture->size <= AUDIO_PICTURE_BYTES && picture->width > 0 && picture->width < 65536 &&
           picture->height > 0 && picture->height < 65536;
}

const char *audio_kept_text(const audio_kept *kept, audio_tag tag)
{
    const char *text = kept->tags->texts[tag];
    return tag == AUDIO_TITLE && text != NULL && kept->title != NULL ? kept->title : text;
}
