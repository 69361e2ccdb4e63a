/* json.h - JSON text <-> dmx_value; the only place that knows the JSON library. */
#ifndef DMX_CHECKPOINT_JSON_H
#define DMX_CHECKPOINT_JSON_H

#include "checkpoint/value.h"

/* Parse `length` bytes into `value` (to be cleared by the caller, on failure too). Duplicate keys, NaN, invalid UTF-8
 * and zeros in texts are refused, and so are absurd depth and size. `path` and `what` (of "its kwargs are not ...")
 * are for messages. */
demucs_status dmx_json_parse(dmx_value *value, const char *text, size_t length, const char *path, const char *what,
                             demucs_error *error);

/* Replace each {"_type": "fraction", "numerator": n, "denominator": d} inside by a FRACTION. */
demucs_status dmx_json_decode_fractions(dmx_value *value, const char *path, const char *what, demucs_error *error);

/* The opposite of both: compact JSON, fractions as such objects. *text is to be freed with dmx_free. NaN and infinite
 * numbers are refused. */
demucs_status dmx_json_write(char **text, const dmx_value *value, const char *path, demucs_error *error);

#endif
