/* ffmpeg_pipe.c - see ffmpeg_pipe.h */
#include "audio/ffmpeg_pipe.h"

#include "base/alloc.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>
#include <poll.h>
#include <unistd.h>

enum { BUFFER_BYTES = 32768, LOOK_MILLISECONDS = 100 };

typedef struct pipe_input {
    int file;
    const audio_stop *stop;
    const audio_scratch *scratch;
    int kept;           /* the file that holds what came; -1 without a scratch */
    int64_t kept_bytes; /* in it */
    int64_t at;         /* where the next byte is read */
    int failure;        /* errno, when what came could not be kept */
} pipe_input;

/* What comes next: bytes, or AVERROR_EOF. The file does not wait, so each read follows a poll: a FIFO that nobody has
 * opened for writing yet would be at its end otherwise. */
static int receive(pipe_input *self, uint8_t *bytes, int size)
{
    for (;;) {
        struct pollfd file = {.fd = self->file, .events = POLLIN};
        if (self->stop != NULL && self->stop->asked(self->stop->user)) return AVERROR_EXIT;
        const int ready = poll(&file, 1, LOOK_MILLISECONDS);
        if (ready < 0 && errno != EINTR) return AVERROR(errno);
        if (ready <= 0) continue;
        const ssize_t count = read(self->file, bytes, (size_t)size);
        if (count > 0) return (int)count;
        if (count == 0) return AVERROR_EOF;
        if (errno != EAGAIN && errno != EINTR) return AVERROR(errno);
    }
}

/* ---- what is kept ---- */

static int keep(pipe_input *self, const uint8_t *bytes, int count)
{
    for (int done = 0; done < count;) {
        const ssize_t written = pwrite(self->kept, bytes + done, (size_t)(count - done), self->kept_bytes);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            self->failure = written < 0 ? errno : ENOSPC;
            return AVERROR(self->failure);
        }
        self->kept_bytes += written;
        done += (int)written;
    }
    return count;
}

/* Keep what comes, up to byte `end` or to the end of all. */
static int keep_up_to(pipe_input *self, int64_t end)
{
    uint8_t bytes[4096];
    while (self->kept_bytes < end) {
        int count = self->failure != 0 ? AVERROR(self->failure) : receive(self, bytes, (int)sizeof bytes);
        if (count == AVERROR_EOF) return 0;
        if (count > 0) count = keep(self, bytes, count);
        if (count < 0) return count;
    }
    return 0;
}

/* ---- an AVIOContext's functions ---- */

static int read_bytes(void *user, uint8_t *bytes, int size)
{
    pipe_input *self = user;
    if (self->kept < 0) return receive(self, bytes, size);
    const int result = keep_up_to(self, self->at + 1);
    if (result < 0) return result;
    const ssize_t count = pread(self->kept, bytes, (size_t)size, self->at);
    if (count < 0) return AVERROR(errno);
    self->at += count;
    return count > 0 ? (int)count : AVERROR_EOF;
}

static int64_t seek(void *user, int64_t offset, int whence)
{
    pipe_input *self = user;
    const bool asks_size = (whence & AVSEEK_SIZE) != 0;
    if (!asks_size && ((whence & ~AVSEEK_FORCE) != SEEK_SET || offset < 0)) return AVERROR(EINVAL);
    const int result = keep_up_to(self, asks_size ? INT64_MAX : offset);
    if (result < 0) return result;
    if (asks_size) return self->kept_bytes;
    self->at = offset;
    return offset;
}

/* ---- opening ---- */

static void free_input(pipe_input *self)
{
    if (self == NULL) return;
    if (self->file >= 0) close(self->file);
    if (self->kept >= 0) close(self->kept);
    dmx_free(self);
}

AVIOContext *ffmpeg_pipe_open(const char *path, const audio_stop *stop, const audio_scratch *scratch,
                              demucs_error *error)
{
    char reason[DMX_REASON];
    AVIOContext *io = NULL;
    pipe_input *self = dmx_alloc(1, sizeof *self);
    unsigned char *buffer = av_malloc(BUFFER_BYTES);
    if (self != NULL) *self = (pipe_input){.file = -1, .kept = -1, .stop = stop, .scratch = scratch};
    if (self == NULL || buffer == NULL) goto no_memory;
    self->file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (self->file < 0) {
        dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot open: %s", dmx_reason(reason, errno));
        goto fail;
    }
    if (scratch != NULL && (self->kept = scratch->open(scratch->user, error)) < 0) goto fail;
    io = avio_alloc_context(buffer, BUFFER_BYTES, 0, self, read_bytes, NULL, self->kept >= 0 ? seek : NULL);
    if (io != NULL) return io;
no_memory:
    dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to open the file");
fail:
    av_free(buffer);
    free_input(self);
    return NULL;
}

bool ffmpeg_pipe_kept(const AVIOContext *io, demucs_error *error)
{
    const pipe_input *self = io->opaque;
    if (self->failure != 0) self->scratch->say_full(self->scratch->user, self->failure, error);
    return self->failure == 0;
}

void ffmpeg_pipe_close(AVIOContext **io)
{
    if (*io == NULL) return;
    free_input((*io)->opaque);
    av_freep(&(*io)->buffer);
    avio_context_free(io);
}
