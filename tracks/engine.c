/* engine.c - see engine.h and demucs_tracks.h */
#include "tracks/engine.h"

#include "base/alloc.h"

#include <string.h>

/* A demucs_progress_fn: tell the caller's, and whoever watches the track. */
static bool on_progress(const demucs_progress *report, void *user)
{
    demucs_tracks_engine *self = user;
    const bool stop = self->progress != NULL && self->progress(report, self->progress_user);
    return !dmx_watch_progress(self->watch, report->segments_done, report->segments_total, report, self->error) || stop;
}

static bool copy_wanted(demucs_tracks_engine *self, const bool *wanted)
{
    const size_t sources = (size_t)demucs_model_sources(self->model);
    if (wanted == NULL) return true;
    self->wanted = dmx_alloc(sources, sizeof *self->wanted);
    if (self->wanted != NULL) memcpy(self->wanted, wanted, sources * sizeof *wanted);
    return self->wanted != NULL;
}

demucs_status demucs_tracks_engine_create(demucs_tracks_engine **engine, const demucs_model *model,
                                          const demucs_options *options, demucs_error *error)
{
    dmx_error_clear(error);
    demucs_options own;
    if (engine == NULL || model == NULL)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no %s",
                        model == NULL ? "model" : "place for the engine");
    *engine = NULL;
    demucs_default_options(&own, sizeof own);
    if (options != NULL && options->struct_size >= sizeof own.struct_size && options->struct_size <= sizeof own)
        memcpy(&own, options, options->struct_size);
    else if (options != NULL)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                        "the options are not initialised: call demucs_default_options first");
    own.struct_size = sizeof own;
    demucs_tracks_engine *self = dmx_alloc(1, sizeof *self);
    if (self == NULL || pthread_mutex_init(&self->lock, NULL) != 0) {
        dmx_free(self);
        return dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for an engine");
    }
    self->model = model;
    self->progress = own.progress;
    self->progress_user = own.progress_user;
    own.progress = on_progress;
    own.progress_user = self;
    demucs_status status = copy_wanted(self, own.wanted)
                               ? demucs_separator_create(&self->separator, model, &own, error)
                               : dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for an engine");
    if (status == DEMUCS_OK)
        *engine = self;
    else
        demucs_tracks_engine_free(self);
    return status;
}

void demucs_tracks_engine_free(demucs_tracks_engine *engine)
{
    if (engine == NULL) return;
    demucs_separator_free(engine->separator);
    pthread_mutex_destroy(&engine->lock);
    dmx_free(engine->wanted);
    dmx_free(engine);
}

const demucs_separator *demucs_tracks_engine_separator(const demucs_tracks_engine *engine)
{
    return engine != NULL ? engine->separator : NULL;
}

bool dmx_engine_computes(const demucs_tracks_engine *self, int source)
{
    return self->wanted == NULL || self->wanted[source];
}

void dmx_engine_take(demucs_tracks_engine *self, dmx_watch *watch, demucs_error *error)
{
    pthread_mutex_lock(&self->lock);
    self->watch = watch;
    self->error = error;
}

void dmx_engine_release(demucs_tracks_engine *self)
{
    demucs_separator_reset(self->separator);
    self->watch = NULL;
    self->error = NULL;
    pthread_mutex_unlock(&self->lock);
}
