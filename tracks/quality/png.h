/* png.h - a picture of few colours, and its file; FFmpeg's encoder is known here only. */
#ifndef DMX_QUALITY_PNG_H
#define DMX_QUALITY_PNG_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct dmx_picture {
    int width, height;
    uint8_t *pixels;       /* [height][width] colours, from the top; NULL without memory */
    uint32_t palette[256]; /* 0xAARRGGBB */
} dmx_picture;

/* The first colour everywhere; the palette is all zeros. */
void dmx_picture_create(dmx_picture *self, int width, int height);
void dmx_picture_free(dmx_picture *self);

/* Hand the bytes of the picture's file to `take`, all at once. Errors: those of take; UNSUPPORTED where FFmpeg was
 * built without this encoder; MEMORY. */
bool dmx_picture_encode(const dmx_picture *self, bool (*take)(const void *bytes, size_t count, void *user), void *user,
                        demucs_error *error);

#endif
