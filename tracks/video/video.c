/* video.c - the file of a track is a copy of its video.
 *
 *     the stem's spool --> sound (rate, time) --> spool [--> dub --> spool] --> audio_video_write --> dmx_file
 */
#include "tracks/video/video.h"

#include "base/file.h"
#include "tracks/paths.h"
#include "tracks/planes.h"
#include "tracks/video/dub.h"
#include "tracks/video/sound.h"

#include <string.h>
#include <strings.h>

/* A file of sound: that of the planned output. */
static bool open_sound(dmx_video *self, const dmx_outputs *outputs, demucs_error *error)
{
    const dmx_output *item = &outputs->items[0];
    const char *ending = strrchr(item->path, '.');
    const bool known = item->container != DEMUCS_TRACKS_WAV || (ending != NULL && strcasecmp(ending, ".wav") == 0);
    self->facts = (audio_video_facts){.sample_rate_hz = item->sample_rate_hz};
    self->facts.lossy = item->container == DEMUCS_TRACKS_MP3 || item->container == DEMUCS_TRACKS_OGG ||
                        item->container == DEMUCS_TRACKS_OPUS || item->container == DEMUCS_TRACKS_AAC;
    return known ||
           !dmx_refuse(item->path, error, DEMUCS_ERROR_ARGUMENT,
                       "this is the ending of no file that can be written: choose .wav, .flac, .mp3 or .m4a, or, "
                       "for a video, .mp4, .mov, .mkv or .webm");
}

bool dmx_video_open(dmx_video *self, const dmx_outputs *outputs, demucs_error *error)
{
    const demucs_tracks_request *request = outputs->request;
    if (!dmx_video_options_read(&self->options, request->video, error)) return false;
    if (outputs->count != 1)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "a video gets one sound, and the request names %d files",
                         outputs->count);
    if (self->options.narration != NULL && dmx_path_same_file(self->options.narration, outputs->items[0].path))
        return !dmx_refuse(outputs->items[0].path, error, DEMUCS_ERROR_ARGUMENT,
                           "this is the narration: choose another name for what is made of it");
    if (self->options.narration != NULL && !audio_video_is_name(outputs->items[0].path))
        return open_sound(self, outputs, error);
    const demucs_tracks_container codec = (demucs_tracks_container)self->options.codec;
    const audio_video_request what = {
        .input = request->input,
        .stream = request->stream,
        .output = outputs->items[0].path,
        .codec = self->options.codec == DEMUCS_VIDEO_USUAL ? AUDIO_VIDEO_USUAL : (int)dmx_audio_container(codec),
        .sample = (audio_sample)request->sample,
        .channels = outputs->file_channels,
        .bitrate_kbps = request->bitrate_kbps,
        .drop_other_audio = self->options.drop_other_audio};
    self->file = audio_video_open(&what, &self->facts, error);
    return self->file != NULL;
}

void dmx_video_close(dmx_video *self)
{
    audio_video_close(self->file);
    dmx_spool_free(self->narration);
    self->file = NULL;
}

/* ---- writing ---- */

typedef struct reading {
    dmx_output *item;
    dmx_watch *watch;
    const dmx_spool *sound;
    uint64_t position;
} reading;

/* The `read` of an audio_video_sound. */
static long read_sound(void *user, float *const *planes, size_t frames, demucs_error *error)
{
    reading *self = user;
    const uint64_t left = dmx_spool_frames(self->sound) - self->position;
    const uint64_t total = dmx_spool_frames(self->sound);
    const size_t count = left < frames ? (size_t)left : frames;
    if (!dmx_watch_progress(self->watch, self->position, total, NULL, error) ||
        !dmx_spool_read(self->sound, self->position, planes, count, error))
        return -1;
    for (int channel = 0; channel < self->item->channels; channel++)
        dmx_meter_add(&self->item->meter, planes[channel], count);
    self->position += count;
    return (long)count;
}

/* What is told of the streams beside the new sound. */
static bool tell_streams(const dmx_video *self, dmx_outputs *outputs, demucs_error *error)
{
    const int kept = self->facts.other_audio, left = self->facts.left_out;
    const char *path = outputs->items[0].path;
    char shown[DMX_SHOWN_PATH];
    demucs_tracks_event event = {.kind = DEMUCS_TRACKS_EVENT_STREAMS, .path = path, .count = (uint64_t)kept};
    dmx_printable_path(shown, path);
    if (kept > 0 && !dmx_watch_warn(outputs->watch, event, error,
                                    "%d other audio stream%s in %s as in the video, with all that is heard in %s.",
                                    kept, kept == 1 ? " is" : "s are", shown, kept == 1 ? "it" : "them"))
        return false;
    event.count = (uint64_t)left;
    return left == 0 || dmx_watch_warn(outputs->watch, event, error,
                                       "%d stream%s of data that this container cannot hold %s not in %s.", left,
                                       left == 1 ? "" : "s", left == 1 ? "is" : "are", shown);
}

static bool write_file(dmx_video *self, dmx_outputs *outputs, const dmx_spool *sound, int64_t start,
                       demucs_error *error)
{
    dmx_output *item = &outputs->items[0];
    reading from = {.item = item, .watch = outputs->watch, .sound = sound};
    const audio_video_sound handed = {.read = read_sound, .user = &from, .start = start};
    dmx_file *file = NULL;
    if (!dmx_output_make_folder(item, error) || dmx_file_create_through(&file, item->path, error) != DEMUCS_OK)
        return false;
    if (!audio_video_write(self->file, &handed, file, error) || !tell_streams(self, outputs, error) ||
        !dmx_watch_progress(outputs->watch, from.position, from.position, NULL, error)) {
        dmx_file_discard(file);
        return false;
    }
    item->sample_rate_hz = self->facts.sample_rate_hz;
    item->committed = dmx_file_commit(file, error) == DEMUCS_OK;
    return item->committed;
}

/* The same for a file of sound. */
static bool write_sound(dmx_outputs *outputs, const dmx_spool *sound, demucs_error *error)
{
    dmx_output *item = &outputs->items[0];
    reading from = {.item = item, .watch = outputs->watch, .sound = sound};
    long frames = 0;
    if (!dmx_output_open_writer(outputs, item, error)) return false;
    while ((frames = read_sound(&from, outputs->planes, DMX_TRACK_BLOCK, error)) > 0)
        if (!audio_writer_write(item->writer, (const float *const *)outputs->planes, (size_t)frames, error))
            return false;
    if (frames < 0 || !audio_writer_finish(item->writer, error)) return false;
    item->committed = audio_writer_close(item->writer, error);
    item->writer = NULL;
    return item->committed;
}

bool dmx_video_hear(dmx_video *self, const dmx_spool *mix, dmx_outputs *outputs, demucs_error *error)
{
    return self->options.narration == NULL || dmx_dub_hear(self, mix, outputs, error);
}

/* What waits, at the rate and in the time of the file. */
static dmx_spool *take_sound(dmx_video *self, dmx_outputs *outputs, int64_t *start, demucs_error *error)
{
    dmx_output *item = &outputs->items[0];
    dmx_spool *sound = item->spool;
    const float peak = dmx_spool_peak(sound);
    *start = 0;
    if (self->options.narration == NULL) item->divisor = 1.01F * peak > 1 ? 1.01F * peak : 1;
    if (self->file != NULL) sound = dmx_video_sound(self, item->spool, item->divisor, outputs, start, error);
    if (sound != item->spool) dmx_spool_free(item->spool); /* its disk space may be needed */
    item->spool = NULL;
    return sound;
}

bool dmx_video_commit(dmx_video *self, dmx_outputs *outputs, demucs_error *error)
{
    int64_t start;
    dmx_spool *sound = take_sound(self, outputs, &start, error);
    if (sound != NULL && self->options.narration != NULL) {
        dmx_spool *dubbed = dmx_dub(self, sound, self->facts.sample_rate_hz, &start, outputs, error);
        dmx_spool_free(sound);
        sound = dubbed;
    }
    const bool done = sound != NULL && (self->file != NULL ? write_file(self, outputs, sound, start, error)
                                                           : write_sound(outputs, sound, error));
    dmx_spool_free(sound);
    return done;
}
