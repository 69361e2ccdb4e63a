/* track.c - demucs_tracks_separate: one file becomes its stems' files.
 *
 *     track -> intake -> spool of the mix -> separator -> outputs -> files
 *
 * Every arrow carries one block at a time: a long track takes disk space, not memory. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/folder.h"
#include "tracks/engine.h"
#include "tracks/intake.h"
#include "tracks/outputs.h"
#include "tracks/paths.h"
#include "tracks/planes.h"
#include "tracks/request.h"
#include "tracks/result.h"

typedef struct track {
    demucs_tracks_request request;
    demucs_tracks_engine *engine;
    dmx_watch watch;
    dmx_intake intake;
    dmx_outputs outputs;
    char *folder;     /* request.folder, or that of the first target */
    int made_folders; /* how many of its last parts are ours */
    int channels;
    float **blocks; /* [channels and those of the needed stems] planes of a block */
    float **input;  /* [channels] among them */
    float **stems;  /* [sources * channels] among them; NULL for stems that nobody needs */
    uint64_t pushed, pulled;
    bool finished;
    demucs_tracks_result *result;
} track;

static bool no_memory(const track *self, demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to separate %s", self->request.input);
}

/* ---------------------------------------------------------------------------------------------------- network ---- */

static bool passed(const track *self, demucs_status status, const demucs_error *why, demucs_error *error)
{
    if (status == DEMUCS_OK) return true;
    if (status == DEMUCS_ERROR_CANCELLED)
        return !dmx_fail(error, status, "the separation of %s was cancelled", self->request.input);
    return !dmx_fail(error, status, "cannot separate %s: %s", self->request.input, why->message);
}

static bool allocate(track *self, demucs_error *error)
{
    const int sources = self->outputs.sources, channels = self->channels;
    bool *needed = dmx_alloc((size_t)sources, sizeof *needed);
    self->stems = dmx_alloc((size_t)(sources * channels), sizeof *self->stems);
    self->result = dmx_result_new(self->outputs.count);
    bool done = needed != NULL && self->stems != NULL && self->result != NULL;
    int count = 1;
    if (done) dmx_outputs_need(&self->outputs, needed);
    for (int source = 0; done && source < sources; source++) {
        count += needed[source];
        if (needed[source] && !dmx_engine_computes(self->engine, source))
            done = !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the engine was made without the stem %s",
                             demucs_model_source_name(self->engine->model, source));
    }
    if (done) self->blocks = dmx_planes_new(count * channels);
    self->input = self->blocks;
    float **next = self->blocks != NULL ? self->blocks + channels : NULL;
    for (int plane = 0; next != NULL && plane < sources * channels; plane++)
        if (needed[plane / channels]) self->stems[plane] = *next++;
    dmx_free(needed);
    return self->blocks != NULL || no_memory(self, error);
}

/* Read the next block of the mix and hand it to the separator, which takes what it has room for. */
static bool push(track *self, size_t *accepted, demucs_error *error)
{
    demucs_error why;
    demucs_separator *separator = self->engine->separator;
    const dmx_spool *mix = self->intake.mix;
    const uint64_t left = dmx_spool_frames(mix) - self->pushed;
    const size_t count = left < DMX_TRACK_BLOCK ? (size_t)left : DMX_TRACK_BLOCK;
    *accepted = 0;
    if (count > 0) {
        if (!dmx_spool_read(mix, self->pushed, self->input, count, error)) return false;
        demucs_status status =
            demucs_separator_push(separator, (const float *const *)self->input, count, accepted, &why);
        if (!passed(self, status, &why, error)) return false;
        self->pushed += *accepted;
    }
    if (self->pushed < dmx_spool_frames(mix) || self->finished) return true;
    self->finished = true;
    return passed(self, demucs_separator_finish(separator, &why), &why, error);
}

/* Take one block of finished stems, if there is one, to the outputs. */
static bool pull(track *self, size_t *frames, demucs_error *error)
{
    demucs_error why;
    *frames = 0;
    demucs_status status = demucs_separator_pull(self->engine->separator, self->stems, DMX_TRACK_BLOCK, frames, &why);
    if (!passed(self, status, &why, error)) return false;
    if (*frames == 0) return true;
    if (dmx_outputs_need_mix(&self->outputs) &&
        !dmx_spool_read(self->intake.mix, self->pulled, self->input, *frames, error))
        return false;
    self->pulled += *frames;
    return dmx_outputs_add(&self->outputs, (const float *const *)self->stems, (const float *const *)self->input,
                           *frames, error);
}

static bool stream(track *self, demucs_error *error)
{
    demucs_error why;
    const uint64_t total = dmx_spool_frames(self->intake.mix);
    demucs_status status = demucs_separator_begin(self->engine->separator, (size_t)total, &self->intake.loudness, &why);
    if (!passed(self, status, &why, error)) return false;
    size_t accepted, frames = 1;
    while (!self->finished || frames > 0) {
        if (!push(self, &accepted, error) || !pull(self, &frames, error)) return false;
        if (accepted == 0 && frames == 0 && !self->finished)
            return !dmx_fail(error, DEMUCS_ERROR_STATE, "cannot separate %s: the separator takes no more audio",
                             self->request.input);
    }
    return self->pulled == total ||
           !dmx_fail(error, DEMUCS_ERROR_STATE, "cannot separate %s: %llu of %llu frames came back",
                     self->request.input, (unsigned long long)self->pulled, (unsigned long long)total);
}

static bool separate(track *self, demucs_error *error)
{
    dmx_engine_take(self->engine, &self->watch, error);
    const bool done = dmx_watch_begin(&self->watch, DEMUCS_TRACKS_SEPARATE, error) && stream(self, error);
    dmx_engine_release(self->engine);
    return done;
}

/* ----------------------------------------------------------------------------------------------------- stages ---- */

/* The folder for the spools has to be there before the track is read. */
static bool make_folder(track *self, demucs_error *error)
{
    const demucs_tracks_request *request = &self->request;
    self->folder = request->targets != NULL ? dmx_path_parent(request->targets[0].path) : dmx_strdup(request->folder);
    if (self->folder == NULL) return no_memory(self, error);
    self->outputs.spool_place = (dmx_spool_place){request->spool_folder, self->folder};
    return dmx_folder_make(self->folder, &self->made_folders, error) == DEMUCS_OK;
}

static bool read_track(track *self, demucs_error *error)
{
    const dmx_intake_format format = {.channels = self->channels,
                                      .sample_rate_hz = self->outputs.sample_rate_hz,
                                      .spool_place = self->outputs.spool_place};
    if (!dmx_watch_begin(&self->watch, DEMUCS_TRACKS_READ, error) ||
        !dmx_intake_read(&self->intake, &format, &self->watch, error))
        return false;
    self->watch.track_seconds = (double)dmx_spool_frames(self->intake.mix) / format.sample_rate_hz;
    return true;
}

static bool write_files(track *self, demucs_error *error)
{
    if (!dmx_watch_begin(&self->watch, DEMUCS_TRACKS_WRITE, error)) return false;
    dmx_spool_free(self->intake.mix); /* its disk space may be needed */
    self->intake.mix = NULL;
    if (!dmx_outputs_commit(&self->outputs, error)) return false;
    dmx_watch_end(&self->watch);
    dmx_result_fill(self->result, &self->outputs, &self->intake, &self->watch);
    return true;
}

/* Everything between a plan and its files. */
static bool carry_out(track *self, demucs_error *error)
{
    return make_folder(self, error) && read_track(self, error) && allocate(self, error) &&
           dmx_outputs_open(&self->outputs, error) && separate(self, error) && write_files(self, error);
}

static bool plan(track *self, const demucs_tracks_request *given, demucs_error *error)
{
    if (!dmx_request_read(&self->request, given, error)) return false;
    if (self->request.engine == NULL || self->request.input == NULL || self->request.input[0] == '\0')
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the request has no %s",
                         self->request.engine == NULL ? "engine" : "input");
    self->engine = self->request.engine;
    self->watch.request = &self->request;
    self->channels = demucs_model_channels(self->engine->model);
    if (!dmx_request_suits(&self->request, self->engine->model, error) ||
        !dmx_outputs_plan(&self->outputs, &self->request, self->engine->model, error))
        return false;
    self->outputs.watch = &self->watch;
    return true;
}

static void release(track *self, bool done)
{
    dmx_outputs_discard(&self->outputs);
    dmx_spool_free(self->intake.mix);
    if (!done && self->folder != NULL) dmx_folder_unmake(self->folder, self->made_folders);
    dmx_free(self->folder);
    dmx_free(self->blocks);
    dmx_free(self->stems);
}

/* With a batch of its own where the caller has none. */
static bool claim_and_carry_out(track *self, demucs_error *error)
{
    demucs_tracks_batch *own = NULL, *batch = self->request.batch;
    const dmx_claimant claimant = {&self->request};
    if (batch == NULL && demucs_tracks_batch_create(&own, error) != DEMUCS_OK) return false;
    if (batch == NULL) batch = own;
    const bool done = dmx_outputs_claim(&self->outputs, batch, &claimant, error) && carry_out(self, error);
    dmx_batch_settle(batch, &claimant, done);
    demucs_tracks_batch_free(own);
    return done;
}

demucs_status demucs_tracks_separate(const demucs_tracks_request *request, demucs_tracks_result **result,
                                     demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    track self = {0};
    const bool done = plan(&self, request, &why) && claim_and_carry_out(&self, &why);
    release(&self, done);
    if (!done || result == NULL) demucs_tracks_result_free(self.result);
    if (result != NULL) *result = done ? self.result : NULL;
    if (!done && error != NULL) *error = why;
    return why.status;
}

void demucs_tracks_unlink_partial(void) { dmx_files_unlink_all(); }
