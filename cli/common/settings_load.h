/* settings_load.h - the settings of a program that runs here: what the files and the variables say. */
#ifndef CLI_SETTINGS_LOAD_H
#define CLI_SETTINGS_LOAD_H

#include "demucs_settings.h"

/* Read the user's file, that of the project the working folder lies in, and the variables. Warnings, and what is wrong,
 * go to stderr. */
bool settings_load(demucs_settings *settings);

#endif
