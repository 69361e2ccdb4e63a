/* outputs.c - see outputs.h */
#include "tracks/outputs.h"

#include "base/alloc.h"
#include "base/folder.h"
#include "base/target.h"
#include "tracks/blend.h"
#include "tracks/paths.h"
#include "tracks/planes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MAX_ATTEMPTS = 10 };

audio_sample dmx_output_sample(const dmx_outputs *self, const dmx_output *item)
{
    const bool holds_floats = item->container == DEMUCS_TRACKS_WAV || item->container == DEMUCS_TRACKS_AIFF;
    const demucs_tracks_sample asked =
        self->sample == DEMUCS_TRACKS_FLOAT32 && !holds_floats ? self->for_floats : self->sample;
    static const audio_sample samples[] = {[DEMUCS_TRACKS_INT16] = AUDIO_INT16,
                                           [DEMUCS_TRACKS_INT24] = AUDIO_INT24,
                                           [DEMUCS_TRACKS_FLOAT32] = AUDIO_FLOAT32};
    return samples[asked];
}

bool dmx_output_make_folder(dmx_output *item, demucs_error *error)
{
    int made;
    if (item->folder == NULL) item->folder = dmx_path_parent(item->path);
    if (item->folder == NULL) return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for a path");
    if (dmx_folder_make(item->folder, &made, error) != DEMUCS_OK) return false;
    if (made > item->made_folders) item->made_folders = made;
    return true;
}

/* Open the file, in its folder, which a track that failed may have made and be removing just now: then once more. */
bool dmx_output_open_writer(dmx_outputs *self, dmx_output *item, demucs_error *error)
{
    const audio_format format = {.container = dmx_audio_container(item->container),
                                 .sample = dmx_output_sample(self, item),
                                 .sample_rate_hz = item->sample_rate_hz,
                                 .bitrate_kbps = self->request->bitrate_kbps,
                                 .nearest = self->request->sum_to_mix,
                                 .channels = item->channels,
                                 .mp3_bitrate_kbps = self->request->mp3_bitrate_kbps,
                                 .mp3_quality = self->request->mp3_quality};
    demucs_error why = {DEMUCS_OK, ""};
    item->kept = (audio_kept){.rate = self->keeps_rate, .tags = self->tags, .title = item->title};
    for (int attempt = 0; attempt < MAX_ATTEMPTS && item->writer == NULL; attempt++) {
        dmx_error_clear(&why);
        const bool pours = dmx_pour_wanted(self->request);
        if (pours && item->folder == NULL) item->folder = dmx_strdup(dmx_spool_place_folder(self->spool_place));
        if (pours)
            item->writer = dmx_pour_open(self->spool_place, &format, &item->kept, &why);
        else if (dmx_output_make_folder(item, &why))
            item->writer = audio_writer_open_with(item->path, &format, &item->kept, &why);
        if (item->folder == NULL || access(item->folder, F_OK) == 0) break;
    }
    if (item->writer != NULL && item->kind == DEMUCS_TRACKS_STEMS)
        return audio_writer_describe_stems(item->writer, self->manifest, error);
    return item->writer != NULL || !dmx_fail(error, why.status, "%s", why.message);
}

/* How many frames the file will have. */
static uint64_t expected_frames(const dmx_outputs *self, const dmx_output *item)
{
    if (item->spool != NULL) return dmx_spool_frames(item->spool);
    if (item->sample_rate_hz == self->sample_rate_hz) return self->frames;
    return (self->request->keep & DEMUCS_TRACKS_KEEP_RATE) != 0
               ? demucs_resampled_frames(self->input_frames, self->file_rate_hz, item->sample_rate_hz)
               : demucs_resampled_frames(self->frames, self->sample_rate_hz, item->sample_rate_hz);
}

/* The same for good. */
static bool begin_writer(dmx_outputs *self, dmx_output *item, demucs_error *error)
{
    if (!dmx_output_open_writer(self, item, error)) return false;
    if (!dmx_pour_wanted(self->request)) return true;
    item->pour = &self->pour;
    return dmx_pour_begin(item->pour, item->writer, dmx_audio_container(item->container), expected_frames(self, item),
                          self->watch, error);
}

bool dmx_outputs_try(dmx_outputs *self, demucs_error *error)
{
    for (int i = 0; i < self->count; i++) {
        const char *path = self->items[i].path;
        char reason[DMX_REASON];
        if (!dmx_output_open_writer(self, &self->items[i], error)) return false;
        /* temporary names are cut to what fits, so this one alone may be too long */
        if (access(path, F_OK) != 0 && errno == ENAMETOOLONG)
            return !dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot write: %s", dmx_reason(reason, ENAMETOOLONG));
        audio_writer_abort(self->items[i].writer);
        self->items[i].writer = NULL;
    }
    return true;
}

static bool write_block(dmx_output *item, const float *const *planes, size_t frames, demucs_error *error)
{
    for (int channel = 0; channel < item->channels; channel++) dmx_meter_add(&item->meter, planes[channel], frames);
    return audio_writer_write(item->writer, planes, frames, error) &&
           (item->pour == NULL || dmx_pour_on(item->pour, item->writer, error));
}

/* A dmx_resampling_fn: what a file gets, at its rate. */
static bool take(void *user, const float *const *planes, size_t frames, demucs_error *error)
{
    dmx_output *item = user;
    return item->spool != NULL ? dmx_spool_append(item->spool, planes, frames, error)
                               : write_block(item, planes, frames, error);
}

/* Begin a file whose rate is another than the model's. */
static bool open_resampling(dmx_outputs *self, dmx_output *item, demucs_error *error)
{
    if (item->sample_rate_hz == self->sample_rate_hz || self->together != NULL) return true;
    item->resampling =
        dmx_resampling_create(item->channels, item->sample_rate_hz, self->watch->track, take, item, error);
    if (item->resampling == NULL) return false;
    if ((self->request->keep & DEMUCS_TRACKS_KEEP_RATE) != 0)
        dmx_resampling_expect(item->resampling, expected_frames(self, item));
    return dmx_resampling_set_rate(item->resampling, self->sample_rate_hz, error);
}

/* All stems have come: hand on what the resampling holds back. */
static bool end_resampling(dmx_resampling **resampling, demucs_error *error)
{
    const bool done = *resampling == NULL || dmx_resampling_finish(*resampling, error);
    dmx_resampling_free(*resampling);
    *resampling = NULL;
    return done;
}

/* A dmx_together_fn: blocks of all files. */
static bool take_together(void *user, const float *const *planes, size_t frames, demucs_error *error)
{
    dmx_outputs *self = user;
    for (int i = 0; i < self->count; i++)
        if (!take(&self->items[i], planes + i * self->channels, frames, error)) return false;
    return true;
}

static bool open_together(dmx_outputs *self, demucs_error *error)
{
    static const double steps[] = {
        [AUDIO_INT16] = 1.0 / (1 << 15), [AUDIO_INT24] = 1.0 / (1 << 23), [AUDIO_FLOAT32] = 0};
    const dmx_together_format format = {.files = self->count,
                                        .channels = self->channels,
                                        .sample_rate_hz = self->sample_rate_hz,
                                        .step = steps[dmx_output_sample(self, self->items)],
                                        .waits = dmx_outputs_wait(self),
                                        .input = self->input,
                                        .input_rate_hz = self->file_rate_hz,
                                        .track = self->watch->track,
                                        .take = take_together,
                                        .user = self};
    self->together = dmx_together_create(&format, error);
    return self->together != NULL;
}

bool dmx_outputs_wait(const dmx_outputs *self)
{
    return self->request->clip == DEMUCS_TRACKS_CLIP_RESCALE || self->request->clip == DEMUCS_TRACKS_CLIP_COMMON;
}

bool dmx_outputs_open(dmx_outputs *self, demucs_error *error)
{
    int widest = self->channels;
    for (int i = 0; i < self->count; i++)
        if (self->items[i].channels > widest) widest = self->items[i].channels;
    self->planes = dmx_planes_new(widest);
    if (self->planes == NULL) return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to write the stems");
    if (self->request->sum_to_mix && !open_together(self, error)) return false;
    for (int i = 0; i < self->count; i++) {
        dmx_output *item = &self->items[i];
        if (!open_resampling(self, item, error)) return false;
        if (!dmx_outputs_wait(self)) {
            if (!begin_writer(self, item, error)) return false;
            continue;
        }
        if (!dmx_output_make_folder(item, error)) return false; /* now, since it may be impossible */
        item->spool = dmx_spool_create(self->spool_place, item->channels, error);
        if (item->spool == NULL) return false;
    }
    return true;
}

static bool pass_on(dmx_output *item, const float *const *planes, size_t frames, demucs_error *error)
{
    return item->resampling != NULL ? dmx_resampling_push(item->resampling, planes, frames, error)
                                    : take(item, planes, frames, error);
}

/* The same for files that add up to the mix. */
static bool add_together(dmx_outputs *self, const float *const *stems, const float *const *mix, size_t frames,
                         demucs_error *error)
{
    for (int i = 0; i < self->count; i++)
        for (int channel = 0; channel < self->channels; channel++)
            dmx_blend(self->together->planes[i * self->channels + channel], frames, self->items[i].weights,
                      mix[channel], stems + channel, self->sources, self->channels);
    return dmx_together_add(self->together, mix, frames, error);
}

/* The samples of a file, into `planes`. */
static void blend(dmx_outputs *self, dmx_output *item, const float *const *stems, const float *const *mix,
                  size_t frames)
{
    for (int part = 0; part < item->parts; part++)
        for (int channel = 0; channel < self->channels; channel++)
            dmx_blend(self->planes[part * self->file_channels + channel], frames, dmx_output_weights(self, item, part),
                      mix[channel], stems + channel, self->sources, self->channels);
    if (self->file_channels < self->channels) dmx_blend_to_mono(self->planes, self->channels, frames);
    for (int plane = 0; self->request->clip == DEMUCS_TRACKS_CLIP_CLAMP && plane < item->channels; plane++)
        item->clamped += dmx_blend_clamp(self->planes[plane], frames);
}

bool dmx_outputs_add(dmx_outputs *self, const float *const *stems, const float *const *mix, size_t frames,
                     demucs_error *error)
{
    bool done = true;
    if (self->together != NULL) return add_together(self, stems, mix, frames, error);
    for (int i = 0; done && i < self->count; i++) {
        blend(self, &self->items[i], stems, mix, frames);
        done = pass_on(&self->items[i], (const float *const *)self->planes, frames, error);
    }
    return done;
}

/* ------------------------------------------------------------------------------------------------- the end ---- */

/* What each file is divided by: max(1.01 * peak, 1), of its own peak or of the highest. */
static void find_divisors(dmx_outputs *self)
{
    float peak = 0;
    for (int i = 0; i < self->count; i++) {
        const float own = self->items[i].spool != NULL ? dmx_spool_peak(self->items[i].spool) : 0;
        if (own > peak) peak = own;
        self->items[i].divisor = 1.01F * own > 1 ? 1.01F * own : 1;
    }
    for (int i = 0; self->request->clip == DEMUCS_TRACKS_CLIP_COMMON && i < self->count; i++)
        self->items[i].divisor = 1.01F * peak > 1 ? 1.01F * peak : 1;
}

/* Write a spooled stem, divided in float32 as torch does it. `before` frames of `total` of all files are written. */
static bool write_rescaled(dmx_outputs *self, dmx_output *item, uint64_t before, uint64_t total, demucs_error *error)
{
    const float divisor = item->divisor;
    const uint64_t frames = dmx_spool_frames(item->spool);
    for (uint64_t first = 0; first < frames; first += DMX_TRACK_BLOCK) {
        const size_t count = frames - first < DMX_TRACK_BLOCK ? (size_t)(frames - first) : DMX_TRACK_BLOCK;
        if (!dmx_watch_progress(self->watch, before + first, total, NULL, error) ||
            !dmx_spool_read(item->spool, first, self->planes, count, error))
            return false;
        for (int channel = 0; divisor > 1 && channel < item->channels; channel++)
            for (size_t i = 0; i < count; i++) self->planes[channel][i] /= divisor;
        if (!write_block(item, (const float *const *)self->planes, count, error)) return false;
    }
    return true;
}

/* Write the spooled files of a sum, all at once, since each rounds off what the one before left. */
static bool write_together(dmx_outputs *self, demucs_error *error)
{
    const uint64_t frames = dmx_spool_frames(self->items[0].spool);
    for (int i = 0; i < self->count; i++)
        if (!begin_writer(self, &self->items[i], error)) return false;
    for (uint64_t first = 0; first < frames; first += DMX_TRACK_BLOCK) {
        const size_t count = frames - first < DMX_TRACK_BLOCK ? (size_t)(frames - first) : DMX_TRACK_BLOCK;
        if (!dmx_watch_progress(self->watch, first, frames, NULL, error)) return false;
        for (int i = 0; i < self->count; i++)
            if (!dmx_spool_read(self->items[i].spool, first, self->together->sum->planes + i * self->channels, count,
                                error))
                return false;
        dmx_together_round(self->together, (double)self->items[0].divisor, count);
        for (int i = 0; i < self->count; i++)
            if (!write_block(&self->items[i], (const float *const *)self->together->sum->planes + i * self->channels,
                             count, error))
                return false;
    }
    return true;
}

static bool write_spools(dmx_outputs *self, demucs_error *error)
{
    uint64_t before = 0, total = 0;
    find_divisors(self);
    if (self->together != NULL) return !dmx_outputs_wait(self) || write_together(self, error);
    for (int i = 0; i < self->count; i++)
        total += self->items[i].spool != NULL ? dmx_spool_frames(self->items[i].spool) : 0;
    for (int i = 0; i < self->count; i++) {
        dmx_output *item = &self->items[i];
        if (item->spool == NULL) continue;
        if (!begin_writer(self, item, error) || !write_rescaled(self, item, before, total, error)) return false;
        before += dmx_spool_frames(item->spool);
        dmx_spool_free(item->spool); /* its disk space may be needed by the next */
        item->spool = NULL;
    }
    return true;
}

uint64_t dmx_outputs_clipped(const dmx_outputs *self, const dmx_output *item)
{
    const bool keeps = dmx_output_sample(self, item) == AUDIO_FLOAT32;
    return item->clamped + (keeps ? 0 : item->meter.beyond);
}

bool dmx_outputs_warn(dmx_outputs *self, demucs_error *error)
{
    for (int i = 0; i < self->count; i++) {
        const dmx_output *item = &self->items[i];
        const uint64_t clipped = dmx_outputs_clipped(self, item);
        char shown[DMX_SHOWN_PATH];
        const demucs_tracks_event event = {.kind = DEMUCS_TRACKS_EVENT_CLIPPED, .path = item->path, .count = clipped};
        if (clipped > 0 &&
            !dmx_watch_warn(self->watch, event, error, "%llu samples of %s were too loud and were cut off.",
                            (unsigned long long)clipped, dmx_printable_path(shown, item->path)))
            return false;
    }
    return true;
}

/* Whether a file of this track has appeared under that path already: its name differs from another's in a way that the
 * file system does not see. */
static bool is_written(const dmx_outputs *self, const char *path)
{
    for (int i = 0; i < self->count; i++)
        if (self->items[i].committed && dmx_path_same_file(self->items[i].path, path)) return true;
    return false;
}

bool dmx_outputs_commit(dmx_outputs *self, demucs_error *error)
{
    if (self->together != NULL && !dmx_together_finish(self->together, error)) return false;
    for (int i = 0; i < self->count; i++)
        if (!end_resampling(&self->items[i].resampling, error)) return false;
    if (!write_spools(self, error)) return false;
    for (int i = 0; i < self->count && !dmx_pour_wanted(self->request); i++)
        if (!audio_writer_finish(self->items[i].writer, error)) return false;
    if (!dmx_outputs_warn(self, error)) return false;
    /* all samples are on the disk: what is left are the names */
    for (int i = 0; i < self->count; i++) {
        dmx_output *item = &self->items[i];
        if (is_written(self, item->path))
            return !dmx_refuse(item->path, error, DEMUCS_ERROR_ARGUMENT,
                               "two files of %s would be written here; give each a path of its own",
                               self->watch->track);
        item->committed = item->pour != NULL ? dmx_pour_end(item->pour, item->writer, error)
                                             : audio_writer_close(item->writer, error);
        item->writer = NULL;
        if (!item->committed) return false;
    }
    return true;
}

void dmx_outputs_discard(dmx_outputs *self)
{
    bool complete = self->count > 0;
    for (int i = 0; i < self->count; i++) complete = complete && self->items[i].committed;
    for (int i = self->count - 1; i >= 0; i--) {
        dmx_output *item = &self->items[i];
        dmx_spool_free(item->spool);
        dmx_resampling_free(item->resampling);
        audio_writer_abort(item->writer);
        if (!complete && item->committed) dmx_target_remove(item->path);
        if (!complete && item->folder != NULL) dmx_folder_unmake(item->folder, item->made_folders);
        dmx_free(item->folder);
        dmx_free(item->weights);
        dmx_free(item->name);
        dmx_free(item->title);
        dmx_free(item->path);
    }
    dmx_together_free(self->together);
    dmx_free(self->planes);
    dmx_free(self->manifest);
    dmx_free(self->items);
    *self = (dmx_outputs){0};
}
