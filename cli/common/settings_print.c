/* settings_print.c - see settings_print.h */
#include "common/settings_print.h"

#include "base/text.h"
#include "common/memory.h"
#include "common/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ORIGIN_COLUMN = 42 };

/* "key = value", in quotes where a file needs them; `origin` may be NULL. */
static void print_line(const char *key, const char *value, const char *origin)
{
    const bool quotes = strpbrk(value, " \t#") != NULL && strchr(value, '"') == NULL;
    char *text =
        memory_text("%s =%s%s%s%s", key, value[0] != '\0' ? " " : "", quotes ? "\"" : "", value, quotes ? "\"" : "");
    if (origin != NULL)
        say(stdout, "%-*s  # %s", ORIGIN_COLUMN, text, origin);
    else
        say(stdout, "%s", text);
    free(text);
}

static void print_file(const char *name, const char *path)
{
    char shown[DMX_SHOWN_PATH];
    say(stdout, "# %s: %s%s", name, path != NULL ? dmx_printable_path(shown, path) : "none",
        path != NULL && access(path, F_OK) != 0 ? " (not there)" : "");
}

void settings_print(const demucs_settings *settings)
{
    print_file("user file", demucs_settings_path(settings, DEMUCS_SETTINGS_USER));
    print_file("project file", demucs_settings_path(settings, DEMUCS_SETTINGS_PROJECT));
    for (size_t i = 0; i < demucs_settings_keys(); i++) {
        char origin[200];
        const char *key = demucs_settings_key_at(i)->name;
        demucs_settings_origin(settings, key, origin, sizeof origin);
        print_line(key, demucs_settings_get(settings, key), origin);
    }
}

void settings_print_source(const demucs_settings *settings, demucs_settings_source source)
{
    for (size_t i = 0; i < demucs_settings_keys(); i++) {
        const char *key = demucs_settings_key_at(i)->name;
        const char *value = demucs_settings_get_from(settings, source, key);
        if (value != NULL) print_line(key, value, NULL);
    }
}
