/* open_files.h - which temporary files exist just now, readable by a signal handler. */
#ifndef DMX_BASE_OPEN_FILES_H
#define DMX_BASE_OPEN_FILES_H

#include <stdbool.h>

typedef struct dmx_open_file {
    int folder; /* the open folder that the file lies in */
    char name[256];
} dmx_open_file;

/* Put `file` on record. The record owns nothing, but `file` and its folder must stay until it is taken off. False: no
 * room. */
bool dmx_open_files_add(dmx_open_file *file);

/* Take `file` off. False: a signal handler already has it in hand, and it must never be freed nor its folder closed. */
bool dmx_open_files_remove(dmx_open_file *file);

#endif
