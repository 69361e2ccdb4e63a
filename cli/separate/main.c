/* main.c - `demucs`: separate tracks with the command line of the official program.
 *
 * The whole story: parse, gather the tracks, find and load the model, then the run of all tracks; a track that fails is
 * named and the next one begins. What tools may parse goes to stdout, in the official words; everything else to stderr.
 */
#define _XOPEN_SOURCE 700 /* realpath */

#include "base/error.h"
#include "base/folder.h"
#include "common/interrupt.h"
#include "common/model.h"
#include "common/output.h"
#include "common/say.h"
#include "common/settings_print.h"
#include "engine.h"
#include "folder.h"
#include "follow.h"
#include "gather.h"
#include "keeping.h"
#include "listing.h"
#include "options.h"
#include "pipes.h"
#include "presets.h"
#include "quality.h"
#include "video.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What all tracks of a run share. */
typedef struct run {
    const separate_options *options;
    demucs_tracks_request request;
    demucs_runs_list *list;
    int at_once;
    follow view;
    quality_check quality;
} run;

/* Make OUT/MODEL and announce it as the official program does. */
static bool announce(const char *folder, demucs_error *why)
{
    if (dmx_folder_make(folder, NULL, why) != DEMUCS_OK) return false;
    char *absolute = realpath(folder, NULL);
    say(stdout, "Separated tracks will be stored in %s", absolute != NULL ? absolute : folder);
    output_flush();
    free(absolute);
    return true;
}

/* A demucs_runs_event_fn; `user` is the run. */
static bool on_event(const demucs_runs_event *event, void *user)
{
    run *self = user;
    /* whoever closed the pipe wants no more, and to hear no more of it */
    if (pipes_reader_left(self->options)) return true;
    const bool stop = follow_event(event, &self->view);
    if (event->kind == DEMUCS_RUNS_EVENT_END && event->row->result != NULL)
        quality_take(&self->quality, event->row->path, self->request.stream, event->row->result);
    return stop;
}

/* Separate all tracks and say what became of them. False with a sentence when there was no run. */
static bool separate_all(run *self, int *status, demucs_error *why)
{
    const separate_options *options = self->options;
    demucs_run *all = NULL;
    demucs_runs_options how;
    follow *view = &self->view;
    demucs_runs_options_init(&how, sizeof how);
    how.at_once = self->at_once;
    how.event = on_event;
    how.event_user = self;
    how.summary = options->summary;
    how.timeout_seconds = options->timeout;
    how.model_name = options->name;
    if (!record_open(&view->record, options, self->list, self->request.batch, why)) return false;
    follow_begin(view, demucs_runs_list_count(self->list), how.at_once, options->progress);
    demucs_error end = {DEMUCS_OK, ""};
    bool done = demucs_run_create(&all, &self->request, self->list, &how, why) == DEMUCS_OK;
    view->run = all;
    if (done) demucs_run_separate(all, &end);
    follow_end(view);
    /* of tracks that exclude each other each was told, and none began */
    const bool told = end.status == DEMUCS_ERROR_ARGUMENT && demucs_run_tally(all, DEMUCS_RUNS_FAILED) > 0;
    *status = 1;
    if (done && !told) *status = follow_summarize(all);
    if (end.status == DEMUCS_ERROR_CANCELLED) *status = 1; /* by a signal, or whoever closed the pipe */
    if (!quality_close(&self->quality, why)) *status = 1;
    if (*status == 0 && options->strict_quality && self->quality.unusual_count > 0) *status = 3;
    if (!told && end.status != DEMUCS_ERROR_CANCELLED && end.status != DEMUCS_OK)
        done = !dmx_fail(why, end.status, "%s", end.message);
    done = record_close(&view->record, why) && done;
    demucs_run_free(all);
    return done;
}

static int run_all(separate_options *options)
{
    demucs_error why = {0};
    demucs_model *model = NULL;
    const bool open = pipes_open(options, &why), to_pipe = options->request.descriptor >= 0;
    char *path = NULL, *folder = video_folder(options);
    run self = {.options = options, .request = options->request};
    const model_request request = {
        .name = options->name, .repo = options->repo, .offline = options->offline, .fit = &options->fit};
    int status = 1;
    if (folder == NULL) folder = folder_of_model(options->request.folder, options->name);
    if (!to_pipe) self.request.folder = folder;
    if (open) device_announce(&self.view.device, options);
    if (open) self.list = gather_tracks(options, folder, &why);
    if (self.list == NULL || !pipes_suit(options, self.list, &why)) goto done;
    if (!keeping_open(&self.request, options, &why) || !model_open(&model, &path, &request, &why)) goto done;
    if (say_allows(SAY_DEBUG)) listing_describe(model, path);
    if (!listing_check_segment(options, model, &why)) goto done;
    listing_announce_bag(options, model, path);
    if (!listing_check_stem(options, model, &why)) goto done;
    if (demucs_tracks_check(&options->request, model, &why) != DEMUCS_OK) goto done;
    if (!to_pipe && !announce(folder, &why)) goto done;
    if (!engine_open(&self.request, options, model, self.list, &self.at_once, &why)) goto done;
    if (demucs_tracks_batch_create(&self.request.batch, &why) != DEMUCS_OK) goto done;
    if (!quality_open(&self.quality, options, &self.request, self.list, &why)) goto done;
    if (!separate_all(&self, &status, &why)) status = 1;
done:
    if (why.message[0] != '\0' && interrupt_signal() == 0) fprintf(stderr, "error: %s\n", why.message);
    if (why.message[0] != '\0' && interrupt_signal() != 0) follow_name_all(self.list);
    quality_discard(&self.quality);
    demucs_runs_list_free(self.list);
    demucs_tracks_batch_free(self.request.batch);
    demucs_cache_free(self.request.cache);
    demucs_engine_free(self.request.engine);
    demucs_model_free(model);
    free(path);
    free(folder);
    return status;
}

int main(int argc, char **argv)
{
    separate_options options;
    output_begin();
    arguments_result parsed = options_parse(&options, argc, argv);
    int status = parsed == ARGUMENTS_WRONG ? 2 : 0;
    if (parsed == ARGUMENTS_RUN) {
        atexit(demucs_tracks_unlink_partial);
        interrupt_install();
        if (options.list_presets)
            presets_print();
        else if (options.print_settings)
            settings_print(options.settings);
        else
            status = options.list_models ? listing_models(options.repo) : run_all(&options);
    }
    options_free(&options);
    return interrupt_end(pipes_end(&options, output_end(status)));
}
