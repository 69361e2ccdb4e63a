/* main.c - `demucs`: separate tracks with the command line of the official program.
 *
 * The whole story: parse, find and load the model, then one track after the other; a track that fails is named and the
 * next one begins. What tools may parse goes to stdout, in the official words; everything else to stderr. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "audio/audio.h"
#include "base/file.h"
#include "common/interrupt.h"
#include "common/model.h"
#include "common/precision.h"
#include "listing.h"
#include "options.h"
#include "outputs.h"
#include "track.h"

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

static bool create_separator(batch *self, failure *why)
{
    const separate_options *options = self->options;
    demucs_options settings;
    demucs_error error;
    bool *wanted = memory_new((size_t)demucs_model_sources(self->model), sizeof *wanted);
    demucs_default_options(&settings);
    settings.threads = (int)options->threads;
    settings.jobs = (int)options->jobs;
    settings.shifts = (int)options->shifts;
    settings.overlap = options->overlap;
    settings.segment_seconds = options->segment;
    settings.split = !options->no_split;
    settings.seed = (uint64_t)options->seed;
    settings.precision = precision_of(options->precision);
    settings.wanted = outputs_wanted(options, self->model, wanted) ? wanted : NULL;
    settings.progress = progress_report;
    settings.progress_user = &self->progress;
    bool done = demucs_separator_create(&self->separator, self->model, &settings, &error) == DEMUCS_OK ||
                fail(why, "%s", error.message);
    free(wanted);
    if (done && options->verbose)
        fprintf(stderr, "CPU level %s, precision %s, %.1f MB of memory\n", demucs_separator_cpu(self->separator),
                precision_name(demucs_separator_precision(self->separator)),
                (double)demucs_separator_memory_bytes(self->separator) / 1e6);
    if (done && demucs_separator_precision(self->separator) != settings.precision)
        fprintf(stderr, "note: CPU level %s has no bfloat16: --precision %s computes as %s.\n",
                demucs_separator_cpu(self->separator), options->precision,
                precision_name(demucs_separator_precision(self->separator)));
    return done;
}

/* Make OUT/MODEL and announce it as the official program does. */
static bool announce(const batch *self, failure *why)
{
    if (!paths_make_folder(self->folder, NULL, why)) return false;
    char *absolute = realpath(self->folder, NULL);
    printf("Separated tracks will be stored in %s\n", absolute != NULL ? absolute : self->folder);
    free(absolute);
    return true;
}

static void separate_one(batch *self, const char *track, tally *result)
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
        done = track_separate(self, track, &why);
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

static int separate_all(batch *self)
{
    const separate_options *options = self->options;
    tally result = {.failed = memory_new((size_t)options->tracks_count, sizeof *result.failed)};
    for (int i = 0; i < options->tracks_count && interrupt_signal() == 0; i++)
        separate_one(self, options->tracks[i], &result);
    int status = summarize(options, &result);
    free(result.failed);
    return status;
}

static int run(const separate_options *options)
{
    failure why = {""};
    demucs_model *model = NULL;
    char *path = NULL, *folder = paths_model_folder(options->out, options->name);
    batch self = {.options = options, .folder = folder};
    const model_request request = {.name = options->name, .repo = options->repo, .offline = options->offline};
    int status = 1;
    if (!model_open(&model, &path, &request, &why)) goto done;
    self.model = model;
    if (options->verbose) listing_describe(model, path);
    if (!listing_check(options, model, &why)) goto done;
    listing_announce_bag(options, model, path);
    if (!announce(&self, &why) || !create_separator(&self, &why)) goto done;
    status = separate_all(&self);
done:
    if (why.text[0] != '\0' && interrupt_signal() == 0) fprintf(stderr, "error: %s\n", why.text);
    if (why.text[0] != '\0' && interrupt_signal() != 0) status = summarize(options, &(tally){0});
    path_claims_shrink(&self.claims, 0);
    demucs_separator_free(self.separator);
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
        atexit(dmx_files_unlink_all);
        interrupt_install(dmx_files_unlink_all);
        status = options.list_models ? listing_models(options.repo) : run(&options);
    }
    options_free(&options);
    return status;
}
