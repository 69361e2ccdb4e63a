/* settings.h - the object: what each source says, kept apart, so that the order in which sources are read does not
 * matter and each can be read again. */
#ifndef DMX_SETTINGS_SETTINGS_H
#define DMX_SETTINGS_SETTINGS_H

#include "tracks/settings/keys.h"

enum {
    DMX_SETTINGS_SOURCES = DEMUCS_SETTINGS_PROGRAM + 1,
    DMX_SETTINGS_WARNINGS = 4 /* at most; files that are not read have one each */
};

struct demucs_settings {
    dmx_settings_value given[DMX_SETTINGS_SOURCES][DMX_SETTINGS_MOST]; /* DEFAULT: the defaults, all of them */
    dmx_settings_value preset[DMX_SETTINGS_MOST];                      /* of the preset in effect */
    demucs_settings_source preset_source;                              /* who named it; DEFAULT: nobody */
    char *paths[DMX_SETTINGS_SOURCES];                                 /* of USER and PROJECT */
    char *warnings[DMX_SETTINGS_WARNINGS];
    int warnings_count;
};

/* Set key number `key` to `text`, which came from `where` (NULL is fine) and a line of it (or 0). */
bool dmx_settings_put(demucs_settings *self, demucs_settings_source source, int key, const char *text,
                      const char *where, int line, demucs_error *error);

/* Forget all that a source said. Fails for want of memory only, when the preset of another takes over. */
bool dmx_settings_forget(demucs_settings *self, demucs_settings_source source, demucs_error *error);

#endif
