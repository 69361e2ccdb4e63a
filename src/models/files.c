/* files.c - see files.h */
#include "models/files.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

static const void *open_bytes(const dmx_files *files, const char *path, size_t *size)
{
    *size = 0;
    return files->open(files->user, path, size);
}

static void close_bytes(const dmx_files *files, const void *bytes, size_t size)
{
    if (bytes != NULL && files->close != NULL) files->close(files->user, bytes, size);
}

static demucs_status not_there(const char *path, demucs_error *error)
{
    return dmx_fail(error, DEMUCS_ERROR_IO, "%s: the function that opens files has no such file.", path);
}

demucs_status dmx_files_open(const dmx_files *files, dmx_checkpoint **checkpoint, const char *path,
                             const dmx_classes *classes, demucs_error *error)
{
    size_t size;
    *checkpoint = NULL;
    if (files->open == NULL) return dmx_checkpoint_open(checkpoint, path, classes, error);
    const void *bytes = open_bytes(files, path, &size);
    if (bytes == NULL) return not_there(path, error);
    demucs_status status = dmx_checkpoint_parse(checkpoint, path, bytes, size, classes, error);
    if (status != DEMUCS_OK) close_bytes(files, bytes, size);
    return status;
}

void dmx_files_close(const dmx_files *files, dmx_checkpoint *checkpoint)
{
    if (checkpoint == NULL) return;
    const void *bytes = files->open != NULL ? checkpoint->bytes : NULL;
    const size_t size = checkpoint->size_bytes;
    dmx_checkpoint_close(checkpoint);
    close_bytes(files, bytes, size);
}

demucs_status dmx_files_read_bag(const dmx_files *files, dmx_bag *bag, const char *path, demucs_error *error)
{
    size_t size;
    if (files->open == NULL) return dmx_bag_read(bag, path, error);
    const void *bytes = open_bytes(files, path, &size);
    if (bytes == NULL) return not_there(path, error);
    demucs_status status = dmx_bag_parse(bag, path, bytes, size, error);
    close_bytes(files, bytes, size);
    return status;
}

/* FOLDER/SIG.ending, or NULL without memory. */
static char *member_path(const char *bag_path, const char *signature, const char *ending)
{
    const char *slash = strrchr(bag_path, '/');
    const size_t folder = slash != NULL ? (size_t)(slash - bag_path) + 1 : 0;
    const size_t size = folder + strlen(signature) + strlen(ending) + 1;
    char *path = dmx_alloc(size, 1);
    if (path != NULL) snprintf(path, size, "%.*s%s%s", (int)folder, bag_path, signature, ending);
    return path;
}

demucs_status dmx_files_find_member(const dmx_files *files, char **path, const char *bag_path, const char *signature,
                                    demucs_error *error)
{
    static const char *const endings[] = {".safetensors", ".th"};
    if (files->open == NULL) return dmx_bag_member_path(path, bag_path, signature, error);
    for (int i = 0; i < 2; i++) {
        size_t size;
        *path = member_path(bag_path, signature, endings[i]);
        if (*path == NULL) return dmx_fail(error, DEMUCS_ERROR_MEMORY, "%s: out of memory.", bag_path);
        const void *bytes = open_bytes(files, *path, &size);
        close_bytes(files, bytes, size);
        if (bytes != NULL) return DEMUCS_OK;
        dmx_free(*path);
        *path = NULL;
    }
    return dmx_fail(error, DEMUCS_ERROR_IO, "%s: the function that opens files has neither %s.safetensors nor %s.th.",
                    bag_path, signature, signature);
}
