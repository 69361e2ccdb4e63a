/* setting_flags.h - flags of a program that stand for settings (demucs_settings.h).
 *
 * A row of the program's table names the setting: {'j', "jobs", .setting = "jobs"}. What its value may be, its default
 * and its help then come from the table of the settings, and are said nowhere else. A flag that takes no value names
 * the one that it stands for: {0, "mp3", .setting = "output_format", .word = "mp3"}. */
#ifndef CLI_SETTING_FLAGS_H
#define CLI_SETTING_FLAGS_H

#include "common/arguments.h"
#include "demucs_settings.h"

/* Fill in the rows that name a setting. The target of row i becomes place i of an array of const char * at `target`. */
void setting_flags_complete(argument *rows, size_t count, size_t target);

/* Free what that allocated. */
void setting_flags_release(argument *rows, size_t count);

/* Set, after parsing, what was given: given[i] by row i, or NULL. A value that is none prints a message. */
arguments_result setting_flags_give(const argument_parser *parser, const char *const *given, demucs_settings *settings);

#endif
