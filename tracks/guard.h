/* guard.h - a thread that stands beside a stream and cancels it once the caller's flag is set.
 *
 * The thread of the track waits inside the engine, for its turn or for a segment, and cannot look at the flag there;
 * and whoever sets the flag may be a signal handler, which cannot call the engine. So somebody else looks, ten times a
 * second. Without a flag there is no thread. */
#ifndef DMX_TRACKS_GUARD_H
#define DMX_TRACKS_GUARD_H

#include "base/error.h"
#include "demucs_tracks.h"

#include <pthread.h>

typedef struct dmx_guard {
    const demucs_tracks_cancel *flag; /* NULL: there is no thread */
    demucs_stream *stream;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool dismissed;
} dmx_guard;

/* Begin to watch; `self` stays where it is. Fails (MEMORY) when no thread can be started. */
bool dmx_guard_begin(dmx_guard *self, const demucs_tracks_cancel *flag, demucs_stream *stream, demucs_error *error);

/* Stop. Nothing happens for a guard of all zeros. */
void dmx_guard_end(dmx_guard *self);

#endif
