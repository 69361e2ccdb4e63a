/* settings_load.c - see settings_load.h */
#include "common/settings_load.h"

#include "common/say.h"

bool settings_load(demucs_settings *settings)
{
    demucs_error why;
    const bool done = demucs_settings_load_user(settings, &why) == DEMUCS_OK &&
                      demucs_settings_load_project(settings, ".", &why) == DEMUCS_OK &&
                      demucs_settings_load_environment(settings, &why) == DEMUCS_OK;
    for (int i = 0; i < demucs_settings_warnings(settings); i++)
        say(stderr, "warning: %s", demucs_settings_warning(settings, i));
    if (!done) say(stderr, "error: %s", why.message);
    return done;
}
