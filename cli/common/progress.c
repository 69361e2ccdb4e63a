/* progress.c - see progress.h */
#include "common/progress.h"

#include "base/clock.h"
#include "common/interrupt.h"
#include "common/say.h"

#include <stdio.h>

void progress_pause(progress *self)
{
    bar_end(&self->bar);
    bar_lines_end(&self->lines);
}

void progress_begin(progress *self)
{
    progress_pause(self);
    bar_begin(&self->bar);
    self->lines = (bar_lines){0};
    self->audio_seconds = 0;
    self->waiting = false;
}

static void on_phase(progress *self, const demucs_tracks_event *event)
{
    switch (event->phase) {
    case DEMUCS_TRACKS_READ: bar_phase(&self->bar, "reading"); break;
    case DEMUCS_TRACKS_WRITE: bar_phase(&self->bar, "writing"); break;
    default: /* the network: what the bar and the speed are about */
        progress_begin(self);
        self->audio_seconds = event->seconds;
    }
}

static void on_progress(progress *self, const demucs_tracks_event *event)
{
    if (event->phase != DEMUCS_TRACKS_SEPARATE) return;
    if (!self->bar.terminal && !self->bar.dumb && !self->words && event->segment != NULL) {
        bar_lines_update(&self->lines, (size_t)event->done, (size_t)event->total,
                         event->segment->members * event->segment->shifts, self->audio_seconds);
        return;
    }
    double elapsed = dmx_clock_seconds() - self->bar.start;
    double share = event->total > 0 ? (double)event->done / (double)event->total : 0;
    char speed[48] = "";
    if (share > 0 && elapsed > 0)
        snprintf(speed, sizeof speed, "%.1fx real time", share * self->audio_seconds / elapsed);
    bar_update(&self->bar, share, speed);
}

bool progress_event(const demucs_tracks_event *event, void *user)
{
    progress *self = user;
    switch (event->kind) {
    case DEMUCS_TRACKS_EVENT_PHASE: on_phase(self, event); break;
    case DEMUCS_TRACKS_EVENT_PROGRESS: on_progress(self, event); break;
    case DEMUCS_TRACKS_EVENT_DAMAGED:
    case DEMUCS_TRACKS_EVENT_NOT_FINITE:
    case DEMUCS_TRACKS_EVENT_SHORT:
    case DEMUCS_TRACKS_EVENT_CHANNELS:
    case DEMUCS_TRACKS_EVENT_COLLISION:
    case DEMUCS_TRACKS_EVENT_CACHE_DAMAGED:
    case DEMUCS_TRACKS_EVENT_CACHE_FAILED:
    case DEMUCS_TRACKS_EVENT_OUTLIER:
    case DEMUCS_TRACKS_EVENT_RATE:
    case DEMUCS_TRACKS_EVENT_CUT:
    case DEMUCS_TRACKS_EVENT_STREAMS:
        progress_pause(self);
        say_at(SAY_WARNING, "warning: %s", event->text);
        break;
    case DEMUCS_TRACKS_EVENT_NOTE:
        if (!say_allows(SAY_DEBUG)) break;
        progress_pause(self);
        say_at(SAY_DEBUG, "note: %s", event->text);
        break;
    case DEMUCS_TRACKS_EVENT_CACHE_WAITING:
        if (!self->waiting) {
            progress_pause(self);
            say_at(SAY_INFO, "%s", event->text);
        }
        self->waiting = true;
        break;
    default: break; /* samples that are cut off are what --clip-mode none asks for */
    }
    return interrupt_signal() != 0;
}

void progress_end(progress *self, bool done)
{
    double elapsed = dmx_clock_seconds() - self->bar.start;
    char length[32], took[32];
    progress_pause(self);
    if (done)
        say_at(SAY_INFO, "%s of audio in %s, %.1fx real time", clock_text(length, sizeof length, self->audio_seconds),
               clock_text(took, sizeof took, elapsed), elapsed > 0 ? self->audio_seconds / elapsed : 0.0);
}
