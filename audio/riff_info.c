/* riff_info.c - see riff_info.h
 *
 *   "LIST" size "INFO"   name size text 0   name size text 0   ...    the texts, in UTF-8: what most programs read
 *   "id3 " size ID3                                                   all of it, once more
 *
 * Sizes are little-endian, and each chunk begins at an even place. */
#include "audio/riff_info.h"

#include "audio/id3.h"
#include "audio/tags.h"
#include "base/alloc.h"

#include <string.h>

static const char *const chunks[AUDIO_TAGS] = {
    [AUDIO_TITLE] = "INAM", [AUDIO_ARTIST] = "IART", [AUDIO_ALBUM] = "IPRD",   [AUDIO_TRACK] = "ITRK",
    [AUDIO_DATE] = "ICRD",  [AUDIO_GENRE] = "IGNR",  [AUDIO_COMMENT] = "ICMT", [AUDIO_COPYRIGHT] = "ICOP",
};

static unsigned char *put_head(unsigned char *to, const char *name, size_t size)
{
    memcpy(to, name, 4);
    for (int i = 0; i < 4; i++) to[4 + i] = (unsigned char)(size >> 8 * i);
    return to + 8;
}

static size_t even(size_t size) { return size + size % 2; }

/* A chunk with its content; what pads it is zero already. */
static unsigned char *put_chunk(unsigned char *to, const char *name, const void *bytes, size_t size)
{
    memcpy(put_head(to, name, size), bytes, size);
    return to + 8 + even(size);
}

static size_t texts_bytes(const audio_kept *kept)
{
    size_t bytes = 0;
    for (int tag = 0; tag < AUDIO_TAGS; tag++) {
        const char *text = chunks[tag] != NULL ? audio_kept_text(kept, (audio_tag)tag) : NULL;
        if (text != NULL) bytes += 8 + even(strlen(text) + 1);
    }
    return bytes;
}

unsigned char *audio_riff_info_make(const audio_kept *kept, size_t *size)
{
    size_t id3_bytes, list_bytes = 4 + texts_bytes(kept);
    unsigned char *id3 = audio_id3_make(kept, &id3_bytes);
    if (id3 == NULL) return NULL;
    *size = 8 + list_bytes + 8 + even(id3_bytes);
    unsigned char *made = dmx_alloc(*size, 1), *to = made;
    if (made != NULL) {
        memcpy(put_head(to, "LIST", list_bytes), "INFO", 4);
        to += 12;
        for (int tag = 0; tag < AUDIO_TAGS; tag++) {
            const char *text = chunks[tag] != NULL ? audio_kept_text(kept, (audio_tag)tag) : NULL;
            if (text != NULL) to = put_chunk(to, chunks[tag], text, strlen(text) + 1);
        }
        put_chunk(to, "id3 ", id3, id3_bytes);
    }
    dmx_free(id3);
    return made;
}
