/* open_files.h - which temporary files exist just now, readable by a signal handler. */
#ifndef DEMUCS_AUDIO_OPEN_FILES_H
#define DEMUCS_AUDIO_OPEN_FILES_H

#include <stdbool.h>

/* Put `path` on record; the record owns nothing, but `path` must stay until it is taken off. False: no room. */
bool audio_open_files_add(char *path);

/* Take `path` off. False: a signal handler already has it in hand, and `path` must never be freed. */
bool audio_open_files_remove(char *path);

#endif
