/* spool.c - see spool.h */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_TMPFILE */
#endif

#include "tracks/spool.h"

#include "base/alloc.h"
#include "base/folder.h"
#include "base/text.h"
#include "tracks/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { PIECE_FRAMES = 4096 }; /* interleaved and written at a time */
enum { MAX_ATTEMPTS = 10 };

struct dmx_spool {
    int file;
    int channels;
    uint64_t frames;
    float peak;
    const dmx_spool_place *place; /* for messages */
    float *interleaved;           /* [PIECE_FRAMES][channels] */
};

/* Where a file cannot be made without a name (old systems, some file systems), it has one for a moment. */
static int open_and_unlink(const char *folder)
{
    char *path = dmx_path_print("%s/.demucs-XXXXXX", folder);
    if (path == NULL) {
        errno = ENOMEM;
        return -1;
    }
    const int file = mkstemp(path), reason = errno;
    if (file >= 0) unlink(path);
    if (file >= 0) fcntl(file, F_SETFD, FD_CLOEXEC);
    dmx_free(path);
    errno = reason;
    return file;
}

/* A file in the folder that is open and has no name; -1 with errno set. One that had a name would be left behind by
 * whoever is killed before he takes it away. */
static int open_nameless(const char *folder)
{
#ifdef O_TMPFILE
    const int file = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
#endif
    return open_and_unlink(folder);
}

/* The same in the folder of the track, which is made first. A track that failed may have made it and be removing it
 * just now: then once more. -1 also with a sentence in `error`. */
static int open_in_own_folder(dmx_spool_place *place, demucs_error *error)
{
    int file = -1;
    for (int attempt = 0; attempt < MAX_ATTEMPTS && file < 0; attempt++) {
        int made;
        if (dmx_folder_make(place->folder, &made, error) != DEMUCS_OK) return -1;
        if (made > place->made) place->made = made;
        file = open_nameless(place->folder);
        if (file < 0 && errno != ENOENT) break;
    }
    return file;
}

/* TMPDIR, or NULL where it is not set or names no folder: one that is gone, as in a container, is no reason to fail. */
static const char *common_folder(void)
{
    struct stat info;
    const char *folder = getenv("TMPDIR");
    return folder != NULL && stat(folder, &info) == 0 && S_ISDIR(info.st_mode) ? folder : NULL;
}

const char *dmx_spool_place_folder(const dmx_spool_place *place)
{
    const char *folder = place->chosen != NULL ? place->chosen : common_folder();
    return folder != NULL ? folder : place->folder;
}

const char *dmx_spool_place_advice(const dmx_spool_place *place)
{
    return place->chosen != NULL ? "name another folder for temporary files" : "set TMPDIR to another folder";
}

int dmx_spool_place_open(dmx_spool_place *place, demucs_error *error)
{
    char reason[DMX_REASON];
    const char *folder = dmx_spool_place_folder(place);
    const int file = folder == place->folder ? open_in_own_folder(place, error) : open_nameless(folder);
    if (file >= 0) return file;
    if (errno == ENOMEM)
        dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for a temporary file");
    else
        dmx_fail(
            error, DEMUCS_ERROR_IO, "cannot create a temporary file in %s: %s; %s", folder, dmx_reason(reason, errno),
            place->chosen != NULL ? dmx_spool_place_advice(place) : "set TMPDIR to a folder that can be written to");
    return -1;
}

bool dmx_spool_place_refuse(const dmx_spool_place *place, int failure, demucs_error *error)
{
    char reason[DMX_REASON];
    return !dmx_fail(error, DEMUCS_ERROR_IO, "cannot write to a temporary file in %s: %s; free some space there, or %s",
                     dmx_spool_place_folder(place), dmx_reason(reason, failure), dmx_spool_place_advice(place));
}

dmx_spool *dmx_spool_create(dmx_spool_place *place, int channels, demucs_error *error)
{
    dmx_spool *self = dmx_alloc(1, sizeof *self);
    if (self != NULL) {
        *self = (dmx_spool){.file = -1, .channels = channels, .place = place};
        self->interleaved = dmx_alloc((size_t)channels * PIECE_FRAMES, sizeof(float));
    }
    if (self == NULL || self->interleaved == NULL)
        dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for a temporary file");
    else if ((self->file = dmx_spool_place_open(place, error)) >= 0)
        return self;
    dmx_spool_free(self);
    return NULL;
}

void dmx_spool_free(dmx_spool *self)
{
    if (self == NULL) return;
    if (self->file >= 0) close(self->file);
    dmx_free(self->interleaved);
    dmx_free(self);
}

static bool write_all(dmx_spool *self, size_t frames, demucs_error *error)
{
    const char *bytes = (const char *)self->interleaved;
    size_t frame_size = (size_t)self->channels * sizeof(float), size = frames * frame_size;
    off_t offset = (off_t)(self->frames * frame_size);
    while (size > 0) {
        ssize_t written = pwrite(self->file, bytes, size, offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return dmx_spool_place_refuse(self->place, written == 0 ? ENOSPC : errno, error);
        bytes += written;
        size -= (size_t)written;
        offset += written;
    }
    return true;
}

bool dmx_spool_append(dmx_spool *self, const float *const *planes, size_t frames, demucs_error *error)
{
    for (size_t start = 0; start < frames; start += PIECE_FRAMES) {
        size_t count = frames - start < PIECE_FRAMES ? frames - start : PIECE_FRAMES;
        for (int channel = 0; channel < self->channels; channel++) {
            const float *plane = planes[channel] + start;
            for (size_t i = 0; i < count; i++) {
                self->interleaved[i * (size_t)self->channels + (size_t)channel] = plane[i];
                if (fabsf(plane[i]) > self->peak) self->peak = fabsf(plane[i]);
            }
        }
        if (!write_all(self, count, error)) return false;
        self->frames += count;
    }
    return true;
}

static bool read_all(const dmx_spool *self, uint64_t first, size_t frames, demucs_error *error)
{
    char reason[DMX_REASON];
    char *bytes = (char *)self->interleaved;
    size_t frame_size = (size_t)self->channels * sizeof(float), size = frames * frame_size;
    off_t offset = (off_t)(first * frame_size);
    while (size > 0) {
        ssize_t count = pread(self->file, bytes, size, offset);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0)
            return !dmx_fail(error, DEMUCS_ERROR_IO, "cannot read back a temporary file in %s: %s",
                             dmx_spool_place_folder(self->place),
                             count == 0 ? "it was cut short" : dmx_reason(reason, errno));
        bytes += count;
        size -= (size_t)count;
        offset += count;
    }
    return true;
}

bool dmx_spool_read(const dmx_spool *self, uint64_t first, float *const *planes, size_t frames, demucs_error *error)
{
    for (size_t start = 0; start < frames; start += PIECE_FRAMES) {
        size_t count = frames - start < PIECE_FRAMES ? frames - start : PIECE_FRAMES;
        if (!read_all(self, first + start, count, error)) return false;
        for (int channel = 0; channel < self->channels; channel++)
            for (size_t i = 0; i < count; i++)
                planes[channel][start + i] = self->interleaved[i * (size_t)self->channels + (size_t)channel];
    }
    return true;
}

uint64_t dmx_spool_frames(const dmx_spool *self) { return self->frames; }

float dmx_spool_peak(const dmx_spool *self) { return self->peak; }
