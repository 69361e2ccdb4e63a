/* watch.h - the caller's eyes on a track under way: phases and their times, progress, warnings, and the wish to stop.
 *
 * Functions that return false were told to stop, by the event function or by the cancel flag, and have written the
 * sentence of a cancelled track; dmx_watch_warn also for want of memory. */
#ifndef DMX_TRACKS_WATCH_H
#define DMX_TRACKS_WATCH_H

#include "base/error.h"
#include "base/text.h"
#include "demucs_tracks.h"

typedef struct dmx_watch {
    const demucs_tracks_request *request;
    char track[DMX_SHOWN_PATH]; /* the path of the track as sentences show it */
    demucs_tracks_phase phase;
    double track_seconds; /* length of the track, once it is known */
    double phase_start;
    double seconds[DEMUCS_TRACKS_PHASES]; /* that each phase took */
    demucs_tracks_warning **warnings;     /* [warnings_count] each with its text in one block */
    size_t warnings_count, warnings_capacity;
} dmx_watch;

/* Watch for the caller of this request, which has an input. */
void dmx_watch_init(dmx_watch *self, const demucs_tracks_request *request);

/* End the phase under way, if any, and begin this one, unless it is this one. */
bool dmx_watch_begin(dmx_watch *self, demucs_tracks_phase phase, demucs_error *error);

/* Free what it remembers. */
void dmx_watch_clear(dmx_watch *self);

/* End the last phase. */
void dmx_watch_end(dmx_watch *self);

/* `done` of `total` frames or segments; `segment` is NULL but in the phase SEPARATE. */
bool dmx_watch_progress(dmx_watch *self, uint64_t done, uint64_t total, const demucs_progress *segment,
                        demucs_error *error);

/* Tell that the track waits for another one that computes the same. */
bool dmx_watch_wait(dmx_watch *self, demucs_error *error);

/* Tell that nobody takes what was written to the descriptor. */
bool dmx_watch_blocked(dmx_watch *self, demucs_error *error);

/* Tell of something that is no warning. */
bool dmx_watch_note(dmx_watch *self, demucs_error *error, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* Tell of a warning, and remember it: `format` makes the sentence; `event` has the kind, the file that it is about, and
 * figures. */
bool dmx_watch_warn(dmx_watch *self, demucs_tracks_event event, demucs_error *error, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

#endif
