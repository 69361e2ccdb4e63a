/* keys.h - the table of all settings: the only place that knows their names, values, defaults, and where they go. */
#ifndef DMX_SETTINGS_KEYS_H
#define DMX_SETTINGS_KEYS_H

#include "tracks/settings/value.h"

/* The structs that values go into. None is NULL. */
typedef struct dmx_settings_goals {
    demucs_tracks_request *request;
    demucs_engine_options *engine;
    demucs_stream_options *separation;
    demucs_fit_options *fit;
} dmx_settings_goals;

typedef struct dmx_settings_row {
    demucs_settings_key key;
    int group;           /* keys of one group, other than 0, exclude each other */
    bool anything_is_on; /* of a variable that had its meaning before: all but "" and "0" is on */
    /* Put a value where it goes; NULL for a key that the program asks for itself. */
    void (*apply)(const dmx_settings_goals *goals, const dmx_settings_value *value);
    /* What the type cannot say of a value; NULL: nothing. */
    bool (*check)(const demucs_settings_key *key, const dmx_settings_value *value, demucs_error *error);
} dmx_settings_row;

enum { DMX_SETTINGS_MOST = 64 }; /* keys at most */

extern const dmx_settings_row dmx_settings_table[];
extern const size_t dmx_settings_table_count;

/* Row `index` below demucs_settings_keys(). */
const dmx_settings_row *dmx_settings_row_at(size_t index);

/* The number of a key, or -1. With `error`, that there is no such key, and which there are. */
int dmx_settings_find(const char *name, demucs_error *error);

/* dmx_settings_value_read and the row's check. */
bool dmx_settings_row_read(const dmx_settings_row *row, dmx_settings_value *value, const char *text,
                           demucs_error *error);

#endif
