/* track.c - see track.h
 *
 *     track -> intake -> spool of the mix -> separator -> outputs -> files
 *
 * Every arrow carries one block at a time: a long track takes disk space, not memory. */
#include "track.h"

#include "common/interrupt.h"
#include "intake.h"
#include "outputs.h"

#include <stdlib.h>

typedef struct run {
    batch *batch;
    const char *track;
    int channels, planes_count; /* planes_count = sources * channels */
    spool *mix;
    demucs_loudness loudness;
    outputs outputs;
    float **input; /* [channels] planes of OUTPUTS_BLOCK frames */
    float **stems; /* [sources * channels]; NULL for stems that nobody wants */
    uint64_t pushed, pulled;
    bool finished;
} run;

static bool passed(const run *self, demucs_status status, const demucs_error *error, failure *why)
{
    if (status == DEMUCS_OK) return true;
    if (status == DEMUCS_ERROR_CANCELLED) return fail(why, "interrupted");
    return fail(why, "cannot separate %s: %s", self->track, error->message);
}

static void allocate(run *self)
{
    const demucs_model *model = self->batch->model;
    int sources = demucs_model_sources(model);
    bool *wanted = memory_new((size_t)sources, sizeof *wanted);
    bool some = outputs_wanted(self->batch->options, model, wanted);
    self->planes_count = sources * self->channels;
    self->input = memory_new((size_t)self->channels, sizeof *self->input);
    self->stems = memory_new((size_t)self->planes_count, sizeof *self->stems);
    for (int i = 0; i < self->channels; i++) self->input[i] = memory_new(OUTPUTS_BLOCK, sizeof(float));
    for (int i = 0; i < self->planes_count; i++)
        if (!some || wanted[i / self->channels]) self->stems[i] = memory_new(OUTPUTS_BLOCK, sizeof(float));
    free(wanted);
}

/* Read the next block of the mix and hand it to the separator, which takes what it has room for. */
static bool push(run *self, size_t *accepted, failure *why)
{
    demucs_error error;
    uint64_t left = spool_frames(self->mix) - self->pushed;
    size_t count = left < OUTPUTS_BLOCK ? (size_t)left : OUTPUTS_BLOCK;
    *accepted = 0;
    if (count > 0) {
        if (!spool_read(self->mix, self->pushed, self->input, count, why)) return false;
        demucs_status status =
            demucs_separator_push(self->batch->separator, (const float *const *)self->input, count, accepted, &error);
        if (!passed(self, status, &error, why)) return false;
        self->pushed += *accepted;
    }
    if (self->pushed < spool_frames(self->mix) || self->finished) return true;
    self->finished = true;
    return passed(self, demucs_separator_finish(self->batch->separator, &error), &error, why);
}

/* Take one block of finished stems, if there is one, to the outputs. */
static bool pull(run *self, size_t *frames, failure *why)
{
    demucs_error error;
    *frames = 0;
    demucs_status status = demucs_separator_pull(self->batch->separator, self->stems, OUTPUTS_BLOCK, frames, &error);
    if (!passed(self, status, &error, why)) return false;
    if (*frames == 0) return true;
    if (outputs_need_mix(&self->outputs) && !spool_read(self->mix, self->pulled, self->input, *frames, why))
        return false;
    self->pulled += *frames;
    return outputs_add(&self->outputs, (const float *const *)self->stems, (const float *const *)self->input, *frames,
                       why);
}

static bool separate(run *self, failure *why)
{
    demucs_error error;
    uint64_t total = spool_frames(self->mix);
    demucs_status status = demucs_separator_begin(self->batch->separator, (size_t)total, &self->loudness, &error);
    if (!passed(self, status, &error, why)) return false;
    size_t accepted, frames = 1;
    while (!self->finished || frames > 0) {
        if (!push(self, &accepted, why) || !pull(self, &frames, why)) return false;
        if (accepted == 0 && frames == 0 && !self->finished)
            return fail(why, "cannot separate %s: the separator takes no more audio", self->track);
    }
    return self->pulled == total || fail(why, "cannot separate %s: %llu of %llu frames came back", self->track,
                                         (unsigned long long)self->pulled, (unsigned long long)total);
}

static void release(run *self)
{
    demucs_separator_reset(self->batch->separator);
    outputs_discard(&self->outputs);
    spool_free(self->mix);
    for (int i = 0; self->input != NULL && i < self->channels; i++) free(self->input[i]);
    for (int i = 0; self->stems != NULL && i < self->planes_count; i++) free(self->stems[i]);
    free(self->input);
    free(self->stems);
}

/* Everything between a plan and its files. */
static bool carry_out(run *self, failure *why)
{
    batch *shared = self->batch;
    const intake_format format = {.channels = self->channels,
                                  .sample_rate_hz = demucs_model_sample_rate_hz(shared->model),
                                  .stream = (int)shared->options->stream,
                                  .spool_folder = shared->folder};
    bar_phase(&shared->progress.bar, "reading");
    self->mix = intake_read(self->track, &format, &self->loudness, why);
    if (self->mix == NULL) return false;
    allocate(self);
    progress_begin(&shared->progress, (double)spool_frames(self->mix) / format.sample_rate_hz);
    if (!outputs_open(&self->outputs, why) || !separate(self, why)) return false;
    bar_phase(&shared->progress.bar, "writing");
    spool_free(self->mix); /* its disk space may be needed */
    self->mix = NULL;
    return outputs_commit(&self->outputs, why);
}

bool track_separate(batch *self, const char *track, failure *why)
{
    run track_run = {.batch = self, .track = track, .channels = demucs_model_channels(self->model)};
    int claimed = self->claims.count;
    progress_begin(&self->progress, 0);
    bool done = outputs_plan(&track_run.outputs, self->options, self->model, self->folder, track, &self->claims, why) &&
                carry_out(&track_run, why);
    progress_end(&self->progress, done);
    if (!done) path_claims_shrink(&self->claims, claimed); /* another track may have those paths */
    release(&track_run);
    return done;
}
