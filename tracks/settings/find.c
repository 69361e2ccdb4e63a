/* find.c - the table of the settings as others see it: by number, and by name. */
#include "tracks/settings/keys.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

size_t demucs_settings_keys(void) { return dmx_settings_table_count; }

const dmx_settings_row *dmx_settings_row_at(size_t index) { return &dmx_settings_table[index]; }

const demucs_settings_key *demucs_settings_key_at(size_t index)
{
    return index < dmx_settings_table_count ? &dmx_settings_table[index].key : NULL;
}

int dmx_settings_find(const char *name, demucs_error *error)
{
    char list[1024] = "", shown[80];
    size_t used = 0;
    for (int i = 0; i < (int)dmx_settings_table_count; i++) {
        if (name != NULL && strcmp(dmx_settings_table[i].key.name, name) == 0) return i;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "",
                                 dmx_settings_table[i].key.name);
        assert(used < sizeof list);
    }
    name = name != NULL ? name : "";
    dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no setting '%s'; there are %s",
             dmx_printable(shown, sizeof shown, name, strlen(name)), list);
    return -1;
}

const demucs_settings_key *demucs_settings_find_key(const char *name)
{
    const int number = dmx_settings_find(name, NULL);
    return number >= 0 ? &dmx_settings_table[number].key : NULL;
}

bool dmx_settings_row_read(const dmx_settings_row *row, dmx_settings_value *value, const char *text,
                           demucs_error *error)
{
    if (!dmx_settings_value_read(value, &row->key, text, error)) return false;
    if (row->check == NULL || row->check(&row->key, value, error)) return true;
    dmx_settings_value_clear(value);
    return false;
}
