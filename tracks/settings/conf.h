/* conf.h - the format of a file of settings, line by line; demucs_settings.h describes it. */
#ifndef DMX_SETTINGS_CONF_H
#define DMX_SETTINGS_CONF_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* A whole file in memory. */
typedef struct dmx_conf {
    char *text; /* [size] and a zero byte; free with dmx_free */
    size_t size;
} dmx_conf;

/* Read the file and check that it is a regular one of plain UTF-8 text, and not too large. `trusted_only`: a link, a
 * file of somebody else than the user and root, or one that everybody may write to, is refused (UNSUPPORTED). IO with
 * *missing where there is no such file. */
bool dmx_conf_read(dmx_conf *conf, const char *path, bool trusted_only, bool *missing, demucs_error *error);

/* One line. Its pieces lie in the text. */
typedef struct dmx_conf_line {
    const char *start, *end; /* without what ends the line */
    const char *next;        /* the next line, or the end of the text */
    const char *wrong;       /* NULL, or why this is neither "key = value" nor blank nor a comment */
    const char *key;         /* NULL of a blank line and a comment */
    size_t key_length;
    const char *value; /* without quotes */
    size_t value_length;
    const char *place; /* of the value with its quotes, which `place_length` bytes make up */
    size_t place_length;
} dmx_conf_line;

/* Read the line at `at`, before the end of the text. */
void dmx_conf_line_read(dmx_conf_line *line, const dmx_conf *conf, const char *at);

/* Write a value as it stands in a file, in quotes if need be, into `out`, which has room for its length and three bytes
 * more. False when the format has no way to say it. */
bool dmx_conf_quote(char *out, const char *value);

#endif
