/* settings_print.h - all settings for people, in the form of a file of settings. */
#ifndef CLI_SETTINGS_PRINT_H
#define CLI_SETTINGS_PRINT_H

#include "demucs_settings.h"

/* Print to stdout which files were looked at, and each setting with its value and, as a comment, where that comes from.
 */
void settings_print(const demucs_settings *settings);

/* The same for what one source says by itself. */
void settings_print_source(const demucs_settings *settings, demucs_settings_source source);

#endif
