/* tags.h - texts of tags, made fit to be written. */
#ifndef DEMUCS_AUDIO_TAGS_H
#define DEMUCS_AUDIO_TAGS_H

#include "audio/audio.h"

enum {
    AUDIO_TAG_BYTES = 4096,        /* of a text at most */
    AUDIO_CHAPTERS = 255,          /* at most: what the table of contents of ID3 counts to */
    AUDIO_PICTURE_BYTES = 10 << 20 /* at most; FLAC has no blocks of more than 16 MiB */
};

/* Store a new text, to be freed with dmx_free: UTF-8, or NULL where nothing is left of it. *left_out gets
 * AUDIO_LEFT_TEXT where it had to be cut. False without memory. */
bool audio_tags_text(char **out, const char *raw, unsigned *left_out);

/* Tell by its bytes what a picture is; false when it is none that can be carried over. */
bool audio_picture_look(audio_picture *picture);

/* A text of the tags that a file keeps, or NULL. */
const char *audio_kept_text(const audio_kept *kept, audio_tag tag);

#endif
