/* intake.c - see intake.h */
#include "tracks/intake.h"

#include "audio/audio.h"
#include "base/alloc.h"
#include "tracks/budget.h"
#include "tracks/planes.h"
#include "tracks/resampling.h"

#include <math.h>

typedef struct reading {
    const char *track; /* as sentences show it */
    int channels;      /* of the model */
    int file_channels; /* of the part under way, as is the rate */
    int sample_rate_hz;
    audio_reader *reader;
    dmx_resampling *resampling;
    dmx_resampling *keeping; /* to out->input; NULL where nobody needs that */
    float **read;            /* [file_channels] planes of a block: as decoded */
    const float **mapped;    /* [channels] where in `read` each channel of the model is */
    const float **from;      /* [channels] the same, where what is taken of a block begins */
    uint64_t skip, left;     /* frames of the part's rate before the section that is asked for, and in it */
    uint64_t skipped;        /* so far */
    size_t damaged_before;   /* places, before the section */
    dmx_watch *watch;
    dmx_intake *out;
    audio_stop stop;
    audio_scratch scratch; /* of a pipe: beside the spool */
    bool stopped;          /* the caller wants it no more, and why_stopped says so */
    demucs_error why_stopped;
} reading;

/* Of so many frames of the file, those in the section. */
static uint64_t in_section(const reading *self, uint64_t frames)
{
    const uint64_t before = self->skip + self->skipped,
                   wanted = self->left == UINT64_MAX ? self->left : self->left + self->out->frames;
    const uint64_t there = frames > before ? frames - before : 0;
    return there < wanted ? there : wanted;
}

/* Whether the caller wants the track still; asked wherever reading may take long: per block, per block that the
 * resampler makes of one, and while a pipe has nothing. */
static bool is_wanted(reading *self)
{
    const uint64_t expected = self->reader != NULL ? in_section(self, audio_reader_expected_frames(self->reader)) : 0;
    self->stopped =
        self->stopped || !dmx_watch_progress(self->watch, self->out->frames, expected, NULL, &self->why_stopped);
    return !self->stopped;
}

static int open_scratch(void *place, demucs_error *error) { return dmx_spool_place_open(place, error); }

static void say_full(void *place, int failure, demucs_error *error) { dmx_spool_place_refuse(place, failure, error); }

static bool is_stop_asked(void *user) { return !is_wanted(user); }

static bool no_memory(const reading *self, demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to read %s", self->track);
}

/* A dmx_resampling_fn: measure and spool. */
static bool take(void *user, const float *const *planes, size_t frames, demucs_error *error)
{
    reading *self = user;
    if (!is_wanted(self)) return false;
    demucs_loudness_add(&self->out->loudness, planes, self->channels, frames);
    return dmx_spool_append(self->out->mix, planes, frames, error);
}

/* The same of the track as it is. */
static bool keep(void *user, const float *const *planes, size_t frames, demucs_error *error)
{
    reading *self = user;
    return is_wanted(self) && dmx_spool_append(self->out->input, planes, frames, error);
}

static bool warn_channels(const dmx_intake *out, dmx_watch *watch, demucs_error *error)
{
    const demucs_tracks_event event = {.kind = DEMUCS_TRACKS_EVENT_CHANNELS,
                                       .path = watch->request->input,
                                       .count = (uint64_t)out->taken_channels,
                                       .total = (uint64_t)out->crowded_channels};
    return out->crowded_channels == 0 ||
           dmx_watch_warn(watch, event, error, "%s has %d channels, of which the first %d are taken; %s mixes them.",
                          watch->track, out->crowded_channels, out->taken_channels, watch->request->downmix_setting);
}

/* Of more channels than the model's the first are taken, unless they are mixed: say so once. A mono model gets the mean
 * of all. */
static bool note_channels(reading *self, demucs_error *error)
{
    dmx_intake *out = self->out;
    if (out->crowded_channels != 0 || self->channels == 1 || self->file_channels <= self->channels) return true;
    out->crowded_channels = self->file_channels;
    out->taken_channels = self->channels;
    return warn_channels(out, self->watch, error);
}

static void set_section(reading *self)
{
    const demucs_tracks_request *request = self->watch->request;
    const double rate = self->sample_rate_hz;
    self->skip = (uint64_t)round(request->start_seconds * rate);
    self->left = request->duration_seconds > 0 ? (uint64_t)round(request->duration_seconds * rate) : UINT64_MAX;
    if (self->left == 0) self->left = 1;
}

/* A part of the stream begins, with channels and a rate of its own. */
static bool begin_part(reading *self, demucs_error *error)
{
    const int before_hz = self->sample_rate_hz;
    self->file_channels = audio_reader_channels(self->reader);
    self->sample_rate_hz = audio_reader_sample_rate_hz(self->reader);
    if (before_hz == 0) set_section(self);
    if (before_hz != 0) {
        uint64_t *const counts[] = {&self->out->frames, &self->skip, &self->left, &self->skipped};
        for (int i = 0; i < 4; i++)
            if (*counts[i] != UINT64_MAX)
                *counts[i] = demucs_resampled_frames(*counts[i], before_hz, self->sample_rate_hz);
    }
    if (self->sample_rate_hz < DMX_LOWEST_HZ)
        return !dmx_fail(
            error, DEMUCS_ERROR_UNSUPPORTED,
            "%s says that its rate is %d Hz; there is no music below %d Hz, so give it the rate that it has, "
            "as with ffmpeg -i IN -af asetrate=44100 OUT",
            self->track, self->sample_rate_hz, DMX_LOWEST_HZ);
    if (self->file_channels != 1 && self->file_channels < self->channels)
        return !dmx_fail(error, DEMUCS_ERROR_UNSUPPORTED,
                         "%s has %d channels, but the model needs %d (or one, which is copied)", self->track,
                         self->file_channels, self->channels);
    if (!note_channels(self, error)) return false;
    dmx_free(self->read);
    self->read = dmx_planes_new(self->file_channels);
    if (self->read == NULL) return no_memory(self, error);
    for (int channel = 0; channel < self->channels; channel++)
        self->mapped[channel] = self->read[self->file_channels == 1 ? 0 : channel];
    return dmx_resampling_set_rate(self->resampling, self->sample_rate_hz, error) &&
           (self->keeping == NULL || dmx_resampling_set_rate(self->keeping, self->sample_rate_hz, error));
}

/* Whether there is room for the track and its stems, if the file says how long it is. */
static bool fits(const reading *self, const dmx_intake_format *format, demucs_error *error)
{
    const uint64_t announced = audio_reader_announced_frames(self->reader),
                   there = audio_reader_expected_frames(self->reader); /* less where the file breaks off */
    const uint64_t frames = in_section(self, announced < there ? announced : there);
    return dmx_budget_allows(
        format->outputs, demucs_resampled_frames(frames, self->sample_rate_hz, format->sample_rate_hz), false, error);
}

/* What the outputs keep of the track; files that cannot have it are refused now. */
static bool settle(reading *self, const dmx_intake_format *format, demucs_error *error)
{
    audio_sample sample;
    static const demucs_tracks_sample samples[] = {[AUDIO_INT16] = DEMUCS_TRACKS_INT16,
                                                   [AUDIO_INT24] = DEMUCS_TRACKS_INT24,
                                                   [AUDIO_FLOAT32] = DEMUCS_TRACKS_FLOAT32};
    self->out->depth = audio_reader_sample(self->reader, &sample) ? (int)samples[sample] : DMX_NO_DEPTH;
    const dmx_carried carried = {.sample_rate_hz = self->out->sample_rate_hz, .depth = self->out->depth};
    return !dmx_carried_form(self->watch->request) ||
           (dmx_carried_settle(&carried, format->outputs, error) && dmx_outputs_try(format->outputs, error));
}

/* Keep the track as it is, too. */
static bool open_input(reading *self, const dmx_intake_format *format, demucs_error *error)
{
    self->out->input = dmx_spool_create(format->spool_place, self->channels, error);
    if (self->out->input == NULL) return false;
    self->keeping = dmx_resampling_create(self->channels, self->out->sample_rate_hz, self->track, keep, self, error);
    return self->keeping != NULL && dmx_resampling_set_rate(self->keeping, self->sample_rate_hz, error);
}

static bool read_tags(reading *self, demucs_error *error)
{
    if ((self->watch->request->keep & DEMUCS_TRACKS_KEEP_TAGS) == 0) return true;
    self->out->tags = dmx_alloc(1, sizeof *self->out->tags);
    return (self->out->tags != NULL && audio_reader_tags(self->reader, self->out->tags)) || no_memory(self, error);
}

static bool open_track(reading *self, const dmx_intake_format *format, demucs_error *error)
{
    self->scratch = (audio_scratch){.open = open_scratch, .say_full = say_full, .user = format->spool_place};
    self->stop = (audio_stop){.asked = is_stop_asked, .user = self};
    const demucs_tracks_request *request = self->watch->request;
    const int mixed = self->channels > 2 ? self->channels : 2; /* a mono model gets the mean of the two */
    const audio_reader_options options = {.stream = request->stream,
                                          .most_channels = request->downmix ? mixed : 0,
                                          .stop = &self->stop,
                                          .scratch = &self->scratch};
    self->reader = audio_reader_open_with(request->input, &options, error);
    if (self->reader == NULL) return false;
    self->mapped = dmx_alloc((size_t)self->channels, sizeof *self->mapped);
    self->from = dmx_alloc((size_t)self->channels, sizeof *self->from);
    if (self->mapped == NULL || self->from == NULL) return no_memory(self, error);
    self->resampling = dmx_resampling_create(self->channels, format->sample_rate_hz, self->track, take, self, error);
    if (self->resampling == NULL || !begin_part(self, error)) return false;
    self->out->channels = self->file_channels;
    self->out->sample_rate_hz = self->sample_rate_hz;
    if (!settle(self, format, error) || !read_tags(self, error) || !fits(self, format, error)) return false;
    self->out->mix = dmx_spool_create(format->spool_place, self->channels, error);
    return self->out->mix != NULL && (!dmx_outputs_need_input(format->outputs) || open_input(self, format, error));
}

/* Zero what is not finite; for a mono model, average the channels into the first. */
static void prepare(reading *self, size_t first, size_t end)
{
    for (int channel = 0; channel < self->file_channels; channel++)
        for (size_t i = first; i < end; i++)
            if (!isfinite(self->read[channel][i])) {
                self->read[channel][i] = 0;
                self->out->not_finite++;
            }
    if (self->channels != 1 || self->file_channels == 1) return;
    for (size_t i = first; i < end; i++) {
        float sum = 0;
        for (int channel = 0; channel < self->file_channels; channel++) sum += self->read[channel][i];
        self->read[0][i] = sum / (float)self->file_channels;
    }
}

/* Take of a block what lies in the section. */
static bool take_block(reading *self, size_t frames, demucs_error *error)
{
    const size_t first = self->skip < frames ? (size_t)self->skip : frames;
    const size_t count = self->left < frames - first ? (size_t)self->left : frames - first;
    if (self->skip > 0) self->damaged_before = audio_reader_damaged(self->reader);
    self->skip -= first;
    self->skipped += first;
    if (self->left != UINT64_MAX) self->left -= count;
    if (count == 0) return true;
    self->out->frames += (uint64_t)count;
    prepare(self, first, first + count);
    for (int channel = 0; channel < self->channels; channel++) self->from[channel] = self->mapped[channel] + first;
    return dmx_resampling_push(self->resampling, self->from, count, error) &&
           (self->keeping == NULL || dmx_resampling_push(self->keeping, self->from, count, error));
}

static bool refuse_empty(const reading *self, demucs_error *error)
{
    if (self->skipped == 0) return !dmx_fail(error, DEMUCS_ERROR_FORMAT, "%s holds no audio samples", self->track);
    return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%s is %g s long, and the section that is asked for begins at %g s",
                     self->track, (double)self->skipped / self->sample_rate_hz, self->watch->request->start_seconds);
}

static bool read_all(reading *self, demucs_error *error)
{
    dmx_intake *out = self->out;
    while (self->left > 0) {
        if (!is_wanted(self)) return false;
        const long frames = audio_reader_read(self->reader, self->read, DMX_TRACK_BLOCK, error);
        if (frames == AUDIO_CHANGED) {
            if (!begin_part(self, error)) return false;
            continue;
        }
        if (frames < 0 || self->stopped) return false;
        if (frames == 0) break;
        if (!take_block(self, (size_t)frames, error)) return false;
    }
    if (out->frames == 0) return refuse_empty(self, error);
    if (!dmx_resampling_finish(self->resampling, error)) return false;
    if (self->keeping != NULL && !dmx_resampling_finish(self->keeping, error)) return false;
    return dmx_spool_frames(out->mix) > 0 ||
           !dmx_fail(error, DEMUCS_ERROR_FORMAT, "%s is too short: less than one sample at the rate of the model",
                     self->track);
}

static bool warn_damaged(const dmx_intake *out, dmx_watch *watch, demucs_error *error)
{
    const size_t count = out->damaged;
    const demucs_tracks_event event = {
        .kind = DEMUCS_TRACKS_EVENT_DAMAGED, .path = watch->request->input, .count = count};
    return count == 0 || dmx_watch_warn(watch, event, error, "%s: %zu %s damaged: taken as silence.", watch->track,
                                        count, count == 1 ? "place was" : "places were");
}

static bool warn_not_finite(const dmx_intake *out, dmx_watch *watch, demucs_error *error)
{
    const uint64_t count = out->not_finite;
    const demucs_tracks_event event = {
        .kind = DEMUCS_TRACKS_EVENT_NOT_FINITE, .path = watch->request->input, .count = count};
    return count == 0 ||
           dmx_watch_warn(watch, event, error, "%s has %llu samples that are not numbers: taken as silence.",
                          watch->track, (unsigned long long)count);
}

static bool warn_short(const dmx_intake *out, dmx_watch *watch, demucs_error *error)
{
    const uint64_t announced = out->frames + out->missing;
    const demucs_tracks_event event = {.kind = DEMUCS_TRACKS_EVENT_SHORT,
                                       .path = watch->request->input,
                                       .count = out->missing,
                                       .done = out->frames,
                                       .total = announced};
    return out->missing == 0 ||
           dmx_watch_warn(watch, event, error, "%s ends after %.1f s of %.1f s: the file is not complete.",
                          watch->track, (double)out->frames / out->sample_rate_hz,
                          (double)announced / out->sample_rate_hz);
}

/* What is known only now. */
static bool warn_at_end(const dmx_intake *out, dmx_watch *watch, demucs_error *error)
{
    return warn_damaged(out, watch, error) && warn_not_finite(out, watch, error) && warn_short(out, watch, error);
}

bool dmx_intake_warn(const dmx_intake *self, dmx_watch *watch, demucs_error *error)
{
    return warn_channels(self, watch, error) && warn_at_end(self, watch, error);
}

/* Encoder delay and the rounding of headers make up to a tenth of a second; less than half a one is no warning. */
static uint64_t missing_frames(const reading *self)
{
    const uint64_t announced = in_section(self, audio_reader_announced_frames(self->reader)),
                   frames = self->out->frames;
    const uint64_t slack = (uint64_t)self->sample_rate_hz / 2;
    return announced > frames + slack ? announced - frames : 0;
}

bool dmx_intake_read(dmx_intake *out, const dmx_intake_format *format, dmx_watch *watch, demucs_error *error)
{
    *out = (dmx_intake){0};
    reading self = {.track = watch->track, .channels = format->channels, .watch = watch, .out = out};
    bool done = open_track(&self, format, error) && read_all(&self, error);
    if (done) {
        out->damaged = audio_reader_damaged(self.reader) - self.damaged_before;
        out->missing = demucs_resampled_frames(missing_frames(&self), self.sample_rate_hz, out->sample_rate_hz);
        out->frames = demucs_resampled_frames(out->frames, self.sample_rate_hz, out->sample_rate_hz);
        done = warn_at_end(out, watch, error);
    }
    dmx_resampling_free(self.resampling);
    dmx_resampling_free(self.keeping);
    audio_reader_close(self.reader);
    dmx_free(self.read);
    dmx_free(self.mapped);
    dmx_free(self.from);
    if (done) return true;
    if (self.stopped && error != NULL) *error = self.why_stopped;
    dmx_spool_free(out->mix);
    dmx_spool_free(out->input);
    dmx_carried_free_tags(out->tags);
    *out = (dmx_intake){0};
    return false;
}
