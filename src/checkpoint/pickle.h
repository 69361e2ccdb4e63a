/* pickle.h - a restricted reader of Python pickles: it builds data and can run nothing.
 *
 * A pickle is a program for a small stack machine, and two of its instructions name and call any function of any
 * Python module: loading a foreign pickle in Python means running it. This machine knows the instructions that
 * torch.save writes (protocols 2 to 5) and a closed list of names, each of which it handles itself. */
#ifndef DMX_CHECKPOINT_PICKLE_H
#define DMX_CHECKPOINT_PICKLE_H

#include "checkpoint/object.h"

/* The storages a pickle spoke of, in order; the same key may come several times. */
typedef struct dmx_storage_list {
    dmx_object **items; /* [count] */
    size_t count;
} dmx_storage_list;

/* Read one pickle from the start of `bytes`. *root is what it describes and *used (may be NULL) where it ended. Objects
 * come from `pool`, texts point into `bytes` or `classes`. `storages` may be NULL where none may occur. */
demucs_status dmx_pickle_read(dmx_pool *pool, const char *path, const dmx_classes *classes, const unsigned char *bytes,
                              size_t size, size_t *used, dmx_object **root, dmx_storage_list *storages,
                              demucs_error *error);

/* Take class, arguments and state out of the dict that states.py of the official package saves. Storages must have
 * their data. */
demucs_status dmx_read_package(dmx_checkpoint *checkpoint, const dmx_object *package, demucs_error *error);

#endif
