/* track.c - demucs_tracks_separate: one file becomes its stems' files.
 *
 *     track -> intake -> spool of the mix -> separation -> outputs -> files
 *
 * Every arrow carries one block at a time: a long track takes disk space, not memory. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/folder.h"
#include "tracks/budget.h"
#include "tracks/collision.h"
#include "tracks/existing.h"
#include "tracks/intake.h"
#include "tracks/outputs.h"
#include "tracks/paths.h"
#include "tracks/recall.h"
#include "tracks/request.h"
#include "tracks/result.h"
#include "tracks/separation.h"
#include "tracks/video/video.h"

#include <string.h>

typedef struct track {
    demucs_tracks_request request;
    dmx_watch watch;
    dmx_intake intake;
    dmx_separation separation;
    dmx_outputs outputs;
    dmx_recall recall;
    dmx_video video;
    char *folder; /* of the spools */
    dmx_spool_place spool_place;
    demucs_tracks_result *result;
} track;

static bool no_memory(const track *self, demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to separate %s", self->watch.track);
}

/* Spools lie in request.folder, or in that of the first target, unless the caller or the environment says otherwise. */
static bool find_spool_place(track *self, demucs_error *error)
{
    const demucs_tracks_request *request = &self->request;
    self->folder = request->targets != NULL ? dmx_path_parent(request->targets[0].path) : dmx_strdup(request->folder);
    self->spool_place = (dmx_spool_place){.chosen = request->spool_folder, .folder = self->folder};
    self->outputs.spool_place = &self->spool_place;
    return self->folder != NULL || no_memory(self, error);
}

static bool read_track(track *self, demucs_error *error)
{
    const dmx_intake_format format = {.channels = self->outputs.channels,
                                      .sample_rate_hz = self->outputs.sample_rate_hz,
                                      .outputs = &self->outputs,
                                      .spool_place = &self->spool_place};
    if (!dmx_watch_begin(&self->watch, DEMUCS_TRACKS_READ, error) ||
        !dmx_intake_read(&self->intake, &format, &self->watch, error))
        return false;
    self->outputs.input = self->intake.input;
    self->outputs.frames = dmx_spool_frames(self->intake.mix);
    self->outputs.input_frames = self->intake.frames;
    const double seconds = (double)dmx_spool_frames(self->intake.mix) / format.sample_rate_hz;
    if (!dmx_carried_tags(self->intake.tags, seconds, &self->outputs, &self->watch, error)) return false;
    self->watch.track_seconds = seconds;
    if (self->request.video != NULL && !dmx_video_hear(&self->video, self->intake.mix, &self->outputs, error))
        return false;
    return dmx_budget_allows(&self->outputs, dmx_spool_frames(self->intake.mix), true, error);
}

/* Figures above their limits are told while the caller can still refuse the files. */
static bool tell_outliers(track *self, const demucs_quality *quality, demucs_error *error)
{
    for (size_t i = 0; quality != NULL && i < quality->outliers_count; i++) {
        const demucs_quality_outlier *outlier = quality->outliers[i];
        const demucs_tracks_event event = {
            .kind = DEMUCS_TRACKS_EVENT_OUTLIER, .path = self->request.input, .count = 1, .outlier = outlier};
        if (!dmx_watch_warn(&self->watch, event, error, "%s", outlier->text)) return false;
    }
    return true;
}

static bool separate(track *self, demucs_error *error)
{
    if (!dmx_watch_begin(&self->watch, DEMUCS_TRACKS_SEPARATE, error) ||
        !dmx_separation_run(&self->separation, &self->intake, &self->outputs, error))
        return false;
    demucs_quality *quality = dmx_separation_quality(&self->separation);
    dmx_result_set_quality(self->result, quality);
    dmx_separation_end(&self->separation);
    return tell_outliers(self, quality, error);
}

static bool write_files(track *self, demucs_error *error)
{
    if (!dmx_watch_begin(&self->watch, DEMUCS_TRACKS_WRITE, error)) return false;
    dmx_spool_free(self->intake.mix); /* its disk space may be needed */
    self->intake.mix = NULL;
    if (!dmx_carried_warn(&self->outputs, &self->watch, error)) return false;
    if (self->request.video != NULL ? !dmx_video_commit(&self->video, &self->outputs, error)
                                    : !dmx_outputs_commit(&self->outputs, error))
        return false;
    dmx_watch_end(&self->watch);
    dmx_recall_keep(&self->recall, &self->intake, &self->outputs, &self->watch);
    dmx_result_set_input_sum(self->result, self->recall.key.input);
    dmx_result_fill(self->result, &self->outputs, &self->intake, &self->watch);
    return true;
}

/* What can be known to fail is tried before the track is read. */
static bool compute(track *self, demucs_error *error)
{
    if (self->request.video != NULL && !dmx_video_open(&self->video, &self->outputs, error)) return false;
    return dmx_separation_begin(&self->separation, &self->request, &self->outputs, &self->watch, error) &&
           find_spool_place(self, error) && dmx_outputs_try(&self->outputs, error) && read_track(self, error) &&
           dmx_outputs_open(&self->outputs, error) && separate(self, error) && write_files(self, error);
}

/* The files are there, without having been computed. */
static bool found(track *self, demucs_tracks_outcome outcome)
{
    dmx_watch_end(&self->watch);
    self->result->outcome = outcome;
    self->result->computed_unix = self->recall.computed_unix;
    dmx_result_set_input_sum(self->result, self->recall.key.input);
    dmx_result_fill(self->result, &self->outputs, &self->intake, &self->watch);
    for (int i = 0; i < self->outputs.count; i++) self->outputs.items[i].committed = true;
    return true;
}

/* Everything between a plan and its files. */
static bool carry_out(track *self, demucs_error *error)
{
    bool there = false;
    self->result = dmx_result_new(self->outputs.count);
    if (self->result == NULL) return no_memory(self, error);
    const bool looks = self->request.skip_existing && !dmx_pour_wanted(&self->request);
    if (looks && !dmx_existing_find(&self->outputs, &self->watch, &there, error)) return false;
    if (there) return found(self, DEMUCS_TRACKS_SKIPPED);
    if (!dmx_recall_begin(&self->recall, &self->intake, &self->outputs, &self->watch, &there, error)) return false;
    return there ? found(self, DEMUCS_TRACKS_CACHED) : compute(self, error);
}

static bool prepare(track *self, const demucs_tracks_request *given, demucs_error *error)
{
    if (!dmx_request_read(&self->request, given, error)) return false;
    if (self->request.engine == NULL || self->request.input == NULL || self->request.input[0] == '\0')
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the request has no %s",
                         self->request.engine == NULL ? "engine" : "input");
    const demucs_model *model = demucs_engine_model(self->request.engine);
    dmx_watch_init(&self->watch, &self->request);
    return dmx_request_suits(&self->request, model, error);
}

static void release(track *self, bool done)
{
    dmx_separation_end(&self->separation);
    dmx_recall_end(&self->recall);
    dmx_outputs_discard(&self->outputs);
    dmx_video_close(&self->video);
    dmx_spool_free(self->intake.mix);
    dmx_spool_free(self->intake.input);
    dmx_carried_free_tags(self->intake.tags);
    dmx_watch_clear(&self->watch);
    if (!done && self->folder != NULL) dmx_folder_unmake(self->folder, self->spool_place.made);
    dmx_free(self->folder);
}

/* The result of a track that is left out, or still to come. */
static bool plan_result(track *self, demucs_error *error)
{
    self->result = dmx_result_new(self->outputs.count);
    if (self->result == NULL) return no_memory(self, error);
    dmx_result_plan(self->result, &self->outputs, &self->watch);
    return true;
}

/* With a batch of its own where the caller has none. */
static bool claim_and_carry_out(track *self, demucs_error *error)
{
    demucs_tracks_batch *own = NULL, *batch = self->request.batch;
    dmx_claimant claimant = {.request = &self->request};
    if (batch == NULL && demucs_tracks_batch_create(&own, error) != DEMUCS_OK) return false;
    if (batch == NULL) batch = own;
    bool done = dmx_outputs_claim(&self->outputs, batch, &claimant, &self->watch, error);
    self->outputs.watch = &self->watch;
    if (done) done = self->outputs.count == 0 ? plan_result(self, error) : carry_out(self, error);
    dmx_batch_settle(batch, &claimant, done);
    demucs_tracks_batch_free(own);
    return done;
}

/* Keep the paths for later. */
static bool reserve(track *self, demucs_error *error)
{
    dmx_claimant claimant = {.request = &self->request};
    if (self->request.batch == NULL)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the request has no batch to reserve its paths in");
    const bool done = dmx_outputs_reserve(&self->outputs, self->request.batch, &claimant, &self->watch, error) &&
                      plan_result(self, error);
    dmx_batch_settle(self->request.batch, &claimant, false);
    return done;
}

static demucs_status run(const demucs_tracks_request *request, bool (*act)(track *, demucs_error *),
                         demucs_tracks_result **result, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    track self = {0};
    const bool done = prepare(&self, request, &why) && act(&self, &why);
    release(&self, done);
    if (!done || result == NULL) demucs_tracks_result_free(self.result);
    if (result != NULL) *result = done ? self.result : NULL;
    if (error != NULL) *error = why;
    return why.status;
}

demucs_status demucs_tracks_separate(const demucs_tracks_request *request, demucs_tracks_result **result,
                                     demucs_error *error)
{
    return run(request, claim_and_carry_out, result, error);
}

demucs_status demucs_tracks_reserve(const demucs_tracks_request *request, demucs_tracks_result **result,
                                    demucs_error *error)
{
    return run(request, reserve, result, error);
}

demucs_status demucs_tracks_cache_key(const demucs_tracks_request *request, char key[65], demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    dmx_key made = {0};
    track self = {0};
    demucs_tracks_request silent;
    dmx_error_clear(error);
    if (key == NULL) return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no place to store the key");
    key[0] = '\0';
    if (prepare(&self, request, &why) &&
        dmx_outputs_plan(&self.outputs, &self.request, demucs_engine_model(self.request.engine), 1, &why)) {
        silent = self.request; /* nothing is under way of which there would be something to tell */
        silent.event = NULL;
        self.watch.request = &silent;
        if (dmx_key_make(&made, &self.outputs, &self.watch, &why)) memcpy(key, made.sum, sizeof made.sum);
    }
    dmx_free(made.text);
    release(&self, true);
    return why.status == DEMUCS_OK ? DEMUCS_OK : dmx_fail(error, why.status, "%s", why.message);
}

void demucs_tracks_unlink_partial(void) { dmx_files_unlink_all(); }
