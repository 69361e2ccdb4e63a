/* separation.c - see separation.h */
#include "tracks/separation.h"

#include "base/alloc.h"
#include "base/options.h"
#include "tracks/guard.h"
#include "tracks/planes.h"

/* A demucs_progress_fn: tell the caller's own, and whoever watches the track. */
static bool on_progress(const demucs_progress *report, void *user)
{
    dmx_separation *self = user;
    const bool stop = self->progress != NULL && self->progress(report, self->progress_user);
    return !dmx_watch_progress(self->watch, report->segments_done, report->segments_total, report, self->error) || stop;
}

static bool passed(const dmx_separation *self, demucs_status status, const demucs_error *why, demucs_error *error)
{
    if (status == DEMUCS_OK) return true;
    if (status == DEMUCS_ERROR_CANCELLED)
        return !dmx_fail(error, status, "the separation of %s was cancelled", self->watch->track);
    return !dmx_fail(error, status, "cannot separate %s: %s", self->watch->track, why->message);
}

/* ---------------------------------------------------------------------------------------------------- begin ---- */

static bool create_stream(dmx_separation *self, const bool *needed, demucs_error *error)
{
    const demucs_stream_options *asked = self->request->separation;
    demucs_stream_options options;
    demucs_error why;
    demucs_default_stream_options(&options, sizeof options);
    if (asked != NULL && !dmx_options_take(&options, sizeof options, asked, asked->struct_size))
        return !dmx_options_unknown("demucs_default_stream_options", error);
    self->progress = options.progress;
    self->progress_user = options.progress_user;
    options.progress = on_progress;
    options.progress_user = self;
    options.wanted = needed;
    return passed(self, demucs_stream_create(&self->stream, self->request->engine, &options, &why), &why, error);
}

static bool create_planes(dmx_separation *self, const bool *needed, int sources)
{
    int count = 1;
    for (int source = 0; source < sources; source++) count += needed[source];
    self->blocks = dmx_planes_new(count * self->channels);
    self->stems = dmx_alloc((size_t)(sources * self->channels), sizeof *self->stems);
    if (self->blocks == NULL || self->stems == NULL) return false;
    self->input = self->blocks;
    float **next = self->blocks + self->channels;
    for (int plane = 0; plane < sources * self->channels; plane++)
        if (needed[plane / self->channels]) self->stems[plane] = *next++;
    return true;
}

/* The needed stems lie in `blocks`, after the input and in the order of the model. */
static bool create_meter(dmx_separation *self, const bool *needed, int sources, demucs_error *error)
{
    const demucs_model *model = demucs_engine_model(self->request->engine);
    demucs_error why;
    if (self->request->quality == NULL) return true;
    const char **names = dmx_alloc((size_t)sources, sizeof *names);
    if (names == NULL)
        return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to separate %s", self->watch->track);
    demucs_quality_format format = {
        .channels = self->channels, .sample_rate_hz = demucs_model_sample_rate_hz(model), .names = names};
    for (int source = 0; source < sources; source++)
        if (needed[source]) names[format.stems++] = demucs_model_source_name(model, source);
    format.complete = format.stems == sources;
    const demucs_status status = demucs_quality_meter_create(&self->meter, &format, self->request->quality, &why);
    dmx_free(names);
    return passed(self, status, &why, error);
}

bool dmx_separation_begin(dmx_separation *self, const demucs_tracks_request *request, const dmx_outputs *outputs,
                          dmx_watch *watch, demucs_error *error)
{
    *self = (dmx_separation){.request = request, .watch = watch, .channels = outputs->channels};
    bool *needed = dmx_alloc((size_t)outputs->sources, sizeof *needed);
    if (needed != NULL) dmx_outputs_need(outputs, needed);
    const bool room = needed != NULL && create_planes(self, needed, outputs->sources);
    const bool done = room ? create_stream(self, needed, error) && create_meter(self, needed, outputs->sources, error)
                           : !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to separate %s", watch->track);
    dmx_free(needed);
    return done;
}

demucs_quality *dmx_separation_quality(dmx_separation *self)
{
    return self->meter != NULL ? demucs_quality_meter_finish(self->meter) : NULL;
}

void dmx_separation_end(dmx_separation *self)
{
    demucs_quality_meter_free(self->meter);
    demucs_stream_free(self->stream);
    dmx_free(self->blocks);
    dmx_free(self->stems);
    *self = (dmx_separation){0};
}

/* ------------------------------------------------------------------------------------------------------ run ---- */

/* Read the next block of the mix and hand it to the stream, which takes what it has room for. */
static bool push(dmx_separation *self, const dmx_spool *mix, size_t *accepted, demucs_error *error)
{
    demucs_error why;
    const uint64_t left = dmx_spool_frames(mix) - self->pushed;
    const size_t count = left < DMX_TRACK_BLOCK ? (size_t)left : DMX_TRACK_BLOCK;
    *accepted = 0;
    if (count > 0) {
        if (!dmx_spool_read(mix, self->pushed, self->input, count, error)) return false;
        demucs_status status =
            demucs_stream_push(self->stream, (const float *const *)self->input, count, accepted, &why);
        if (!passed(self, status, &why, error)) return false;
        self->pushed += *accepted;
    }
    if (self->pushed < dmx_spool_frames(mix) || self->finished) return true;
    self->finished = true;
    return passed(self, demucs_stream_finish(self->stream, &why), &why, error);
}

/* Take one block of finished stems, if there is one, to the outputs. */
static bool pull(dmx_separation *self, const dmx_spool *mix, dmx_outputs *outputs, size_t *frames, bool *done,
                 demucs_error *error)
{
    demucs_error why;
    *frames = 0;
    demucs_status status = demucs_stream_pull(self->stream, self->stems, DMX_TRACK_BLOCK, frames, done, &why);
    if (!passed(self, status, &why, error)) return false;
    if (*frames == 0) return true;
    const bool need_mix = dmx_outputs_need_mix(outputs) || self->meter != NULL;
    const float *const *input = (const float *const *)self->input;
    if (need_mix && !dmx_spool_read(mix, self->pulled, self->input, *frames, error)) return false;
    self->pulled += *frames;
    if (self->meter != NULL) demucs_quality_meter_add(self->meter, input, input + self->channels, *frames);
    return dmx_outputs_add(outputs, (const float *const *)self->stems, input, *frames, error);
}

static bool carry_all(dmx_separation *self, const dmx_intake *intake, dmx_outputs *outputs, demucs_error *error)
{
    demucs_error why;
    const dmx_spool *mix = intake->mix;
    const uint64_t total = dmx_spool_frames(mix);
    bool done = false;
    if (!passed(self, demucs_stream_begin(self->stream, (size_t)total, &intake->loudness, &why), &why, error))
        return false;
    while (!done) {
        size_t accepted, frames;
        if (!push(self, mix, &accepted, error) || !pull(self, mix, outputs, &frames, &done, error)) return false;
        if (!done && accepted == 0 && frames == 0)
            return !dmx_fail(error, DEMUCS_ERROR_STATE, "cannot separate %s: the stream takes no more audio",
                             self->watch->track);
    }
    return self->pulled == total ||
           !dmx_fail(error, DEMUCS_ERROR_STATE, "cannot separate %s: %llu of %llu frames came back", self->watch->track,
                     (unsigned long long)self->pulled, (unsigned long long)total);
}

bool dmx_separation_run(dmx_separation *self, const dmx_intake *intake, dmx_outputs *outputs, demucs_error *error)
{
    dmx_guard guard;
    self->error = error;
    if (!dmx_guard_begin(&guard, self->request->cancel, self->stream, error)) return false;
    const bool done = carry_all(self, intake, outputs, error);
    dmx_guard_end(&guard);
    return done;
}
