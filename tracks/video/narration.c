/* narration.c - see narration.h */
#include "tracks/video/narration.h"

#include "base/alloc.h"
#include "tracks/planes.h"

typedef struct work {
    dmx_spool *to;
    int channels;
    audio_reader *reader;
    dmx_resampling *resampling;
    float **planes; /* [channels] planes of a block */
    const dmx_outputs *outputs;
} work;

/* A dmx_resampling_fn. */
static bool put(void *user, const float *const *planes, size_t frames, demucs_error *error)
{
    work *self = user;
    return dmx_spool_append(self->to, planes, frames, error);
}

/* The reader was told to stop while it waits for a pipe. */
static bool is_stop_asked(void *user) { return !dmx_watch_progress(user, 0, 0, NULL, NULL); }

static void spread(const work *self, size_t frames)
{
    const int there = audio_reader_channels(self->reader);
    for (int channel = there; channel < self->channels; channel++)
        for (size_t i = 0; i < frames; i++) self->planes[channel][i] = self->planes[channel % there][i];
    for (int channel = 0; channel < self->channels; channel++)
        for (size_t i = 0; i < frames; i++)
            if (!(self->planes[channel][i] > -1e6F && self->planes[channel][i] < 1e6F)) self->planes[channel][i] = 0;
}

static bool read_all(work *self, demucs_error *error)
{
    for (;;) {
        const long frames = audio_reader_read(self->reader, self->planes, DMX_TRACK_BLOCK, error);
        if (frames == AUDIO_CHANGED) {
            if (!dmx_resampling_set_rate(self->resampling, audio_reader_sample_rate_hz(self->reader), error))
                return false;
            continue;
        }
        if (!dmx_watch_progress(self->outputs->watch, 0, 0, NULL, error) || frames < 0) return false;
        if (frames == 0) return dmx_resampling_finish(self->resampling, error);
        spread(self, (size_t)frames);
        if (!dmx_resampling_push(self->resampling, (const float *const *)self->planes, (size_t)frames, error))
            return false;
    }
}

dmx_spool *dmx_narration_read(const char *path, int sample_rate_hz, const dmx_outputs *outputs, demucs_error *error)
{
    const audio_stop stop = {.asked = is_stop_asked, .user = outputs->watch};
    const audio_reader_options options = {.most_channels = outputs->file_channels, .stop = &stop};
    work self = {.channels = outputs->file_channels, .outputs = outputs};
    bool done = false;
    self.planes = dmx_planes_new(self.channels);
    if (self.planes == NULL) {
        dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to read the narration");
        return NULL;
    }
    self.reader = audio_reader_open_with(path, &options, error);
    if (self.reader != NULL) self.to = dmx_spool_create(outputs->spool_place, self.channels, error);
    if (self.to != NULL)
        self.resampling = dmx_resampling_create(self.channels, sample_rate_hz, path, put, &self, error);
    if (self.resampling != NULL)
        done = dmx_resampling_set_rate(self.resampling, audio_reader_sample_rate_hz(self.reader), error) &&
               read_all(&self, error);
    dmx_resampling_free(self.resampling);
    audio_reader_close(self.reader);
    dmx_free(self.planes);
    if (done) return self.to;
    dmx_spool_free(self.to);
    return NULL;
}
