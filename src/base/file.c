/* file.c - see file.h */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sync_file_range */
#endif
#include "base/file.h"

#include "base/alloc.h"
#include "base/open_files.h"
#include "base/sweep.h"
#include "base/target.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#ifdef __linux__
#include <linux/fs.h>
#include <sys/ioctl.h>
#endif
#include <unistd.h>

enum {
    BUFFER_BYTES = 65536,
    SHOWN_NAME = 200, /* bytes of the target's name in the temporary one: a name may have 255 in all */
    MAX_ATTEMPTS = 1000
};

struct dmx_file {
    char *path;
    char *name;               /* in the folder; of the file that a link leads to where links are followed */
    int folder;               /* open, or -1 */
    int file;                 /* the temporary file; -1 once it is closed */
    int lock;                 /* it once more, to keep its lock until it has its name; -1 before */
    bool linked;              /* the temporary file is another name of a file that has one */
    int failure;              /* errno of the first failure, 0 while all is well */
    dmx_open_file *temporary; /* NULL once the file is gone or has its name, or when a signal handler has it */
    uint64_t position;        /* of the next byte, buffered ones counted */
    uint64_t size;
    size_t buffered;
    unsigned char buffer[BUFFER_BYTES];
};

/* ------------------------------------------------------------------------------------------------------- opening -- */

/* ".NAME.partial-PID-N"; the number tells apart the files of one process. */
static void name_temporary(const dmx_file *file, dmx_open_file *temporary)
{
    static atomic_uint counter;
    int length = (int)strnlen(file->name, SHOWN_NAME);
    while (length > 0 && ((unsigned char)file->name[length] & 0xC0) == 0x80) length--; /* no half characters */
    snprintf(temporary->name, sizeof temporary->name, ".%.*s.partial-%ld-%u", length, file->name, (long)getpid(),
             atomic_fetch_add(&counter, 1));
}

/* Create the temporary file and put it on record, with signals held back in between: a file that exists and is not on
 * record would be left behind by an interrupt. 0, or an errno; EEXIST means that another name may do. */
static int create_temporary(dmx_file *file)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failure = 0;
    file->file = openat(file->folder, file->temporary->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file->file < 0) {
        failure = errno;
    } else if (!dmx_temporary_lock(file->file)) {
        close(file->file);
        file->file = -1;
        failure = EEXIST;
    } else if (!dmx_open_files_add(file->temporary)) {
        close(file->file);
        unlinkat(file->folder, file->temporary->name, 0);
        file->file = -1;
        failure = EMFILE;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

/* Is there anything but a regular file under the target's name? Known now rather than after an hour of work: renaming
 * over a device would replace the device. */
static bool is_obstructed(const dmx_file *file)
{
    struct stat info;
    if (file->name[0] == '\0') return true;
    return fstatat(file->folder, file->name, &info, 0) == 0 && !S_ISREG(info.st_mode);
}

static demucs_status create(dmx_file **created, const char *path, bool through_links, demucs_error *error)
{
    demucs_status status;
    dmx_file *file = dmx_alloc(1, sizeof *file);
    *created = NULL;
    if (file == NULL) goto no_memory;
    file->file = file->lock = file->folder = -1;
    file->path = dmx_strdup(path);
    if (file->path == NULL) goto no_memory;
    file->failure = dmx_target_open(path, &file->folder, &file->name);
    if (file->failure == 0 && through_links) file->failure = dmx_target_follow(&file->folder, &file->name);
    if (file->failure == DMX_TARGET_UNSAFE) {
        status = dmx_refuse(
            path, error, DEMUCS_ERROR_IO,
            "cannot write here: this is a link in a folder that others can write to; name the file that it leads to");
        goto fail;
    }
    if (file->failure != 0) {
        status = dmx_file_fail(file, error);
        goto fail;
    }
    if (is_obstructed(file)) {
        status = dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot write here: this exists and is not a file");
        goto fail;
    }
    dmx_temporary_sweep(file->folder);
    file->temporary = dmx_alloc(1, sizeof *file->temporary);
    if (file->temporary == NULL) goto no_memory;
    file->temporary->folder = file->folder;
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) { /* one of a dead process may have our number */
        name_temporary(file, file->temporary);
        file->failure = create_temporary(file);
        if (file->failure != EEXIST) break;
    }
    if (file->failure == 0) {
        *created = file;
        return DEMUCS_OK;
    }
    dmx_free(file->temporary); /* not created, so not to be removed */
    file->temporary = NULL;
    status = dmx_file_fail(file, error);
    goto fail;
no_memory:
    status = dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
fail:
    dmx_file_discard(file);
    return status;
}

demucs_status dmx_file_create(dmx_file **file, const char *path, demucs_error *error)
{
    return create(file, path, false, error);
}

demucs_status dmx_file_create_through(dmx_file **file, const char *path, demucs_error *error)
{
    return create(file, path, true, error);
}

demucs_status dmx_file_adopt(dmx_file **adopted, int descriptor, const char *name, demucs_error *error)
{
    dmx_file *file = dmx_alloc(1, sizeof *file);
    *adopted = NULL;
    if (file != NULL) {
        file->lock = file->folder = -1;
        file->file = descriptor;
        file->path = dmx_strdup(name);
    }
    if (file != NULL && file->path != NULL) {
        *adopted = file;
        return DEMUCS_OK;
    }
    if (file == NULL) close(descriptor);
    dmx_file_discard(file);
    return dmx_refuse(name, error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
}

const char *dmx_file_path(const dmx_file *file) { return file->path; }

/* ------------------------------------------------------------------------------------------------------- writing -- */

static bool note_failure(dmx_file *file, int errno_value)
{
    if (file->failure == 0) file->failure = errno_value;
    return false;
}

/* Write all of it at the descriptor's position. */
static bool write_fully(dmx_file *file, const unsigned char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(file->file, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return note_failure(file, written < 0 ? errno : ENOSPC);
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

static bool flush(dmx_file *file)
{
    if (file->failure != 0) return false;
    size_t count = file->buffered;
    file->buffered = 0;
    return write_fully(file, file->buffer, count);
}

bool dmx_file_write(dmx_file *file, const void *bytes, size_t count)
{
    if (file->failure != 0) return false;
    if (file->buffered + count > sizeof file->buffer && !flush(file)) return false;
    if (count > sizeof file->buffer) {
        if (!write_fully(file, bytes, count)) return false;
    } else if (count > 0) {
        memcpy(file->buffer + file->buffered, bytes, count);
        file->buffered += count;
    }
    file->position += count;
    if (file->position > file->size) file->size = file->position;
    return true;
}

bool dmx_file_seek(dmx_file *file, uint64_t position)
{
    if (!flush(file)) return false;
    if (lseek(file->file, (off_t)position, SEEK_SET) < 0) return note_failure(file, errno);
    file->position = position;
    return true;
}

bool dmx_file_clone(dmx_file *file, int from)
{
#ifdef FICLONE
    struct stat info;
    if (file->failure != 0 || file->size > 0 || ioctl(file->file, FICLONE, from) != 0) return false;
    if (fstat(file->file, &info) != 0 || lseek(file->file, 0, SEEK_END) < 0) return note_failure(file, errno);
    file->position = file->size = (uint64_t)info.st_size;
    return true;
#else
    (void)file, (void)from;
    return false;
#endif
}

/* A link takes the place of the temporary file under a name of its own, so that at each moment there is one of the two.
 * Signals are held back for the instant in which it is not on record. */
static bool link_temporary(const dmx_file *file, const char *path, const struct stat *from)
{
    dmx_open_file other;
    struct stat info;
    sigset_t all, before;
    name_temporary(file, &other);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool done = linkat(AT_FDCWD, path, file->folder, other.name, 0) == 0;
    if (done) {
        done = fstatat(file->folder, other.name, &info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_dev == from->st_dev &&
               info.st_ino == from->st_ino &&
               renameat(file->folder, other.name, file->folder, file->temporary->name) == 0;
        if (!done) unlinkat(file->folder, other.name, 0);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return done;
}

bool dmx_file_link(dmx_file *file, int from, const char *path)
{
    struct stat new, source;
    if (file->failure != 0 || file->size > 0 || file->file < 0 || file->temporary == NULL) return false;
    if (fstat(file->file, &new) != 0 || fstat(from, &source) != 0 || new.st_dev != source.st_dev ||
        new.st_mode != source.st_mode || new.st_uid != source.st_uid || new.st_gid != source.st_gid)
        return false;
    const int lock = dmx_temporary_share(from) ? fcntl(from, F_DUPFD_CLOEXEC, 0) : -1;
    if (lock < 0) return false;
    if (!link_temporary(file, path, &source)) {
        close(lock);
        return false;
    }
    close(file->file);
    file->file = -1;
    file->lock = lock;
    file->linked = true;
    file->position = file->size = (uint64_t)source.st_size;
    return true;
}

void dmx_file_begin_sync(dmx_file *file)
{
    if (file->linked || !flush(file)) return;
#ifdef SYNC_FILE_RANGE_WRITE
    sync_file_range(file->file, 0, 0, SYNC_FILE_RANGE_WRITE); /* dmx_file_sync hears of what fails */
#endif
}

bool dmx_file_read(dmx_file *file, void *bytes, size_t count, uint64_t position)
{
    if (!flush(file)) return false;
    for (char *at = bytes; count > 0;) {
        ssize_t got = pread(file->file, at, count, (off_t)position);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return note_failure(file, got < 0 ? errno : EIO);
        at += got;
        position += (uint64_t)got;
        count -= (size_t)got;
    }
    return true;
}

uint64_t dmx_file_size(const dmx_file *file) { return file->size; }

demucs_status dmx_file_fail(const dmx_file *file, demucs_error *error)
{
    char reason[DMX_REASON];
    if (file->failure == ENOMEM)
        return dmx_refuse(file->path, error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
    return dmx_refuse(file->path, error, DEMUCS_ERROR_IO, "cannot write: %s", dmx_reason(reason, file->failure));
}

/* -------------------------------------------------------------------------------------------------------- ending -- */

/* Some file systems have no fsync, for folders above all: they have done what they can. */
static bool sync_descriptor(int descriptor)
{
    return fsync(descriptor) == 0 || errno == EINVAL || errno == ENOSYS || errno == ENOTSUP;
}

bool dmx_file_sync(dmx_file *file)
{
    if (file->file < 0) return file->failure == 0;
    if (!flush(file)) return false;
    if (!sync_descriptor(file->file)) return note_failure(file, errno);
    int descriptor = file->file;
    file->file = -1;
    file->lock = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (file->lock < 0) { /* no descriptor to spare: then this one stays, and what closing says is not heard */
        file->lock = descriptor;
        return true;
    }
    return close(descriptor) == 0 || note_failure(file, errno);
}

/* Free the record of the temporary file and close its folder, unless a signal handler has them. */
static void drop_temporary(dmx_file *file)
{
    if (file->temporary != NULL && !dmx_open_files_remove(file->temporary))
        file->folder = -1;
    else
        dmx_free(file->temporary);
    file->temporary = NULL;
}

demucs_status dmx_file_commit(dmx_file *file, demucs_error *error)
{
    demucs_status status = DEMUCS_OK;
    bool done = dmx_file_sync(file);
    if (done && renameat(file->folder, file->temporary->name, file->folder, file->name) != 0)
        done = note_failure(file, errno);
    if (done) {
        /* Where the target was a name of the same file already, renaming did nothing. */
        if (file->linked) unlinkat(file->folder, file->temporary->name, 0);
        sync_descriptor(file->folder); /* the file is whole and has its name; without this a power cut may undo it */
        /* Off the record only now: a handler that runs before this finds nothing to remove under the temporary name. */
        drop_temporary(file);
    } else {
        status = dmx_file_fail(file, error);
    }
    dmx_file_discard(file);
    return status;
}

void dmx_file_discard(dmx_file *file)
{
    if (file == NULL) return;
    if (file->file >= 0) close(file->file);
    if (file->temporary != NULL) unlinkat(file->folder, file->temporary->name, 0);
    if (file->lock >= 0) close(file->lock);
    drop_temporary(file);
    if (file->folder >= 0) close(file->folder);
    dmx_free(file->name);
    dmx_free(file->path);
    dmx_free(file);
}

demucs_status dmx_file_place(const char *temporary, const char *path, demucs_error *error)
{
    char reason[DMX_REASON];
    int folder, file = open(temporary, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    char *name = NULL;
    int failure = file < 0 ? errno : 0;
    const int lost = dmx_target_open(path, &folder, &name);
    dmx_free(name);
    if (failure == 0) failure = lost;
    if (failure == 0 && (!sync_descriptor(file) || rename(temporary, path) != 0)) failure = errno;
    if (failure == 0) sync_descriptor(folder);
    if (file >= 0) close(file);
    if (folder >= 0) close(folder);
    if (failure == 0) return DEMUCS_OK;
    return dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot write: %s", dmx_reason(reason, failure));
}
