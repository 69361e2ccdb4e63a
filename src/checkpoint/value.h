/* value.h - the constructor arguments of a checkpoint: a small tree of Python-like values.
 *
 * The readers of the formats fill it in, the models read it. It owns its texts and children. Depth and size are
 * bounded by the readers. */
#ifndef DMX_CHECKPOINT_VALUE_H
#define DMX_CHECKPOINT_VALUE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum dmx_value_kind {
    DMX_VALUE_NONE,
    DMX_VALUE_BOOL,
    DMX_VALUE_INT,
    DMX_VALUE_FLOAT,    /* may be NaN or infinite: who reads it checks */
    DMX_VALUE_FRACTION, /* denominator > 0 */
    DMX_VALUE_STRING,
    DMX_VALUE_LIST, /* a list or a tuple */
    DMX_VALUE_DICT  /* keys are strings, in file order */
} dmx_value_kind;

typedef struct dmx_value {
    dmx_value_kind kind;
    bool boolean;
    int64_t integer; /* INT, and the numerator of a FRACTION */
    int64_t denominator;
    double number; /* FLOAT */
    char *text;    /* STRING, 0-terminated UTF-8 */
    size_t text_length;
    struct dmx_value *items; /* [count] LIST, and the values of a DICT */
    char **keys;             /* [count] DICT */
    size_t count;
} dmx_value;

/* Free what a value owns and make it NONE. */
void dmx_value_clear(dmx_value *value);

/* Make a value a copy of a text. */
demucs_status dmx_value_set_string(dmx_value *value, const char *text, size_t length, demucs_error *error);

/* Add an item to a LIST, or under `key` to a DICT (a key that is there already is replaced); it takes what `item`
 * owns, and clears it on failure too. */
demucs_status dmx_value_append(dmx_value *list, dmx_value *item, demucs_error *error);
demucs_status dmx_value_insert(dmx_value *dict, const char *key, dmx_value *item, demucs_error *error);

/* The same for a key that is known not to be there yet: no search. */
demucs_status dmx_value_insert_new(dmx_value *dict, const char *key, dmx_value *item, demucs_error *error);

/* Make a value a fraction, in lowest terms and with a positive denominator. False for x/0. */
bool dmx_value_set_fraction(dmx_value *value, int64_t numerator, int64_t denominator);

/* Look up a key of a DICT: NULL when it is not there or `dict` is not a DICT. */
const dmx_value *dmx_value_get(const dmx_value *dict, const char *key);

/* A number of any of the kinds BOOL, INT, FLOAT, FRACTION as double; false for other kinds. */
bool dmx_value_to_double(const dmx_value *value, double *number);

#endif
