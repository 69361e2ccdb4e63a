/* pour.c - see pour.h */
#include "tracks/pour.h"

#include "base/alloc.h"
#include "tracks/paths.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#ifndef PIPE_BUF
#define PIPE_BUF _POSIX_PIPE_BUF
#endif

enum { LOOK_MILLISECONDS = 100 };

const char dmx_pour_name[] = "-";

bool dmx_pour_wanted(const demucs_tracks_request *request) { return request->descriptor >= 0; }

typedef struct sending {
    dmx_pour *pour;
    demucs_error *error;
} sending;

/* Wait until something can be written. */
static bool wait_for_room(const sending *self)
{
    struct pollfd to = {.fd = self->pour->watch->request->descriptor, .events = POLLOUT};
    for (;;) {
        const int ready = poll(&to, 1, LOOK_MILLISECONDS);
        if (ready > 0 || (ready < 0 && errno != EINTR)) return true; /* what is wrong is heard when it is written to */
        if (!dmx_watch_blocked(self->pour->watch, self->error)) return false;
    }
}

/* Hand on bytes, at once as many as a pipe that has room takes without a wait. */
static bool send(const void *bytes, size_t count, void *user)
{
    const sending *self = user;
    char reason[DMX_REASON];
    const int to = self->pour->watch->request->descriptor;
    for (const char *at = bytes; count > 0;) {
        if (!wait_for_room(self)) return false;
        const ssize_t written = write(to, at, count < PIPE_BUF ? count : PIPE_BUF);
        if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (written <= 0)
            return !dmx_refuse(dmx_pour_name, self->error, DEMUCS_ERROR_IO, "cannot write: %s",
                               dmx_reason(reason, written < 0 ? errno : ENOSPC));
        at += written;
        count -= (size_t)written;
    }
    return true;
}

audio_writer *dmx_pour_open(dmx_spool_place *place, const audio_format *format, const audio_kept *kept,
                            demucs_error *error)
{
    const int file = dmx_spool_place_open(place, error);
    if (file < 0) return NULL;
    char *name = dmx_path_print("%s (by way of %s)", dmx_pour_name, dmx_spool_place_folder(place));
    audio_writer *writer = audio_writer_open_nameless(file, name != NULL ? name : dmx_pour_name, format, kept, error);
    dmx_free(name);
    return writer;
}

bool dmx_pour_begin(dmx_pour *self, audio_writer *writer, audio_container container, uint64_t frames, dmx_watch *watch,
                    demucs_error *error)
{
    *self = (dmx_pour){.watch = watch, .grows = audio_container_grows(container)};
    return audio_writer_expect(writer, frames, error);
}

bool dmx_pour_on(dmx_pour *self, audio_writer *writer, demucs_error *error)
{
    sending one = {self, error};
    return !self->grows || audio_writer_hand_on(writer, &self->sent, send, &one, error);
}

bool dmx_pour_end(dmx_pour *self, audio_writer *writer, demucs_error *error)
{
    sending one = {self, error};
    return audio_writer_hand_over(writer, self->sent, send, &one, error);
}
