/* tagged.h - what the tests of tags share: files that are written with tags and read again. */
#ifndef DEMUCS_TESTS_TAGGED_H
#define DEMUCS_TESTS_TAGGED_H

#include "audio_test.h"

/* The smallest of pictures: a PNG of one grey point. And the front of a JPEG, of 772 x 258 points. */
enum { TAGGED_PNG_BYTES = 67, TAGGED_JPEG_BYTES = 26 };
extern const unsigned char tagged_png[TAGGED_PNG_BYTES], tagged_jpeg[TAGGED_JPEG_BYTES];

/* Write a sound with what it keeps; false with a failed check. */
bool tagged_write(const char *path, audio_container container, audio_sample sample, const sound *it,
                  const audio_kept *kept);

/* To be freed with audio_tags_clear. */
audio_tags tagged_read(const char *path);

/* Whether both are the same text, or both NULL. */
bool tagged_same(const char *a, const char *b);

#endif
