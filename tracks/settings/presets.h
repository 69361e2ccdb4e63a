/* presets.h - the presets by name. */
#ifndef DMX_SETTINGS_PRESETS_H
#define DMX_SETTINGS_PRESETS_H

#include "base/error.h"
#include "demucs_settings.h"

/* The preset of this name, or NULL and a sentence that names all. */
const demucs_settings_preset *dmx_settings_find_preset(const char *name, demucs_error *error);

#endif
