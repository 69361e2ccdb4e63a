/* outputs.c - see outputs.h */
#include "outputs.h"

#include "common/interrupt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---------------------------------------------------------------------------------------------------- plan ---- */

bool outputs_wanted(const separate_options *options, const demucs_model *model, bool *wanted)
{
    /* the sum of the others needs them all */
    if (options->stem == NULL || strcmp(options->other_method, "add") == 0) return false;
    for (int source = 0; source < demucs_model_sources(model); source++)
        wanted[source] = strcmp(demucs_model_source_name(model, source), options->stem) == 0;
    return true;
}

/* The official program, too, lets the ending decide, so that --filename "{track}-{stem}.flac" needs no --flac. */
static bool choose_container(output *item, failure *why)
{
    const char *extension = paths_extension(item->path);
    if (strcasecmp(extension, "wav") == 0)
        item->container = AUDIO_WAV;
    else if (strcasecmp(extension, "flac") == 0)
        item->container = AUDIO_FLAC;
    else if (strcasecmp(extension, "mp3") == 0)
        item->container = AUDIO_MP3;
    else
        return fail(why, "cannot write %s: the name that --filename gives must end in .wav, .flac or .mp3", item->path);
    return true;
}

static bool claim(const outputs *self, const output *item, const char *track, path_claims *claims, failure *why)
{
    const char *owner = path_claims_add(claims, item->path, track);
    if (owner == track)
        return fail(why, "two stems of %s would be written to %s; put {stem} into --filename", track, item->path);
    if (owner != NULL && strcmp(owner, track) == 0) return fail(why, "the track %s was given twice", track);
    if (owner != NULL)
        return fail(why, "%s and %s would both be written to %s; separate them into different folders with --out",
                    owner, track, item->path);
    for (int i = 0; i < self->options->tracks_count; i++)
        if (paths_same_file(item->path, self->options->tracks[i]))
            return fail(why, "writing %s would overwrite the track %s; choose another --out or --filename", item->path,
                        self->options->tracks[i]);
    return true;
}

typedef struct plan {
    const char *folder, *track;
    path_claims *claims;
} plan;

static bool plan_one(outputs *self, const plan *plan_, output_kind kind, int source, const char *name, failure *why)
{
    const separate_options *options = self->options;
    const char *prefix = kind == OUTPUT_OTHERS ? "no_" : kind == OUTPUT_REST ? "minus_" : "";
    char *stem = memory_text("%s%s", prefix, name);
    const char *ext = options->mp3 ? "mp3" : options->flac ? "flac" : "wav";
    const path_names names = {.track = plan_->track, .stem = stem, .ext = ext};
    char *inside = paths_expand(options->filename, &names, why);
    free(stem);
    if (inside == NULL) return false;
    output *item = &self->items[self->count++];
    *item = (output){.kind = kind, .source = source};
    /* only a pattern can be absolute: a track called ".wav" must not lead to the root folder */
    item->path = options->filename[0] == '/' ? memory_text("%s", inside) : memory_text("%s/%s", plan_->folder, inside);
    free(inside);
    return choose_container(item, why) && claim(self, item, plan_->track, plan_->claims, why);
}

bool outputs_plan(outputs *self, const separate_options *options, const demucs_model *model, const char *folder,
                  const char *track, path_claims *claims, failure *why)
{
    const plan the_plan = {folder, track, claims};
    *self = (outputs){.options = options, .spool_folder = folder};
    self->sources = demucs_model_sources(model);
    self->channels = demucs_model_channels(model);
    self->sample_rate_hz = demucs_model_sample_rate_hz(model);
    self->items = memory_new((size_t)self->sources + 1, sizeof *self->items);
    bool done = true;
    for (int source = 0; done && source < self->sources; source++) {
        const char *name = demucs_model_source_name(model, source);
        if (options->stem != NULL && strcmp(options->stem, name) != 0) continue;
        done = plan_one(self, &the_plan, OUTPUT_STEM, source, name, why);
        if (!done || options->stem == NULL) continue;
        if (strcmp(options->other_method, "add") == 0)
            done = plan_one(self, &the_plan, OUTPUT_OTHERS, source, name, why);
        else if (strcmp(options->other_method, "minus") == 0)
            done = plan_one(self, &the_plan, OUTPUT_REST, source, name, why);
    }
    return done;
}

bool outputs_need_mix(const outputs *self)
{
    for (int i = 0; i < self->count; i++)
        if (self->items[i].kind == OUTPUT_REST) return true;
    return false;
}

/* -------------------------------------------------------------------------------------------------- writing ---- */

static bool open_writer(outputs *self, output *item, failure *why)
{
    const separate_options *options = self->options;
    audio_format format = {.container = item->container,
                           .sample = options->int24 ? AUDIO_INT24 : AUDIO_INT16,
                           .sample_rate_hz = self->sample_rate_hz,
                           .channels = self->channels,
                           .mp3_bitrate_kbps = (int)options->mp3_bitrate,
                           .mp3_quality = (int)options->mp3_preset};
    if (options->float32 && item->container == AUDIO_WAV) format.sample = AUDIO_FLOAT32;
    audio_error error;
    item->writer = audio_writer_open(item->path, &format, &error);
    return item->writer != NULL || fail(why, "%s", error.message);
}

bool outputs_open(outputs *self, failure *why)
{
    self->planes = memory_new((size_t)self->channels, sizeof *self->planes);
    for (int channel = 0; channel < self->channels; channel++)
        self->planes[channel] = memory_new(OUTPUTS_BLOCK, sizeof(float));
    for (int i = 0; i < self->count; i++) {
        output *item = &self->items[i];
        char *parent = paths_parent(item->path);
        bool done = paths_make_folder(parent, &item->made_folder, why);
        free(parent);
        if (done && strcmp(self->options->clip_mode, "rescale") == 0) {
            item->spool = spool_create(self->spool_folder, self->channels, why);
            done = item->spool != NULL;
        } else if (done) {
            done = open_writer(self, item, why);
        }
        if (!done) return false;
    }
    return true;
}

/* One channel of an output from the stems, summed in the official order: 0 + first + second ... */
static void mix_channel(const outputs *self, const output *item, const float *const *stems, const float *const *mix,
                        int channel, size_t frames, float *to)
{
    const float *own = stems[item->source * self->channels + channel];
    if (item->kind == OUTPUT_STEM) memcpy(to, own, frames * sizeof *to);
    if (item->kind == OUTPUT_REST)
        for (size_t i = 0; i < frames; i++) to[i] = mix[channel][i] - own[i];
    if (item->kind != OUTPUT_OTHERS) return;
    memset(to, 0, frames * sizeof *to);
    for (int source = 0; source < self->sources; source++) {
        const float *stem = stems[source * self->channels + channel];
        if (source == item->source) continue;
        for (size_t i = 0; i < frames; i++) to[i] += stem[i];
    }
}

static void clamp(float *samples, size_t frames)
{
    for (size_t i = 0; i < frames; i++) {
        if (samples[i] > 0.99F) samples[i] = 0.99F;
        if (samples[i] < -0.99F) samples[i] = -0.99F;
    }
}

static bool write_block(output *item, float *const *planes, size_t frames, failure *why)
{
    audio_error error;
    return audio_writer_write(item->writer, (const float *const *)planes, frames, &error) ||
           fail(why, "%s", error.message);
}

bool outputs_add(outputs *self, const float *const *stems, const float *const *mix, size_t frames, failure *why)
{
    bool clamps = strcmp(self->options->clip_mode, "clamp") == 0, done = true;
    for (int i = 0; done && i < self->count; i++) {
        output *item = &self->items[i];
        for (int channel = 0; channel < self->channels; channel++) {
            mix_channel(self, item, stems, mix, channel, frames, self->planes[channel]);
            if (clamps) clamp(self->planes[channel], frames);
        }
        done = item->spool != NULL ? spool_append(item->spool, (const float *const *)self->planes, frames, why)
                                   : write_block(item, self->planes, frames, why);
    }
    return done;
}

/* Write a spooled stem, divided by max(1.01 * peak, 1), in float32 as torch does it. */
static bool write_rescaled(outputs *self, output *item, failure *why)
{
    float divisor = 1.01F * spool_peak(item->spool);
    uint64_t frames = spool_frames(item->spool);
    for (uint64_t first = 0; first < frames; first += OUTPUTS_BLOCK) {
        size_t count = frames - first < OUTPUTS_BLOCK ? (size_t)(frames - first) : OUTPUTS_BLOCK;
        if (interrupt_signal() != 0) return fail(why, "interrupted");
        if (!spool_read(item->spool, first, self->planes, count, why)) return false;
        for (int channel = 0; divisor > 1 && channel < self->channels; channel++)
            for (size_t i = 0; i < count; i++) self->planes[channel][i] /= divisor;
        if (!write_block(item, self->planes, count, why)) return false;
    }
    return true;
}

bool outputs_commit(outputs *self, failure *why)
{
    for (int i = 0; i < self->count; i++) {
        output *item = &self->items[i];
        if (item->spool == NULL) continue;
        if (!open_writer(self, item, why) || !write_rescaled(self, item, why)) return false;
        spool_free(item->spool); /* its disk space may be needed by the next */
        item->spool = NULL;
    }
    audio_error error;
    for (int i = 0; i < self->count; i++)
        if (!audio_writer_finish(self->items[i].writer, &error)) return fail(why, "%s", error.message);
    /* all samples are on the disk: what is left are the names */
    for (int i = 0; i < self->count; i++) {
        output *item = &self->items[i];
        item->committed = audio_writer_close(item->writer, &error);
        item->writer = NULL;
        if (!item->committed) return fail(why, "%s", error.message);
    }
    return true;
}

void outputs_discard(outputs *self)
{
    bool complete = self->count > 0;
    for (int i = 0; i < self->count; i++) complete = complete && self->items[i].committed;
    for (int i = self->count - 1; i >= 0; i--) {
        output *item = &self->items[i];
        spool_free(item->spool);
        audio_writer_abort(item->writer);
        if (!complete && item->committed) unlink(item->path);
        if (!complete && item->made_folder) {
            char *parent = paths_parent(item->path);
            rmdir(parent); /* keeps what is not empty */
            free(parent);
        }
        free(item->path);
    }
    for (int channel = 0; self->planes != NULL && channel < self->channels; channel++) free(self->planes[channel]);
    free(self->planes);
    free(self->items);
    *self = (outputs){0};
}
