/* bag.h - which signatures a bag file (NAME.yaml) lists. Weights and segment are the engine's business. */
#ifndef DEMUCS_HUB_BAG_H
#define DEMUCS_HUB_BAG_H

#include "hub/text.h"

#define HUB_BAG_MAX_MODELS 64
#define HUB_BAG_MAX_BYTES  65536

typedef struct hub_bag {
    size_t count;                                          /* 1..HUB_BAG_MAX_MODELS; a signature may come twice */
    char signatures[HUB_BAG_MAX_MODELS][HUB_NAME_MAX + 1]; /* each a safe name */
} hub_bag;

/* Read a bag file; or parse its text, `path` being for messages only. */
bool hub_bag_parse(hub_bag *bag, const char *path, const char *text, size_t size_bytes, demucs_error *error);
bool hub_bag_read(hub_bag *bag, const char *path, demucs_error *error);

/* Did the signature at `index` come before? A bag may count a model twice. */
bool hub_bag_repeats(const hub_bag *bag, size_t index);

#endif
