/* ffmpeg_pipe.c - see ffmpeg_pipe.h */
#include "audio/ffmpeg_pipe.h"

#include "base/alloc.h"

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
} pipe_input;

/* An AVIOContext's read_packet. The file does not wait, so each read follows a poll: a FIFO that nobody has opened for
 * writing yet would be at its end otherwise. */
static int read_bytes(void *user, uint8_t *bytes, int size)
{
    const pipe_input *self = user;
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

AVIOContext *ffmpeg_pipe_open(const char *path, const audio_stop *stop, int *failure)
{
    pipe_input *self = dmx_alloc(1, sizeof *self);
    unsigned char *buffer = av_malloc(BUFFER_BYTES);
    AVIOContext *io = NULL;
    *failure = ENOMEM;
    if (self == NULL || buffer == NULL) goto fail;
    *self = (pipe_input){.file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), .stop = stop};
    *failure = self->file < 0 ? errno : ENOMEM;
    if (self->file >= 0) io = avio_alloc_context(buffer, BUFFER_BYTES, 0, self, read_bytes, NULL, NULL);
    if (io != NULL) return io;
    if (self->file >= 0) close(self->file);
fail:
    av_free(buffer);
    dmx_free(self);
    return NULL;
}

void ffmpeg_pipe_close(AVIOContext **io)
{
    if (*io == NULL) return;
    pipe_input *self = (*io)->opaque;
    close(self->file);
    dmx_free(self);
    av_freep(&(*io)->buffer);
    avio_context_free(io);
}
