/* spool.c - see spool.h */
#include "spool.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { PIECE_FRAMES = 4096 }; /* interleaved and written at a time */

struct spool {
    int file;
    int channels;
    uint64_t frames;
    float peak;
    char *folder;       /* for messages */
    float *interleaved; /* [PIECE_FRAMES][channels] */
};

spool *spool_create(const char *folder, int channels, failure *why)
{
    const char *chosen = getenv("TMPDIR");
    spool *self = memory_new(1, sizeof *self);
    self->channels = channels;
    self->folder = memory_text("%s", chosen != NULL && chosen[0] != '\0' ? chosen : folder);
    self->interleaved = memory_new((size_t)channels * PIECE_FRAMES, sizeof(float));
    char *path = memory_text("%s/.demucs-XXXXXX", self->folder);
    self->file = mkstemp(path);
    int error = errno;
    if (self->file >= 0) unlink(path);
    free(path);
    if (self->file >= 0) return self;
    fail(why, "cannot create a temporary file in %s: %s; set TMPDIR to a folder that can be written to", self->folder,
         strerror(error));
    spool_free(self);
    return NULL;
}

void spool_free(spool *self)
{
    if (self == NULL) return;
    if (self->file >= 0) close(self->file);
    free(self->interleaved);
    free(self->folder);
    free(self);
}

static bool write_all(spool *self, size_t frames, failure *why)
{
    const char *bytes = (const char *)self->interleaved;
    size_t frame_size = (size_t)self->channels * sizeof(float), size = frames * frame_size;
    off_t offset = (off_t)(self->frames * frame_size);
    while (size > 0) {
        ssize_t written = pwrite(self->file, bytes, size, offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0)
            return fail(why,
                        "cannot write to a temporary file in %s: %s; free some space there, or set TMPDIR to another "
                        "folder",
                        self->folder, strerror(written == 0 ? ENOSPC : errno));
        bytes += written;
        size -= (size_t)written;
        offset += written;
    }
    return true;
}

bool spool_append(spool *self, const float *const *planes, size_t frames, failure *why)
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
        if (!write_all(self, count, why)) return false;
        self->frames += count;
    }
    return true;
}

static bool read_all(const spool *self, uint64_t first, size_t frames, failure *why)
{
    char *bytes = (char *)self->interleaved;
    size_t frame_size = (size_t)self->channels * sizeof(float), size = frames * frame_size;
    off_t offset = (off_t)(first * frame_size);
    while (size > 0) {
        ssize_t count = pread(self->file, bytes, size, offset);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0)
            return fail(why, "cannot read back a temporary file in %s: %s", self->folder,
                        count == 0 ? "it was cut short" : strerror(errno));
        bytes += count;
        size -= (size_t)count;
        offset += count;
    }
    return true;
}

bool spool_read(const spool *self, uint64_t first, float *const *planes, size_t frames, failure *why)
{
    for (size_t start = 0; start < frames; start += PIECE_FRAMES) {
        size_t count = frames - start < PIECE_FRAMES ? frames - start : PIECE_FRAMES;
        if (!read_all(self, first + start, count, why)) return false;
        for (int channel = 0; channel < self->channels; channel++)
            for (size_t i = 0; i < count; i++)
                planes[channel][start + i] = self->interleaved[i * (size_t)self->channels + (size_t)channel];
    }
    return true;
}

uint64_t spool_frames(const spool *self) { return self->frames; }

float spool_peak(const spool *self) { return self->peak; }
