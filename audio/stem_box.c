/* stem_box.c - see stem_box.h */
#include "audio/stem_box.h"

#include "base/text.h"

#include <string.h>

/* A box of the file: a size of 32 or 64 bits, a name of four letters, what it holds. */
typedef struct box {
    uint64_t start, end;
    unsigned head; /* bytes of size and name */
    char name[5];
} box;

enum { HEAD = 8, LONG_HEAD = 16 };

static uint64_t big_endian(const unsigned char *bytes, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++) value = value << 8 | bytes[i];
    return value;
}

/* Read the box at `start`, which has to end at `end` or before; its head is 0 where there is none. False where the file
 * cannot be read. */
static bool read_box(dmx_file *file, uint64_t start, uint64_t end, box *out)
{
    unsigned char bytes[LONG_HEAD] = {0};
    const unsigned there = end - start < LONG_HEAD ? (unsigned)(end - start) : LONG_HEAD;
    *out = (box){.start = start};
    if (!dmx_file_read(file, bytes, there, start)) return false;
    const bool is_long = big_endian(bytes, 4) == 1;
    const unsigned head = is_long ? LONG_HEAD : HEAD;
    const uint64_t size = is_long ? big_endian(bytes + 8, 8) : big_endian(bytes, 4);
    if (size < head || size > end - start) return true;
    *out = (box){.start = start, .end = start + size, .head = head};
    memcpy(out->name, bytes + 4, 4);
    return true;
}

/* The last of the boxes between two places; its head is 0 where they are no boxes. */
static bool find_last(dmx_file *file, uint64_t start, uint64_t end, box *out)
{
    *out = (box){.head = 0};
    for (uint64_t at = start; at < end; at = out->end) {
        if (!read_box(file, at, end, out)) return false;
        if (out->head == 0) return true;
    }
    return true;
}

static bool put_head(dmx_file *file, uint64_t size, const char *name)
{
    const unsigned char bytes[HEAD] = {
        (unsigned char)(size >> 24), (unsigned char)(size >> 16), (unsigned char)(size >> 8), (unsigned char)size,
        (unsigned char)name[0],      (unsigned char)name[1],      (unsigned char)name[2],     (unsigned char)name[3]};
    return dmx_file_write(file, bytes, sizeof bytes);
}

/* Add `more` bytes to the size of a box that ends with the file. */
static bool grow(dmx_file *file, const box *which, uint64_t more)
{
    return dmx_file_seek(file, which->start) && put_head(file, which->end - which->start + more, which->name);
}

/* Write the box behind the last one, `udta` where there is one, else `movie`. */
static bool append(dmx_file *file, const char *text, const box *movie, const box *udta)
{
    const uint64_t size = HEAD + strlen(text), whole = size + (udta != NULL ? 0 : HEAD);
    return dmx_file_seek(file, movie->end) && (udta != NULL || put_head(file, whole, "udta")) &&
           put_head(file, size, "stem") && dmx_file_write(file, text, strlen(text)) && grow(file, movie, whole) &&
           (udta == NULL || grow(file, udta, whole));
}

bool audio_stem_box_add(dmx_file *file, const char *text, demucs_error *error)
{
    box movie, last;
    const uint64_t most = UINT32_MAX - 2 * HEAD - strlen(text);
    if (!find_last(file, 0, dmx_file_size(file), &movie)) return !dmx_file_fail(file, error);
    const bool is_movie = strcmp(movie.name, "moov") == 0 && movie.head == HEAD && movie.end - movie.start <= most;
    if (is_movie && !find_last(file, movie.start + HEAD, movie.end, &last)) return !dmx_file_fail(file, error);
    if (!is_movie || last.head != HEAD)
        return !dmx_refuse(dmx_file_path(file), error, DEMUCS_ERROR_UNSUPPORTED,
                           "this FFmpeg puts the parts of an MP4 file in an order that stems cannot be added to: write "
                           "another format");
    return append(file, text, &movie, strcmp(last.name, "udta") == 0 ? &last : NULL) || !dmx_file_fail(file, error);
}
