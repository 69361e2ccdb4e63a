/* folder.h - a folder with its parents, and a folder that goes with all it holds. */
#ifndef DMX_BASE_FOLDER_H
#define DMX_BASE_FOLDER_H

#include "base/error.h"

#include <stdbool.h>

/* Create the folder `path`, and its parents where they are missing; one that is there is fine. *made (NULL is fine)
 * says whether `path` itself is new. Fails (IO, MEMORY) when it is not a folder in the end. */
demucs_status dmx_folder_make(const char *path, bool *made, demucs_error *error);

/* Remove a folder with what it holds, as far as it goes. Links are removed and never followed, `path` itself included,
 * also when somebody puts one there meanwhile. Nothing to remove is fine. */
void dmx_folder_remove(const char *path);

#endif
