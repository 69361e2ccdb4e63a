/* folder.h - a folder with its parents, and a folder that goes with all it holds. */
#ifndef DMX_BASE_FOLDER_H
#define DMX_BASE_FOLDER_H

#include "base/error.h"

/* Create the folder `path`, and its parents where they are missing; one that is there is fine. *made (NULL is fine)
 * says how many are new: the last parts of the path. Fails (IO, MEMORY) when it is not a folder in the end. */
demucs_status dmx_folder_make(const char *path, int *made, demucs_error *error);

/* Undo it: remove the `made` last folders of `path`, up to the first that is not empty. It needs no memory, and so
 * cannot fail for want of it, but cuts what it removes off `path`. */
void dmx_folder_unmake(char *path, int made);

/* Remove a folder with what it holds, as far as it goes. Links are removed and never followed, `path` itself included,
 * also when somebody puts one there meanwhile. Nothing to remove is fine. */
void dmx_folder_remove(const char *path);

#endif
