/* intake.c - see intake.h */
#include "intake.h"

#include "audio/audio.h"
#include "common/interrupt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 16384 }; /* frames at a time */

typedef struct intake {
    const char *track;
    int channels; /* of the model */
    int file_channels;
    audio_reader *reader;
    demucs_resampler *resampler;
    float **read;         /* [file_channels] planes of BLOCK frames: as decoded */
    const float **mapped; /* [channels] planes among `read`: as the model wants them */
    float **resampled;    /* [channels] planes of BLOCK frames */
    spool *mix;
    demucs_loudness *loudness;
    uint64_t not_finite;
} intake;

static float **new_planes(int channels)
{
    float **planes = memory_new((size_t)channels, sizeof *planes);
    for (int channel = 0; channel < channels; channel++) planes[channel] = memory_new(BLOCK, sizeof(float));
    return planes;
}

static void free_planes(float **planes, int channels)
{
    for (int channel = 0; planes != NULL && channel < channels; channel++) free(planes[channel]);
    free(planes);
}

static bool open_track(intake *self, const intake_format *format, failure *why)
{
    audio_error error;
    demucs_error engine_error;
    self->reader = audio_reader_open(self->track, format->stream, &error);
    if (self->reader == NULL) return fail(why, "%s", error.message);
    self->file_channels = audio_reader_channels(self->reader);
    if (self->file_channels != 1 && self->file_channels < self->channels)
        return fail(why, "%s has %d channels, but the model needs %d (or one, which is copied)", self->track,
                    self->file_channels, self->channels);
    self->read = new_planes(self->file_channels);
    self->resampled = new_planes(self->channels);
    self->mapped = memory_new((size_t)self->channels, sizeof *self->mapped);
    for (int channel = 0; channel < self->channels; channel++)
        self->mapped[channel] = self->read[self->file_channels == 1 ? 0 : channel];
    self->mix = spool_create(format->spool_folder, self->channels, why);
    if (self->mix == NULL) return false;
    if (demucs_resampler_create(&self->resampler, audio_reader_sample_rate_hz(self->reader), format->sample_rate_hz,
                                self->channels, &engine_error) != DEMUCS_OK)
        return fail(why, "cannot convert the sample rate of %s: %s", self->track, engine_error.message);
    return true;
}

/* Zero what is not finite; for a mono model, average the channels into the first. */
static void prepare(intake *self, size_t frames)
{
    for (int channel = 0; channel < self->file_channels; channel++)
        for (size_t i = 0; i < frames; i++)
            if (!isfinite(self->read[channel][i])) {
                self->read[channel][i] = 0;
                self->not_finite++;
            }
    if (self->channels != 1 || self->file_channels == 1) return;
    for (size_t i = 0; i < frames; i++) {
        float sum = 0;
        for (int channel = 0; channel < self->file_channels; channel++) sum += self->read[channel][i];
        self->read[0][i] = sum / (float)self->file_channels;
    }
}

/* Take all that the resampler has ready. *any tells whether it had something. */
static bool drain(intake *self, bool *any, failure *why)
{
    demucs_error error;
    *any = false;
    for (;;) {
        size_t frames = 0;
        if (demucs_resampler_pull(self->resampler, self->resampled, BLOCK, &frames, &error) != DEMUCS_OK)
            return fail(why, "%s: %s", self->track, error.message);
        if (frames == 0) return true;
        *any = true;
        demucs_loudness_add(self->loudness, (const float *const *)self->resampled, self->channels, frames);
        if (!spool_append(self->mix, (const float *const *)self->resampled, frames, why)) return false;
    }
}

static bool resample(intake *self, size_t frames, failure *why)
{
    demucs_error error;
    const float **planes = memory_new((size_t)self->channels, sizeof *planes);
    bool done = true, any = true;
    for (size_t start = 0; done && start < frames;) {
        size_t accepted = 0;
        for (int channel = 0; channel < self->channels; channel++) planes[channel] = self->mapped[channel] + start;
        done = demucs_resampler_push(self->resampler, planes, frames - start, &accepted, &error) == DEMUCS_OK ||
               fail(why, "%s: %s", self->track, error.message);
        done = done && drain(self, &any, why);
        start += accepted;
        if (done && accepted == 0 && !any) done = fail(why, "%s: the resampler takes no more samples", self->track);
    }
    free(planes);
    return done;
}

static bool read_track(intake *self, failure *why)
{
    audio_error error;
    demucs_error engine_error;
    uint64_t total = 0;
    for (;;) {
        if (interrupt_signal() != 0) return fail(why, "interrupted");
        long frames = audio_reader_read(self->reader, self->read, BLOCK, &error);
        if (frames < 0) return fail(why, "%s", error.message);
        if (frames == 0) break;
        total += (uint64_t)frames;
        prepare(self, (size_t)frames);
        if (!resample(self, (size_t)frames, why)) return false;
    }
    bool any;
    if (total == 0) return fail(why, "%s holds no audio samples", self->track);
    if (demucs_resampler_finish(self->resampler, &engine_error) != DEMUCS_OK)
        return fail(why, "%s: %s", self->track, engine_error.message);
    if (!drain(self, &any, why)) return false;
    return spool_frames(self->mix) > 0 ||
           fail(why, "%s is too short: less than one sample at the rate of the model", self->track);
}

static void warn(const intake *self)
{
    size_t damaged = audio_reader_damaged(self->reader);
    if (damaged > 0) fprintf(stderr, "warning: %s is damaged: %zu places were skipped.\n", self->track, damaged);
    if (self->not_finite > 0)
        fprintf(stderr, "warning: %s has %llu samples that are not numbers: taken as silence.\n", self->track,
                (unsigned long long)self->not_finite);
}

spool *intake_read(const char *track, const intake_format *format, demucs_loudness *loudness, failure *why)
{
    intake self = {.track = track, .channels = format->channels, .loudness = loudness};
    *loudness = (demucs_loudness){0};
    bool done = open_track(&self, format, why) && read_track(&self, why);
    if (done) warn(&self);
    if (!done) {
        spool_free(self.mix);
        self.mix = NULL;
    }
    demucs_resampler_free(self.resampler);
    audio_reader_close(self.reader);
    free_planes(self.read, self.file_channels);
    free_planes(self.resampled, self.channels);
    free(self.mapped);
    return self.mix;
}
