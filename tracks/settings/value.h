/* value.h - the text of a value, read by the type and the bounds of its key. */
#ifndef DMX_SETTINGS_VALUE_H
#define DMX_SETTINGS_VALUE_H

#include "base/error.h"
#include "demucs_settings.h"

/* A value in all the forms that somebody may want it in. */
typedef struct dmx_settings_value {
    char *text;        /* as it would stand in a file; NULL: no value was given */
    long long integer; /* of an INTEGER; bytes of a SIZE */
    double number;     /* of a NUMBER */
    bool on;           /* of a SWITCH */
    int choice;        /* of a key with choices: the number of the one */
    const char **list; /* [list_count] of a LIST, NULL where it is empty */
    size_t list_count;
    char *where; /* NULL, or what it came from */
    int line;    /* of the file that it came from, else 0 */
} dmx_settings_value;

/* Read `text`. False, with a sentence that names the key, when it is none of its values; `value` is then empty. */
bool dmx_settings_value_read(dmx_settings_value *value, const demucs_settings_key *key, const char *text,
                             demucs_error *error);

void dmx_settings_value_clear(dmx_settings_value *value);

#endif
