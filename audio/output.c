/* output.c - see output.h */
#include "audio/output.h"

#include "audio/error.h"
#include "audio/open_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES         65536
#define SHIFT_BYTES          (1 << 20)
#define TEMPORARY_NAME_BYTES 200 /* of the target's name in the temporary one: a name may have 255 in all */

struct audio_output {
    char *path;
    char *temporary; /* NULL once it is gone or renamed, or when a signal handler has it */
    int file;
    int failure;       /* errno of the first failure, 0 while all is well */
    uint64_t position; /* of the next byte, buffered ones counted */
    uint64_t size;
    size_t buffered;
    unsigned char buffer[BUFFER_BYTES];
};

/* ---- opening ---- */

/* "folder/.NAME.partial-PID-N", or NULL without memory. The number tells apart the files of one process. */
static char *temporary_path(const char *path)
{
    static atomic_uint counter;
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t name_bytes = strlen(name);
    if (name_bytes > TEMPORARY_NAME_BYTES) {
        name_bytes = TEMPORARY_NAME_BYTES;
        while (name_bytes > 0 && ((unsigned char)name[name_bytes] & 0xC0) == 0x80) name_bytes--;
    }
    size_t size = (size_t)(name - path) + name_bytes + 64;
    char *out = malloc(size);
    if (out != NULL)
        snprintf(out, size, "%.*s.%.*s.partial-%ld-%u", (int)(name - path), path, (int)name_bytes, name, (long)getpid(),
                 atomic_fetch_add(&counter, 1));
    return out;
}

/* Create the temporary file and put it on record, with signals held back in between: a file that exists and is not on
 * record would be left behind by an interrupt. False with errno set; EEXIST means that another name may do. */
static bool create_temporary(audio_output *output)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failure = 0;
    output->file = open(output->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (output->file < 0) {
        failure = errno;
    } else if (!audio_open_files_add(output->temporary)) {
        close(output->file);
        unlink(output->temporary);
        output->file = -1;
        failure = EMFILE;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = failure;
    return failure == 0;
}

audio_output *audio_output_open(const char *path, audio_error *error)
{
    char reason[AUDIO_REASON_SIZE];
    struct stat info;
    audio_output *output = NULL;
    /* Known now rather than after an hour of work. Renaming over a device would replace the device. */
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        audio_fail(error, path, "cannot write here: this exists and is not a file");
        return NULL;
    }
    output = calloc(1, sizeof *output);
    if (output == NULL) goto no_memory;
    output->file = -1;
    output->path = strdup(path);
    if (output->path == NULL) goto no_memory;

    for (;;) {
        output->temporary = temporary_path(path);
        if (output->temporary == NULL) goto no_memory;
        if (create_temporary(output)) return output;
        int failure = errno;
        free(output->temporary);
        output->temporary = NULL;
        if (failure == EEXIST) continue; /* left by a dead process that had our number */
        audio_fail(error, path, "cannot write: %s", audio_reason(reason, failure));
        goto fail;
    }
no_memory:
    audio_fail(error, path, "not enough memory to write the file");
fail:
    audio_output_discard(output);
    return NULL;
}

const char *audio_output_path(const audio_output *output) { return output->path; }

/* ---- writing ---- */

/* Write all of it at the file's position; false with output->failure set. */
static bool write_fully(audio_output *output, const unsigned char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(output->file, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            output->failure = written < 0 ? errno : ENOSPC;
            return false;
        }
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

static bool flush(audio_output *output)
{
    if (output->failure != 0) return false;
    size_t count = output->buffered;
    output->buffered = 0;
    return write_fully(output, output->buffer, count);
}

bool audio_output_write(audio_output *output, const void *bytes, size_t count)
{
    if (output->failure != 0) return false;
    if (output->buffered + count > sizeof output->buffer && !flush(output)) return false;
    if (count > sizeof output->buffer) {
        if (!write_fully(output, bytes, count)) return false;
    } else {
        memcpy(output->buffer + output->buffered, bytes, count);
        output->buffered += count;
    }
    output->position += count;
    if (output->position > output->size) output->size = output->position;
    return true;
}

bool audio_output_seek(audio_output *output, uint64_t position)
{
    if (!flush(output)) return false;
    if (lseek(output->file, (off_t)position, SEEK_SET) < 0) {
        output->failure = errno;
        return false;
    }
    output->position = position;
    return true;
}

uint64_t audio_output_size(const audio_output *output) { return output->size; }

/* Read `count` bytes at `position` of what was written. */
static bool read_fully(audio_output *output, unsigned char *bytes, size_t count, uint64_t position)
{
    while (count > 0) {
        ssize_t got = pread(output->file, bytes, count, (off_t)position);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            output->failure = got < 0 ? errno : EIO;
            return false;
        }
        bytes += got;
        position += (uint64_t)got;
        count -= (size_t)got;
    }
    return true;
}

bool audio_output_shift(audio_output *output, uint64_t from, uint64_t shift)
{
    if (!flush(output)) return false;
    unsigned char *block = malloc(SHIFT_BYTES);
    if (block == NULL) {
        output->failure = ENOMEM;
        return false;
    }
    /* From the end backwards, so that nothing is overwritten before it was read. */
    for (uint64_t end = output->size; end > from && output->failure == 0;) {
        size_t count = end - from < SHIFT_BYTES ? (size_t)(end - from) : SHIFT_BYTES;
        end -= count;
        if (read_fully(output, block, count, end) && lseek(output->file, (off_t)(end + shift), SEEK_SET) >= 0)
            write_fully(output, block, count);
        else if (output->failure == 0)
            output->failure = errno;
    }
    free(block);
    output->size += shift;
    return output->failure == 0;
}

bool audio_output_fail(const audio_output *output, audio_error *error)
{
    char reason[AUDIO_REASON_SIZE];
    return audio_fail(error, output->path, "cannot write: %s", audio_reason(reason, output->failure));
}

/* ---- ending ---- */

bool audio_output_sync(audio_output *output)
{
    if (output->file < 0) return output->failure == 0;
    if (!flush(output)) return false;
    if (fsync(output->file) != 0 && errno != EINVAL && errno != ENOSYS) { /* some file systems have no fsync */
        output->failure = errno;
        return false;
    }
    int file = output->file;
    output->file = -1;
    if (close(file) != 0) output->failure = errno;
    return output->failure == 0;
}

bool audio_output_commit(audio_output *output, audio_error *error)
{
    bool done = audio_output_sync(output);
    if (done && rename(output->temporary, output->path) != 0) {
        output->failure = errno;
        done = false;
    }
    if (done) {
        /* Off the record only now: a handler that runs before this finds nothing to remove under the temporary name. */
        if (audio_open_files_remove(output->temporary)) free(output->temporary);
        output->temporary = NULL;
    } else {
        audio_output_fail(output, error);
    }
    audio_output_discard(output);
    return done;
}

void audio_output_discard(audio_output *output)
{
    if (output == NULL) return;
    if (output->file >= 0) close(output->file);
    if (output->temporary != NULL) {
        unlink(output->temporary);
        if (audio_open_files_remove(output->temporary)) free(output->temporary);
    }
    free(output->path);
    free(output);
}
