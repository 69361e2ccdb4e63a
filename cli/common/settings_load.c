/* settings_load.c - see settings_load.h */
#include "common/settings_load.h"

#include "common/say.h"

#include <string.h>

/* In the order of say_level. */
static say_level level_of(const char *name)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    say_level level = SAY_ERROR;
    while (level < SAY_DEBUG && strcmp(names[level], name) != 0) level++;
    return level;
}

bool settings_load(demucs_settings *settings)
{
    demucs_error why;
    const bool done = demucs_settings_load_user(settings, &why) == DEMUCS_OK &&
                      demucs_settings_load_project(settings, ".", &why) == DEMUCS_OK &&
                      demucs_settings_load_environment(settings, &why) == DEMUCS_OK;
    say_limit(level_of(demucs_settings_get(settings, "log_level")));
    for (int i = 0; i < demucs_settings_warnings(settings); i++)
        say_at(SAY_WARNING, "warning: %s", demucs_settings_warning(settings, i));
    if (!done) say(stderr, "error: %s", why.message);
    return done;
}
