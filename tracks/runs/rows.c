/* rows.c - see rows.h and demucs_runs.h */
#include "tracks/runs/rows.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/options.h"
#include "tracks/paths.h"
#include "tracks/request.h"

#include <stdio.h>
#include <string.h>

/* ----------------------------------------------------------------------------------------------------- telling ---- */

bool dmx_runs_stopped(const demucs_run *self)
{
    return atomic_load(&self->stopped) || demucs_tracks_cancel_is_set(self->request.cancel);
}

static void tell(dmx_runs_track *track, demucs_runs_event event)
{
    demucs_run *run = track->run;
    event.index = (size_t)(track - run->tracks);
    event.row = &track->row;
    if (run->options.event == NULL) return;
    pthread_mutex_lock(&run->lock);
    if (run->options.event(&event, run->options.event_user)) atomic_store(&run->stopped, true);
    pthread_mutex_unlock(&run->lock);
}

void dmx_runs_tell(dmx_runs_track *track, demucs_runs_event_kind kind, const demucs_tracks_event *event)
{
    tell(track, (demucs_runs_event){.kind = kind, .track = event});
}

void dmx_runs_tell_fewer(dmx_runs_track *track)
{
    char text[DMX_SHOWN_PATH + 160], shown[DMX_SHOWN_PATH];
    snprintf(text, sizeof text,
             "there was not enough memory for %s beside the others: fewer tracks are separated at once from here on",
             dmx_printable_path(shown, track->row.path));
    tell(track, (demucs_runs_event){.kind = DEMUCS_RUNS_EVENT_FEWER, .text = text});
}

static bool on_event(const demucs_tracks_event *event, void *user)
{
    dmx_runs_track *track = user;
    const double limit = track->run->options.timeout_seconds;
    if (event->kind == DEMUCS_TRACKS_EVENT_PHASE && event->phase == DEMUCS_TRACKS_SEPARATE)
        track->network = dmx_clock_seconds();
    dmx_runs_tell(track, DEMUCS_RUNS_EVENT_TRACK, event);
    track->late = limit > 0 && track->start > 0 && dmx_clock_seconds() - track->start > limit;
    return track->late || dmx_runs_stopped(track->run);
}

demucs_tracks_request dmx_runs_request(dmx_runs_track *track)
{
    demucs_tracks_request request = track->run->request;
    request.input = track->row.path;
    request.folder = track->output;
    request.event = on_event;
    request.event_user = track;
    return request;
}

void dmx_runs_close(dmx_runs_track *track, demucs_runs_outcome outcome, demucs_status status, const char *reason)
{
    track->row.outcome = outcome;
    track->row.status = status;
    if (reason != NULL) track->row.reason = dmx_strdup(reason); /* without memory a row has none */
    if (outcome != DEMUCS_RUNS_CANCELLED) dmx_runs_tell(track, DEMUCS_RUNS_EVENT_END, NULL);
}

/* ------------------------------------------------------------------------------------------- create and look at ----
 */

static demucs_runs_options defaults(void)
{
    return (demucs_runs_options){.struct_size = sizeof(demucs_runs_options), .at_once = 1};
}

void demucs_runs_options_init(demucs_runs_options *options, size_t struct_size)
{
    const demucs_runs_options all = defaults();
    dmx_options_give(options, struct_size, &all, sizeof all);
}

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the tracks of a run");
}

static bool read_options(demucs_run *self, const demucs_runs_options *given, demucs_error *error)
{
    self->options = defaults();
    if (given != NULL && !dmx_options_take(&self->options, sizeof self->options, given, given->struct_size))
        return !dmx_options_unknown("demucs_runs_options_init", error);
    if (self->options.at_once < 1 || self->options.at_once > DMX_RUNS_AT_ONCE)
        return !dmx_options_range(error, "at_once", self->options.at_once, "from 1 to 64");
    if (!(self->options.timeout_seconds >= 0))
        return !dmx_options_range(error, "timeout_seconds", self->options.timeout_seconds, "0 or more");
    return true;
}

static bool read_request(demucs_run *self, const demucs_tracks_request *given, demucs_error *error)
{
    if (!dmx_request_read(&self->request, given, error)) return false;
    if (self->request.engine == NULL) return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the request has no engine");
    if (self->request.targets != NULL)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                         "the targets of a request are the files of one track: a run needs a folder and a pattern");
    return true;
}

static bool copy_item(dmx_runs_track *track, const demucs_runs_item *item, const char *folder)
{
    track->row.path = dmx_strdup(item->path);
    track->row.folder = dmx_strdup(item->folder);
    track->problem = item->problem != NULL ? dmx_strdup(item->problem) : NULL;
    track->output = item->folder[0] != '\0' ? dmx_path_print("%s/%s", folder, item->folder) : dmx_strdup(folder);
    return track->row.path != NULL && track->row.folder != NULL && track->output != NULL &&
           (track->problem != NULL) == (item->problem != NULL);
}

static bool copy_list(demucs_run *self, const demucs_runs_list *list, demucs_error *error)
{
    const size_t count = demucs_runs_list_count(list);
    self->tracks = dmx_alloc(count, sizeof *self->tracks);
    if (self->tracks == NULL) return no_memory(error);
    for (self->count = 0; self->count < count;) {
        dmx_runs_track *track = &self->tracks[self->count++];
        track->run = self;
        if (!copy_item(track, demucs_runs_list_at(list, self->count - 1), self->request.folder))
            return no_memory(error);
    }
    return true;
}

/* The tracks of this run may not overwrite one another, nor the files that another of them becomes. */
static bool protect(demucs_run *self, demucs_error *error)
{
    if (self->request.batch == NULL) {
        if (demucs_tracks_batch_create(&self->batch, error) != DEMUCS_OK) return false;
        self->request.batch = self->batch;
    }
    demucs_status status = DEMUCS_OK;
    for (size_t i = 0; status == DEMUCS_OK && i < self->count; i++)
        if (self->tracks[i].problem == NULL)
            status = demucs_tracks_batch_protect(self->request.batch, self->tracks[i].row.path, error);
    return status == DEMUCS_OK;
}

static bool create_locks(demucs_run *self)
{
    if (pthread_mutex_init(&self->lock, NULL) != 0) return false;
    if (pthread_mutex_init(&self->turn, NULL) == 0) return true;
    pthread_mutex_destroy(&self->lock);
    return false;
}

demucs_status demucs_run_create(demucs_run **run, const demucs_tracks_request *request, const demucs_runs_list *list,
                                const demucs_runs_options *options, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    demucs_run *self = NULL;
    if (run == NULL || list == NULL)
        dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, run == NULL ? "there is no place to store the run" : "there is no list");
    else if ((self = dmx_alloc(1, sizeof *self)) == NULL || !create_locks(self)) {
        dmx_free(self);
        self = NULL;
        no_memory(&why);
    } else if (!read_options(self, options, &why) || !read_request(self, request, &why) ||
               (self->options.summary != NULL &&
                demucs_runs_list_check_target(list, self->options.summary, &why) != DEMUCS_OK) ||
               !copy_list(self, list, &why) || !protect(self, &why)) {
        demucs_run_free(self);
        self = NULL;
    }
    if (run != NULL) *run = self;
    if (error != NULL) *error = why;
    return why.status;
}

void demucs_run_free(demucs_run *run)
{
    if (run == NULL) return;
    for (size_t i = 0; i < run->count; i++) {
        dmx_runs_track *track = &run->tracks[i];
        demucs_tracks_result_free((demucs_tracks_result *)track->row.result);
        dmx_free((char *)track->row.path);
        dmx_free((char *)track->row.folder);
        dmx_free((char *)track->row.reason);
        dmx_free(track->output);
        dmx_free(track->problem);
    }
    demucs_tracks_batch_free(run->batch);
    pthread_mutex_destroy(&run->lock);
    pthread_mutex_destroy(&run->turn);
    dmx_free(run->tracks);
    dmx_free(run);
}

size_t demucs_run_count(const demucs_run *run) { return run != NULL ? run->count : 0; }

const demucs_runs_row *demucs_run_row(const demucs_run *run, size_t index)
{
    return run != NULL && index < run->count ? &run->tracks[index].row : NULL;
}

size_t demucs_run_tally(const demucs_run *run, demucs_runs_outcome outcome)
{
    size_t found = 0;
    for (size_t i = 0; run != NULL && i < run->count; i++) found += run->tracks[i].row.outcome == outcome;
    return found;
}
