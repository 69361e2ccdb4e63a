/* sound.c - see sound.h
 *
 *     spool --divide--> resampling --> silence where the old sound has a gap --> spool
 */
#include "tracks/video/sound.h"

#include "base/alloc.h"
#include "tracks/planes.h"

#include <string.h>

typedef struct work {
    const dmx_video *video;
    dmx_spool *to;
    int channels;
    float **silence; /* [channels] planes of a block */
    float **pieces;  /* [channels] into the block that is put */
    audio_video_timeline timeline;
    size_t next;     /* the gap that comes next */
    int64_t taken;   /* frames of the sound so far */
    int64_t dropped; /* that are still to be dropped */
} work;

static bool put_silence(work *self, int64_t frames, demucs_error *error)
{
    for (; frames > 0; frames -= DMX_TRACK_BLOCK)
        if (!dmx_spool_append(self->to, (const float *const *)self->silence,
                              (size_t)(frames < DMX_TRACK_BLOCK ? frames : DMX_TRACK_BLOCK), error))
            return false;
    return true;
}

/* The gaps that lie here. */
static bool pass_gaps(work *self, demucs_error *error)
{
    while (self->next < self->timeline.gaps_count && self->timeline.gaps[self->next].at <= self->taken) {
        const int64_t frames = self->timeline.gaps[self->next++].frames;
        if (frames < 0) self->dropped -= frames;
        if (frames > 0 && !put_silence(self, frames, error)) return false;
    }
    return true;
}

/* A dmx_resampling_fn. */
static bool put(void *user, const float *const *planes, size_t frames, demucs_error *error)
{
    work *self = user;
    for (size_t first = 0; first < frames;) {
        size_t count = frames - first;
        if (!pass_gaps(self, error)) return false;
        if (self->next < self->timeline.gaps_count && self->timeline.gaps[self->next].at - self->taken < (int64_t)count)
            count = (size_t)(self->timeline.gaps[self->next].at - self->taken);
        const size_t dropped = self->dropped < (int64_t)count ? (size_t)self->dropped : count;
        for (int channel = 0; channel < self->channels; channel++)
            self->pieces[channel] = (float *)planes[channel] + first + dropped;
        if (!dmx_spool_append(self->to, (const float *const *)self->pieces, count - dropped, error)) return false;
        self->dropped -= (int64_t)dropped;
        self->taken += (int64_t)count;
        first += count;
    }
    return true;
}

static bool divide_all(work *self, const dmx_spool *from, float divisor, dmx_resampling *resampling, float **block,
                       dmx_watch *watch, demucs_error *error)
{
    const uint64_t frames = dmx_spool_frames(from);
    for (uint64_t first = 0; first < frames; first += DMX_TRACK_BLOCK) {
        const size_t count = frames - first < DMX_TRACK_BLOCK ? (size_t)(frames - first) : DMX_TRACK_BLOCK;
        if (!dmx_watch_progress(watch, 0, 0, NULL, error) || !dmx_spool_read(from, first, block, count, error))
            return false;
        for (int channel = 0; divisor > 1 && channel < self->channels; channel++)
            for (size_t i = 0; i < count; i++) block[channel][i] /= divisor;
        if (!dmx_resampling_push(resampling, (const float *const *)block, count, error)) return false;
    }
    return dmx_resampling_finish(resampling, error);
}

dmx_spool *dmx_video_sound(const dmx_video *self, const dmx_spool *from, float divisor, const dmx_outputs *outputs,
                           int64_t *start, demucs_error *error)
{
    const int from_hz = outputs->items[0].sample_rate_hz, to_hz = self->facts.sample_rate_hz;
    work all = {.video = self, .channels = outputs->file_channels};
    float **block = dmx_planes_new(all.channels);
    dmx_resampling *resampling = NULL;
    all.silence = dmx_planes_new(all.channels);
    all.pieces = dmx_alloc((size_t)all.channels, sizeof *all.pieces);
    bool done = (block != NULL && all.silence != NULL && all.pieces != NULL) ||
                !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to write the video");
    if (done) done = audio_video_read_timeline(self->file, &all.timeline, error);
    if (done) all.to = dmx_spool_create(outputs->spool_place, all.channels, error);
    if (done && all.to != NULL)
        resampling = dmx_resampling_create(all.channels, to_hz, outputs->watch->track, put, &all, error);
    done = done && resampling != NULL && dmx_resampling_set_rate(resampling, from_hz, error) &&
           divide_all(&all, from, divisor, resampling, block, outputs->watch, error);
    if (!done) dmx_spool_free(all.to);
    *start = all.timeline.start;
    dmx_resampling_free(resampling);
    dmx_free(all.timeline.gaps);
    dmx_free(all.pieces);
    dmx_free(all.silence);
    dmx_free(block);
    return done ? all.to : NULL;
}
