/* json.h - what all JSON of this library is made of, beside the calls of jansson themselves. */
#ifndef DMX_TRACKS_JSON_H
#define DMX_TRACKS_JSON_H

#include "demucs_quality.h"

#include <jansson.h>
#include <stddef.h>

/* All of them give NULL without memory, which json_pack passes on. */

/* A text of foreign origin; NULL becomes null. Bytes that are no UTF-8 become '?': JSON has no others. */
json_t *dmx_json_text(const char *text);

/* A number; null where it is not finite, which JSON does not know. */
json_t *dmx_json_number(double number);

/* An array of the `count` values that `make` gives for `object` and their places. */
json_t *dmx_json_list(json_t *(*make)(const void *object, size_t place), const void *object, size_t count);

/* The text of a value, on one line, to be freed with dmx_free; NULL without memory. */
char *dmx_json_print(const json_t *json);

/* Figures of a separation, as docs/quality.schema.json has them (tracks/quality/json.c); and the outlier at a place of
 * them. */
json_t *dmx_json_quality(const demucs_quality *quality, const char *track);
json_t *dmx_json_outlier(const void *quality, size_t place);

#endif
