/* engine.h - the inside of demucs_tracks_engine: one separator, which one track holds at a time. */
#ifndef DMX_TRACKS_ENGINE_H
#define DMX_TRACKS_ENGINE_H

#include "tracks/watch.h"

#include <pthread.h>

struct demucs_tracks_engine {
    const demucs_model *model;
    demucs_separator *separator;
    bool *wanted;                /* [sources] the stems that it computes; NULL: all */
    demucs_progress_fn progress; /* of the caller's options */
    void *progress_user;
    pthread_mutex_t lock; /* held by the track whose turn it is */
    dmx_watch *watch;     /* that track's, and where its wish to stop is written */
    demucs_error *error;
};

/* Whether the engine computes this stem. */
bool dmx_engine_computes(const demucs_tracks_engine *self, int source);

/* Wait for the separator, and hand it back, without a track in it. */
void dmx_engine_take(demucs_tracks_engine *self, dmx_watch *watch, demucs_error *error);
void dmx_engine_release(demucs_tracks_engine *self);

#endif
