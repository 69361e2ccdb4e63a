/* bag_files.c - the file of a bag, and where its members' files lie; see bag.h */
#include "base/bag.h"

#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static demucs_status no_memory(const char *path, demucs_error *error)
{
    return dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "out of memory while reading this bag of models.");
}

demucs_status dmx_bag_read(dmx_bag *bag, const char *path, demucs_error *error)
{
    char reason[DMX_REASON];
    *bag = (dmx_bag){.count = 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return dmx_refuse(path, error, DEMUCS_ERROR_IO, "this file cannot be opened: %s.", dmx_reason(reason, errno));
    demucs_status status;
    unsigned char *bytes = dmx_alloc(1, DMX_BAG_MAX_BYTES + 1);
    const size_t size = bytes != NULL ? fread(bytes, 1, DMX_BAG_MAX_BYTES + 1, file) : 0;
    if (bytes == NULL)
        status = no_memory(path, error);
    else if (ferror(file))
        status = dmx_refuse(path, error, DEMUCS_ERROR_IO, "this file cannot be read: %s.", dmx_reason(reason, errno));
    else
        status = dmx_bag_parse(bag, path, bytes, size, error);
    dmx_free(bytes);
    fclose(file);
    return status;
}

/* ------------------------------------------------------------------------------------------------------ members -- */

/* "folder/name" + "suffix", or NULL. */
static char *join(const char *folder, const char *name, const char *suffix)
{
    const size_t size = strlen(folder) + strlen(name) + strlen(suffix) + 2;
    const char *slash = folder[0] == '\0' || folder[strlen(folder) - 1] == '/' ? "" : "/";
    char *path = dmx_alloc(1, size);
    if (path != NULL) snprintf(path, size, "%s%s%s%s", folder, slash, name, suffix);
    return path;
}

static bool is_absence(int failure) { return failure == ENOENT || failure == ENOTDIR; }

/* 1 for a file, 0 for none, -1 and errno where that cannot be told, such as for want of permission. */
static int look(const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0) return S_ISREG(info.st_mode);
    return is_absence(errno) ? 0 : -1;
}

static demucs_status cannot_look(const char *folder, const char *signature, int failure, demucs_error *error)
{
    char reason[DMX_REASON];
    return dmx_fail(error, DEMUCS_ERROR_IO, "cannot look for the model %s in %s: %s", signature,
                    folder[0] != '\0' ? folder : ".", dmx_reason(reason, failure));
}

/* SIG.th or SIG-CHECKSUM.th, where the checksum is hexadecimal? */
static bool is_member_file(const char *file, const char *signature)
{
    size_t length = strlen(file), head = strlen(signature);
    if (length < head + 3 || strncmp(file, signature, head) != 0 || strcmp(file + length - 3, ".th") != 0) return false;
    if (length == head + 3) return true;
    size_t digits = strspn(file + head + 1, "0123456789abcdef");
    return file[head] == '-' && digits > 0 && head + 1 + digits + 3 == length;
}

static demucs_status search_folder(DIR *entries, char **path, const char *folder, const char *signature,
                                   demucs_error *error)
{
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (!is_member_file(entry->d_name, signature)) continue;
        char *found = join(folder, entry->d_name, "");
        if (found == NULL) return no_memory(folder, error);
        if (*path == NULL && look(found) > 0) {
            *path = found;
            continue;
        }
        const bool second = look(found) > 0;
        dmx_free(found);
        if (second)
            return dmx_fail(error, DEMUCS_ERROR_FORMAT,
                            "there are two files of the model %s in %s: %s and %s; remove one.", signature, folder,
                            strrchr(*path, '/') != NULL ? strrchr(*path, '/') + 1 : *path, entry->d_name);
    }
    return DEMUCS_OK;
}

demucs_status dmx_bag_find_member(char **path, const char *folder, const char *signature, demucs_error *error)
{
    *path = join(folder, signature, ".safetensors");
    if (*path == NULL) return no_memory(folder, error);
    const int there = look(*path);
    int failure = errno;
    if (there > 0) return DEMUCS_OK;
    dmx_free(*path);
    *path = NULL;
    if (there < 0) return cannot_look(folder, signature, failure, error);
    DIR *entries = opendir(folder[0] != '\0' ? folder : ".");
    failure = errno;
    if (entries == NULL) return is_absence(failure) ? DEMUCS_OK : cannot_look(folder, signature, failure, error);
    demucs_status status = search_folder(entries, path, folder, signature, error);
    closedir(entries);
    if (status != DEMUCS_OK) {
        dmx_free(*path);
        *path = NULL;
    }
    return status;
}

demucs_status dmx_bag_member_path(char **path, const char *bag_path, const char *signature, demucs_error *error)
{
    const char *slash = strrchr(bag_path, '/');
    char *folder = dmx_strndup(bag_path, slash != NULL ? (size_t)(slash - bag_path) + 1 : 0);
    demucs_error why = {.status = DEMUCS_OK};
    *path = NULL;
    if (folder == NULL) return no_memory(bag_path, error);
    demucs_status status = dmx_bag_find_member(path, folder, signature, &why);
    dmx_free(folder);
    if (status != DEMUCS_OK) return dmx_refuse(bag_path, error, status, "%s", why.message);
    if (*path != NULL) return DEMUCS_OK;
    return dmx_refuse(bag_path, error, DEMUCS_ERROR_IO,
                      "it needs the model %s, and there is no %s.safetensors and no %s-*.th beside it.", signature,
                      signature, signature);
}
