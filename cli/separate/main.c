/* main.c - `demucs`: separate tracks with the command line of the official program.
 *
 * The whole story: parse, find and load the model, then one track after the other; a track that fails is named and the
 * next one begins. What tools may parse goes to stdout, in the official words; everything else to stderr. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "base/folder.h"
#include "common/interrupt.h"
#include "common/model.h"
#include "common/precision.h"
#include "common/progress.h"
#include "folder.h"
#include "listing.h"
#include "options.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What became of the tracks. */
typedef struct tally {
    const char **failed; /* [tracks] names */
    int failed_count, done;
} tally;

/* What all tracks of a run share. */
typedef struct run {
    const separate_options *options;
    demucs_tracks_request request; /* of the next track */
    progress progress;
} run;

/* With --two-stems and a method that needs no other stem, work that only serves others is left out. */
static void choose_stems(const demucs_model *model, const demucs_tracks_request *request, demucs_options *settings,
                         bool *wanted)
{
    if (request->stem == NULL || request->other == DEMUCS_TRACKS_OTHER_ADD) return;
    wanted[demucs_model_find_source(model, request->stem)] = true;
    settings->wanted = wanted;
}

static bool create_engine(run *self, const demucs_model *model, failure *why)
{
    const separate_options *options = self->options;
    demucs_options settings = options->engine;
    demucs_error error;
    bool *wanted = memory_new((size_t)demucs_model_sources(model), sizeof *wanted);
    choose_stems(model, &options->request, &settings, wanted);
    bool done = demucs_tracks_engine_create(&self->request.engine, model, &settings, &error) == DEMUCS_OK ||
                fail(why, "%s", error.message);
    free(wanted);
    if (!done) return false;
    const demucs_separator *separator = demucs_tracks_engine_separator(self->request.engine);
    const demucs_precision precision = demucs_separator_precision(separator);
    if (options->verbose)
        fprintf(stderr, "CPU level %s, precision %s, %.1f MB of memory\n", demucs_separator_cpu(separator),
                precision_name(precision), (double)demucs_separator_memory_bytes(separator) / 1e6);
    if (precision != settings.precision)
        fprintf(stderr, "note: CPU level %s has no bfloat16: --precision %s computes as %s.\n",
                demucs_separator_cpu(separator), options->precision, precision_name(precision));
    return true;
}

/* The tracks of this run may not overwrite one another, nor the files that another of them becomes. */
static bool create_batch(run *self, failure *why)
{
    demucs_error error;
    demucs_status status = demucs_tracks_batch_create(&self->request.batch, &error);
    for (int i = 0; status == DEMUCS_OK && i < self->options->tracks_count; i++)
        status = demucs_tracks_batch_protect(self->request.batch, self->options->tracks[i], &error);
    return status == DEMUCS_OK || fail(why, "%s", error.message);
}

/* Make OUT/MODEL and announce it as the official program does. */
static bool announce(const char *folder, failure *why)
{
    demucs_error error = {DEMUCS_OK, ""};
    if (dmx_folder_make(folder, NULL, &error) != DEMUCS_OK) return fail(why, "%s", error.message);
    char *absolute = realpath(folder, NULL);
    printf("Separated tracks will be stored in %s\n", absolute != NULL ? absolute : folder);
    free(absolute);
    return true;
}

static bool separate_track(run *self, const char *track, failure *why)
{
    demucs_error error;
    self->request.input = track;
    progress_begin(&self->progress);
    const bool done = demucs_tracks_separate(&self->request, NULL, &error) == DEMUCS_OK;
    progress_end(&self->progress, done);
    return done || fail(why, "%s", error.message);
}

static void separate_one(run *self, const char *track, tally *result)
{
    failure why = {""};
    bool done = false;
    if (access(track, F_OK) != 0) {
        fail(&why,
             "File %s does not exist. If the path contains spaces, please try again after surrounding the entire path "
             "with quotes \"\".",
             track);
    } else {
        printf("Separating track %s\n", track);
        done = separate_track(self, track, &why);
    }
    if (done)
        result->done++;
    else if (interrupt_signal() == 0) {
        fprintf(stderr, "error: %s\n", why.text);
        result->failed[result->failed_count++] = track;
    }
}

/* Say at the end what is missing, since the messages may have scrolled away. Returns the exit status. */
static int summarize(const separate_options *options, const tally *result)
{
    int tried = result->done + result->failed_count;
    if (result->failed_count > 0 && options->tracks_count > 1) {
        fprintf(stderr, "%d of %d tracks failed:\n", result->failed_count, options->tracks_count);
        for (int i = 0; i < result->failed_count; i++) fprintf(stderr, "    %s\n", result->failed[i]);
    }
    if (interrupt_signal() == 0) return result->failed_count > 0;
    if (tried < options->tracks_count) fprintf(stderr, "Interrupted. Not separated:\n");
    for (int i = tried; i < options->tracks_count; i++) fprintf(stderr, "    %s\n", options->tracks[i]);
    return interrupt_exit_status();
}

static int separate_all(run *self)
{
    const separate_options *options = self->options;
    tally result = {.failed = memory_new((size_t)options->tracks_count, sizeof *result.failed)};
    for (int i = 0; i < options->tracks_count && interrupt_signal() == 0; i++)
        separate_one(self, options->tracks[i], &result);
    int status = summarize(options, &result);
    free(result.failed);
    return status;
}

static int run_all(const separate_options *options)
{
    failure why = {""};
    demucs_model *model = NULL;
    char *path = NULL, *folder = folder_of_model(options->out, options->name);
    run self = {.options = options, .request = options->request};
    const model_request request = {.name = options->name, .repo = options->repo, .offline = options->offline};
    int status = 1;
    self.request.folder = folder;
    self.request.event = progress_event;
    self.request.event_user = &self.progress;
    if (!model_open(&model, &path, &request, &why)) goto done;
    if (options->verbose) listing_describe(model, path);
    if (!listing_check(options, model, &why)) goto done;
    listing_announce_bag(options, model, path);
    if (!announce(folder, &why) || !create_engine(&self, model, &why) || !create_batch(&self, &why)) goto done;
    status = separate_all(&self);
done:
    if (why.text[0] != '\0' && interrupt_signal() == 0) fprintf(stderr, "error: %s\n", why.text);
    if (why.text[0] != '\0' && interrupt_signal() != 0) status = summarize(options, &(tally){0});
    demucs_tracks_batch_free(self.request.batch);
    demucs_tracks_engine_free(self.request.engine);
    demucs_model_free(model);
    free(path);
    free(folder);
    return status;
}

/* A program that is started with stdout closed would get its number for the first file it opens, and write its messages
 * into a stem. */
static void fill_standard_files(void)
{
    int file = open("/dev/null", O_RDWR);
    while (file >= 0 && file <= STDERR_FILENO) file = dup(file);
    if (file > STDERR_FILENO) close(file);
}

int main(int argc, char **argv)
{
    separate_options options;
    fill_standard_files();
    setvbuf(stdout, NULL, _IOLBF, 0); /* whoever reads along through a pipe sees each message when it is due */
    arguments_result parsed = options_parse(&options, argc, argv);
    int status = parsed == ARGUMENTS_WRONG ? 2 : 0;
    if (parsed == ARGUMENTS_RUN) {
        atexit(demucs_tracks_unlink_partial);
        interrupt_install(demucs_tracks_unlink_partial);
        status = options.list_models ? listing_models(options.repo) : run_all(&options);
    }
    options_free(&options);
    return status;
}
