/* main.c - `demucs`: separate tracks with the command line of the official program.
 *
 * The whole story: parse, find and load the model, then one track after the other; a track that fails is named and the
 * next one begins. What tools may parse goes to stdout, in the official words; everything else to stderr. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "base/error.h"
#include "base/folder.h"
#include "common/interrupt.h"
#include "common/memory.h"
#include "common/model.h"
#include "common/output.h"
#include "common/precision.h"
#include "common/progress.h"
#include "common/say.h"
#include "common/settings_print.h"
#include "folder.h"
#include "given.h"
#include "keeping.h"
#include "listing.h"
#include "options.h"
#include "presets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What became of the tracks. */
typedef struct tally {
    const char **failed; /* [tracks] names */
    int failed_count, done;
    demucs_tracks_result **flawed; /* [tracks] of those that are damaged or not complete */
    int flawed_count;
} tally;

/* What all tracks of a run share. */
typedef struct run {
    const separate_options *options;
    demucs_tracks_request request; /* of the next track */
    progress progress;
} run;

static void announce_engine(const run *self, size_t bytes)
{
    const separate_options *options = self->options;
    const demucs_engine *engine = self->request.engine;
    const char *precision = precision_name(demucs_engine_precision(engine));
    if (options->verbose)
        fprintf(stderr, "CPU level %s, precision %s, %.1f MB of memory\n", demucs_engine_cpu(engine), precision,
                (double)bytes / 1e6);
    if (demucs_engine_precision(engine) != options->engine.precision)
        fprintf(stderr, "note: CPU level %s has no bfloat16: --precision %s computes as %s.\n",
                demucs_engine_cpu(engine), precision_name(options->engine.precision), precision);
}

/* What is wrong with the options, or too large for the memory, is found once and not with each track: by a stream like
 * theirs. */
static bool try_stream(run *self, const bool *wanted, size_t *bytes, demucs_error *why)
{
    demucs_stream *stream = NULL;
    demucs_stream_options options = self->options->separation;
    options.wanted = wanted;
    bool done = demucs_stream_create(&stream, self->request.engine, &options, why) == DEMUCS_OK;
    *bytes = demucs_engine_memory_bytes(self->request.engine) + demucs_stream_memory_bytes(stream);
    demucs_stream_free(stream);
    return done;
}

/* Segments of an unsplit track that can run at the same time: the shifts of the members that count for a stem that is
 * wanted (NULL: all). More jobs would only take memory. */
static int unsplit_segments(const demucs_model *model, const bool *wanted, int shifts)
{
    int members = 0;
    for (int member = 0; member < demucs_model_members(model); member++) {
        demucs_member_info info = {.struct_size = sizeof info};
        bool counts = false;
        if (demucs_model_member_info(model, member, &info, NULL) != DEMUCS_OK) continue;
        for (int source = 0; source < demucs_model_sources(model); source++)
            counts = counts || (info.weights[source] != 0 && (wanted == NULL || wanted[source]));
        members += counts;
    }
    return members * (shifts > 0 ? shifts : 1);
}

static bool create_engine(run *self, const demucs_model *model, const bool *wanted, demucs_error *why)
{
    demucs_engine_options options = self->options->engine;
    size_t bytes;
    if (demucs_engine_create(&self->request.engine, model, &options, why) != DEMUCS_OK) return false;
    const int most = unsplit_segments(model, wanted, self->options->separation.shifts);
    if (!self->options->separation.split && demucs_engine_jobs(self->request.engine) > most) {
        demucs_engine_free(self->request.engine);
        options.jobs = most;
        if (demucs_engine_create(&self->request.engine, model, &options, why) != DEMUCS_OK) return false;
    }
    if (!try_stream(self, wanted, &bytes, why)) return false;
    announce_engine(self, bytes);
    return true;
}

/* Work that only serves stems that no file needs is left out. */
static bool prepare_engine(run *self, const demucs_model *model, demucs_error *why)
{
    bool *needed = memory_new((size_t)demucs_model_sources(model), sizeof *needed);
    const bool done = demucs_tracks_needs(&self->options->request, model, needed, why) == DEMUCS_OK &&
                      create_engine(self, model, needed, why);
    free(needed);
    return done;
}

/* The tracks of this run may not overwrite one another, nor the files that another of them becomes. */
static bool create_batch(run *self, demucs_error *why)
{
    demucs_status status = demucs_tracks_batch_create(&self->request.batch, why);
    for (int i = 0; status == DEMUCS_OK && i < self->options->tracks_count; i++)
        status = demucs_tracks_batch_protect(self->request.batch, self->options->tracks[i], why);
    return status == DEMUCS_OK;
}

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

/* In the official words, and the path as Python writes it: without "." and what is more than one slash. */
static void announce_track(const char *track)
{
    char *path = memory_text("%s", track), *to = path;
    const char *at = track;
    if (*at == '/') *to++ = '/';
    while (*at != '\0') {
        const size_t length = strcspn(at, "/");
        if (length > 0 && !(length == 1 && *at == '.')) {
            if (to > path && to[-1] != '/') *to++ = '/';
            memmove(to, at, length);
            to += length;
        }
        at += length;
        at += strspn(at, "/");
    }
    *to = '\0';
    say(stdout, "Separating track %s", path[0] != '\0' ? path : ".");
    output_flush();
    free(path);
}

/* Whether a warning is about the track itself, and to be said once more in the end. */
static bool is_flaw(const demucs_tracks_warning *warning)
{
    return warning->kind == DEMUCS_TRACKS_EVENT_DAMAGED || warning->kind == DEMUCS_TRACKS_EVENT_NOT_FINITE ||
           warning->kind == DEMUCS_TRACKS_EVENT_SHORT;
}

static bool separate_track(run *self, const char *track, tally *all, demucs_error *why)
{
    demucs_tracks_result *result = NULL;
    self->request.input = track;
    progress_begin(&self->progress);
    const bool done = demucs_tracks_separate(&self->request, &result, why) == DEMUCS_OK;
    progress_end(&self->progress, done && result->outcome == DEMUCS_TRACKS_COMPUTED);
    if (done) keeping_tell(result);
    bool flawed = false;
    for (size_t i = 0; done && i < result->warnings_count; i++) flawed = flawed || is_flaw(result->warnings[i]);
    if (flawed)
        all->flawed[all->flawed_count++] = result;
    else
        demucs_tracks_result_free(result);
    return done;
}

static void separate_one(run *self, const char *track, tally *result)
{
    demucs_error why = {0};
    bool done = false;
    const bool there = access(track, F_OK) == 0;
    if (!there && errno != ENOENT && errno != ENOTDIR) {
        char reason[DMX_REASON];
        dmx_fail(&why, DEMUCS_ERROR_IO, "cannot read %s: %s", track, dmx_reason(reason, errno));
    } else if (!there) {
        dmx_fail(
            &why, DEMUCS_ERROR_ARGUMENT,
            "File %s does not exist. If the path contains spaces, please try again after surrounding the entire path "
            "with quotes \"\".",
            track);
    } else {
        announce_track(track);
        done = separate_track(self, track, result, &why);
    }
    if (done)
        result->done++;
    else if (interrupt_signal() == 0) {
        fprintf(stderr, "error: %s\n", why.message);
        result->failed[result->failed_count++] = track;
    }
}

/* Which of many tracks are not what they should be, though they were separated. */
static void name_flawed(const separate_options *options, const tally *result)
{
    if (result->flawed_count > 0 && options->tracks_count > 1)
        fprintf(stderr, "%d of %d tracks %s damaged or not complete:\n", result->flawed_count, options->tracks_count,
                result->flawed_count == 1 ? "is" : "are");
    for (int i = 0; i < result->flawed_count; i++) {
        const demucs_tracks_result *track = result->flawed[i];
        for (size_t w = 0; options->tracks_count > 1 && w < track->warnings_count; w++)
            if (is_flaw(track->warnings[w])) fprintf(stderr, "    %s\n", track->warnings[w]->text);
    }
}

/* Say at the end what is missing, since the messages may have scrolled away. Returns the exit status. */
static int summarize(const separate_options *options, const tally *result)
{
    int tried = result->done + result->failed_count;
    name_flawed(options, result);
    if (result->failed_count > 0 && options->tracks_count > 1) {
        fprintf(stderr, "%d of %d tracks failed:\n", result->failed_count, options->tracks_count);
        for (int i = 0; i < result->failed_count; i++) say(stderr, "    %s", result->failed[i]);
    }
    const int missing = interrupt_signal() != 0 ? options->tracks_count - tried : 0;
    if (missing > 0) fprintf(stderr, "Interrupted. Not separated:\n");
    for (int i = 0; i < missing; i++) say(stderr, "    %s", options->tracks[tried + i]);
    return result->failed_count > 0;
}

static int separate_all(run *self)
{
    const separate_options *options = self->options;
    const size_t count = (size_t)options->tracks_count;
    tally result = {.failed = memory_new(count, sizeof *result.failed),
                    .flawed = memory_new(count, sizeof *result.flawed)};
    for (int i = 0; i < options->tracks_count && interrupt_signal() == 0; i++)
        separate_one(self, options->tracks[i], &result);
    int status = summarize(options, &result);
    for (int i = 0; i < result.flawed_count; i++) demucs_tracks_result_free(result.flawed[i]);
    free(result.flawed);
    free(result.failed);
    return status;
}

static int run_all(separate_options *options)
{
    demucs_error why = {0};
    demucs_model *model = NULL;
    char *path = NULL, *folder = folder_of_model(options->request.folder, options->name);
    run self = {.options = options, .request = options->request};
    self.progress.words = strcmp(options->progress, "plain") == 0;
    const model_request request = {.name = options->name, .repo = options->repo, .offline = options->offline};
    int status = 1;
    given_once(options);
    self.request.folder = folder;
    self.request.event = progress_event;
    self.request.event_user = &self.progress;
    if (!keeping_open(&self.request, options, &why) || !model_open(&model, &path, &request, &why)) goto done;
    if (options->verbose) listing_describe(model, path);
    if (!listing_check_segment(options, model, &why)) goto done;
    listing_announce_bag(options, model, path);
    if (!listing_check_stem(options, model, &why)) goto done;
    if (demucs_tracks_check(&options->request, model, &why) != DEMUCS_OK) goto done;
    if (!announce(folder, &why) || !prepare_engine(&self, model, &why) || !create_batch(&self, &why)) goto done;
    if (given_reserve(options, &self.request)) status = separate_all(&self);
done:
    if (why.message[0] != '\0' && interrupt_signal() == 0) fprintf(stderr, "error: %s\n", why.message);
    if (why.message[0] != '\0' && interrupt_signal() != 0) summarize(options, &(tally){0});
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
    return interrupt_end(output_end(status));
}
