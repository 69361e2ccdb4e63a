/* bag.h - a bag of models: a small YAML file with `models`, and maybe `weights` and `segment`.
 *
 * The engine loads what it names, and the hub fetches it; both read it here. The file is untrusted. */
#ifndef DMX_BASE_BAG_H
#define DMX_BASE_BAG_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define DMX_BAG_MAX_MODELS  64
#define DMX_BAG_MAX_SOURCES 64
#define DMX_BAG_MAX_BYTES   65536

typedef struct dmx_bag {
    size_t count;      /* 1..DMX_BAG_MAX_MODELS; a signature may come twice */
    char **signatures; /* [count] plain names (base/text.h) */
    double *weights;   /* [count][weight_columns], finite, or NULL when the file has none */
    size_t weight_columns;
    double segment_seconds; /* > 0, or 0 when the file has none */
} dmx_bag;

/* Parse a bag. `path` is only for messages. Tags, anchors and aliases (except of whole rows of weights), a second
 * document and anything beyond the three keys' plain meaning are refused (FORMAT), but unknown keys are ignored. On
 * failure the bag is empty. */
demucs_status dmx_bag_parse(dmx_bag *bag, const char *path, const void *bytes, size_t size_bytes, demucs_error *error);

/* The same for the file at `path` (also IO). */
demucs_status dmx_bag_read(dmx_bag *bag, const char *path, demucs_error *error);

/* Free what the bag holds; it is empty then. */
void dmx_bag_clear(dmx_bag *bag);

/* Did the signature at `index` come before? A bag may count a model twice. */
bool dmx_bag_repeats(const dmx_bag *bag, size_t index);

/* Find the file of a model in `folder`: SIG.safetensors, else SIG-CHECKSUM.th or SIG.th. *path is NULL when there is
 * none, else to be freed with dmx_free. Two .th files are an error (FORMAT), and so is a folder that cannot be looked
 * into (IO). */
demucs_status dmx_bag_find_member(char **path, const char *folder, const char *signature, demucs_error *error);

/* The same in the folder of the bag `bag_path`, where it has to be (IO). */
demucs_status dmx_bag_member_path(char **path, const char *bag_path, const char *signature, demucs_error *error);

#endif
