/* watch.c - see watch.h */
#include "tracks/watch.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
    if (self->phase == phase && self->phase_start != 0) return true;
    dmx_watch_end(self);
    self->phase = phase;
    self->phase_start = dmx_clock_seconds();
    return tell(self, &(demucs_tracks_event){.kind = DEMUCS_TRACKS_EVENT_PHASE}, error);
}

void dmx_watch_end(dmx_watch *self)
{
    if (self->phase_start != 0) self->seconds[self->phase] = dmx_clock_seconds() - self->phase_start;
    self->phase_start = 0;
}

bool dmx_watch_progress(dmx_watch *self, uint64_t done, uint64_t total, const demucs_progress *segment,
                        demucs_error *error)
{
    demucs_tracks_event event = {
        .kind = DEMUCS_TRACKS_EVENT_PROGRESS, .done = done, .total = total, .segment = segment};
    return tell(self, &event, error);
}

static bool remember(dmx_watch *self, const demucs_tracks_event *event)
{
    void *grown = dmx_make_room(self->warnings, self->warnings_count, &self->warnings_capacity, sizeof *self->warnings);
    if (grown == NULL) return false;
    self->warnings = grown;
    const size_t bytes = strlen(event->text) + 1;
    demucs_tracks_warning *warning = dmx_alloc(sizeof *warning + bytes, 1);
    if (warning == NULL) return false;
    *warning = (demucs_tracks_warning){.kind = event->kind, .text = (char *)(warning + 1), .count = event->count};
    memcpy(warning + 1, event->text, bytes);
    self->warnings[self->warnings_count++] = warning;
    return true;
}

void dmx_watch_clear(dmx_watch *self)
{
    for (size_t i = 0; i < self->warnings_count; i++) dmx_free(self->warnings[i]);
    dmx_free(self->warnings);
    self->warnings = NULL;
    self->warnings_count = self->warnings_capacity = 0;
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
    if (!remember(self, &event))
        return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to separate %s", self->track);
    return tell(self, &event, error);
}

bool dmx_watch_note(dmx_watch *self, demucs_error *error, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    demucs_tracks_event event = {.kind = DEMUCS_TRACKS_EVENT_NOTE, .path = self->request->input, .text = text};
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dmx_make_printable(text, '?');
    return tell(self, &event, error);
}

bool dmx_watch_wait(dmx_watch *self, demucs_error *error)
{
    char text[DMX_SHOWN_PATH + 100];
    demucs_tracks_event event = {.kind = DEMUCS_TRACKS_EVENT_CACHE_WAITING, .path = self->request->input, .text = text};
    snprintf(text, sizeof text, "Somebody else is separating %s in the same way: waiting for the result.", self->track);
    return tell(self, &event, error);
}

bool dmx_watch_blocked(dmx_watch *self, demucs_error *error)
{
    return tell(self, &(demucs_tracks_event){.kind = DEMUCS_TRACKS_EVENT_BLOCKED}, error);
}
