/* files.h - where the files of a model come from: the file system, or a function of the caller. */
#ifndef DMX_MODELS_FILES_H
#define DMX_MODELS_FILES_H

#include "base/bag.h"
#include "checkpoint/checkpoint.h"

/* As demucs_load_options has it. */
typedef struct dmx_files {
    const void *(*open)(void *user, const char *path, size_t *size_bytes); /* NULL: the file system */
    void (*close)(void *user, const void *bytes, size_t size_bytes);       /* may be NULL */
    void *user;
} dmx_files;

/* Open the checkpoint at `path`; dmx_files_close closes it. */
demucs_status dmx_files_open(const dmx_files *files, dmx_checkpoint **checkpoint, const char *path,
                             const dmx_classes *classes, demucs_error *error);
void dmx_files_close(const dmx_files *files, dmx_checkpoint *checkpoint);

/* Read the bag at `path`. */
demucs_status dmx_files_read_bag(const dmx_files *files, dmx_bag *bag, const char *path, demucs_error *error);

/* The path of a member of the bag at `bag_path`, beside it; to be freed with dmx_free. A function of the caller's is
 * asked for SIG.safetensors and SIG.th, since it cannot list a folder. */
demucs_status dmx_files_find_member(const dmx_files *files, char **path, const char *bag_path, const char *signature,
                                    demucs_error *error);

#endif
