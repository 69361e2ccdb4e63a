/* source.c - see source.h */
#include "checkpoint/source.h"

#include "base/dates.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

static demucs_status io_failure(const char *path, const char *verb, demucs_error *error)
{
    char reason[DMX_REASON];
    return dmx_refuse(path, error, DEMUCS_ERROR_IO, "the file cannot be %s: %s.", verb, dmx_reason(reason, errno));
}

static demucs_status changed(const char *path, demucs_error *error)
{
    return dmx_refuse(path, error, DEMUCS_ERROR_IO,
                      "the file changed while it was read: let whoever writes it finish, then start again.");
}

demucs_status dmx_source_open(dmx_source *source, const char *path, demucs_error *error)
{
    struct stat info;
    source->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* so that a pipe does not keep us waiting */
    source->open = source->file >= 0;
    if (!source->open) return io_failure(path, "opened", error);
    if (fstat(source->file, &info) != 0) return io_failure(path, "examined", error);
    if (!S_ISREG(info.st_mode))
        return dmx_refuse(path, error, DEMUCS_ERROR_IO, "this is %s and not a model file.",
                          S_ISDIR(info.st_mode) ? "a folder" : "a device or pipe");
    if (info.st_size <= 0 || (uintmax_t)info.st_size > SIZE_MAX / 2)
        return dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "the file is %s.",
                          info.st_size <= 0 ? "empty" : "too large");
    source->size_bytes = (size_t)info.st_size;
    source->date = dmx_date_of_content(&info);
    return DEMUCS_OK;
}

void dmx_source_close(dmx_source *source)
{
    if (source->open) close(source->file);
    source->open = false;
}

demucs_status dmx_source_read(const dmx_source *source, const char *path, size_t at, void *out, size_t size,
                              demucs_error *error)
{
    unsigned char *to = out;
    while (size > 0) {
        const ssize_t got = pread(source->file, to, size, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_failure(path, "read", error);
        if (got == 0) return changed(path, error);
        to += got;
        at += (size_t)got;
        size -= (size_t)got;
    }
    return DEMUCS_OK;
}

demucs_status dmx_source_check(const dmx_source *source, const char *path, demucs_error *error)
{
    struct stat info;
    if (fstat(source->file, &info) != 0) return io_failure(path, "examined", error);
    const bool same = (uintmax_t)info.st_size == source->size_bytes &&
                      dmx_date_compare(dmx_date_of_content(&info), source->date) == 0;
    return same ? DEMUCS_OK : changed(path, error);
}
