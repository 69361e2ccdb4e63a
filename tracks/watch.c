/* watch.c - see watch.h */
#include "tracks/watch.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void dmx_watch_init(dmx_watch *self, const demucs_tracks_request *request)
{
    *self = (dmx_watch){.request = request};
    dmx_printable_path(self->track, request->input);
}

/* Hand an event to the caller, who may want to stop. */
static bool tell(dmx_watch *self, demucs_tracks_event *event, demucs_error *error)
{
    const demucs_tracks_request *request = self->request;
    event->phase = self->phase;
    event->input = request->input;
    event->seconds = self->track_seconds;
    const bool stop = request->event != NULL && request->event(event, request->event_user);
    if (!stop && !demucs_tracks_cancel_is_set(request->cancel)) return true;
    return !dmx_fail(error, DEMUCS_ERROR_CANCELLED, "the separation of %s was cancelled", self->track);
}

bool dmx_watch_begin(dmx_watch *self, demucs_tracks_phase phase, demucs_error *error)
{
    dmx_watch_end(self);
    self->phase = phase;
    self->phase_start = clock_seconds();
    return tell(self, &(demucs_tracks_event){.kind = DEMUCS_TRACKS_EVENT_PHASE}, error);
}

void dmx_watch_end(dmx_watch *self)
{
    if (self->phase_start != 0) self->seconds[self->phase] = clock_seconds() - self->phase_start;
    self->phase_start = 0;
}

bool dmx_watch_progress(dmx_watch *self, uint64_t done, uint64_t total, const demucs_progress *segment,
                        demucs_error *error)
{
    demucs_tracks_event event = {
        .kind = DEMUCS_TRACKS_EVENT_PROGRESS, .done = done, .total = total, .segment = segment};
    return tell(self, &event, error);
}

bool dmx_watch_warn(dmx_watch *self, demucs_tracks_event event, demucs_error *error, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dmx_make_printable(text, '?');
    event.text = text;
    return tell(self, &event, error);
}
