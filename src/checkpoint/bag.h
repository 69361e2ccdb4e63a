/* bag.h - a bag of models: a small YAML file with `models`, and maybe `weights` and `segment`. */
#ifndef DMX_CHECKPOINT_BAG_H
#define DMX_CHECKPOINT_BAG_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define DMX_BAG_MAX_MODELS  64
#define DMX_BAG_MAX_SOURCES 64

typedef struct dmx_bag {
    size_t count;
    char **signatures; /* [count] letters, digits, '_', '-' and '.' only: never a path */
    double *weights;   /* [count][weight_columns], finite and >= 0, or NULL when the file has none */
    size_t weight_columns;
    double segment_seconds; /* > 0, or 0 when the file has none */
} dmx_bag;

/* Parse a bag. `path` is only for messages. Tags, anchors, aliases, a second document and anything beyond the three
 * keys' plain meaning are refused, except that unknown keys are ignored. */
demucs_status dmx_bag_parse(dmx_bag *bag, const char *path, const unsigned char *bytes, size_t size_bytes,
                            demucs_error *error);

/* Find a member's file in the folder of the bag: SIG.safetensors, else SIG-CHECKSUM.th or SIG.th (two of those are an
 * error). *path is to be freed with dmx_free. */
demucs_status dmx_bag_member_path(char **path, const char *bag_path, const char *signature, demucs_error *error);

void dmx_bag_clear(dmx_bag *bag);

#endif
