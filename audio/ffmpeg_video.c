/* ffmpeg_video.c - audio_video_open: what there is in a video, and whether a copy can hold it.
 *
 * What a container takes is asked of libavformat, and then tried: the header of the copy is written, to nowhere. */
#include "audio/ffmpeg_video.h"

#include "audio/ffmpeg_input.h"
#include "audio/ffmpeg_log.h"
#include "audio/ffmpeg_timeline.h"
#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { AUDIO_CODECS = 7 };

/* A container that copies are written in. */
typedef struct kind {
    const char *ending, *muxer;
    int codecs[AUDIO_CODECS]; /* the usual one first; -1 ends them */
} kind;

/* MP4 is also what .m4v is; FFmpeg's muxer of that name takes fewer kinds of pictures. */
static const kind kinds[] = {
    {"mp4", "mp4", {AUDIO_AAC, AUDIO_ALAC, AUDIO_MP3, AUDIO_OPUS, AUDIO_FLAC, -1}},
    {"m4v", "mp4", {AUDIO_AAC, AUDIO_ALAC, AUDIO_MP3, AUDIO_OPUS, AUDIO_FLAC, -1}},
    {"mov", "mov", {AUDIO_AAC, AUDIO_ALAC, AUDIO_MP3, AUDIO_WAV, -1}},
    {"mkv", "matroska", {AUDIO_AAC, AUDIO_OPUS, AUDIO_FLAC, AUDIO_OGG, AUDIO_MP3, AUDIO_WAV, -1}},
    {"webm", "webm", {AUDIO_OPUS, AUDIO_OGG, -1}},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const char *ending_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    return dot == NULL || (slash != NULL && dot < slash) ? "" : dot + 1;
}

static const kind *kind_of(const char *path)
{
    for (int i = 0; i < KINDS; i++)
        if (strcasecmp(ending_of(path), kinds[i].ending) == 0) return &kinds[i];
    return NULL;
}

bool audio_video_is_name(const char *path) { return kind_of(path) != NULL; }

static bool no_memory(const char *path, demucs_error *error)
{
    return !dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to copy the video");
}

/* ---- the input ---- */

static bool has_picture(const AVFormatContext *from)
{
    for (unsigned i = 0; i < from->nb_streams; i++)
        if (ffmpeg_stream_is_picture(from->streams[i])) return true;
    return false;
}

/* Of the demuxers whose packets have all that a copy needs: the time of each, and how long it is. */
static bool is_known(const AVInputFormat *demuxer)
{
    return strstr(demuxer->name, "mp4") != NULL || strstr(demuxer->name, "matroska") != NULL;
}

static bool open_input(audio_video *self, demucs_error *error)
{
    const audio_reader_options options = {.stream = self->stream};
    ffmpeg_input input;
    if (!ffmpeg_input_open(&input, self->path, &options, error)) return false;
    self->io = input.io;
    self->from = input.container;
    self->streams = (ffmpeg_streams){.from = self->from, .replaced = input.stream->index};
    for (unsigned i = 0; i < self->from->nb_streams; i++) self->from->streams[i]->discard = AVDISCARD_DEFAULT;
    if (!has_picture(self->from))
        return !dmx_refuse(self->path, error, DEMUCS_ERROR_ARGUMENT,
                           "there is no picture in this file: separate it without a video as its output");
    if (input.is_pipe)
        return !dmx_refuse(self->path, error, DEMUCS_ERROR_ARGUMENT,
                           "a video is read more than once, and a pipe cannot be: save it as a file first");
    return is_known(self->from->iformat) ||
           !dmx_refuse(self->path, error, DEMUCS_ERROR_UNSUPPORTED,
                       "only mp4, mov, mkv and webm can be copied with another sound; put it into one first: ffmpeg -i "
                       "FILE -map 0 -c copy FILE.mkv");
}

/* ---- the sound ---- */

/* The codec that the container's rows allow, or -1 with a sentence. */
static int choose_codec(const audio_video_request *request, int old_codec, demucs_error *error)
{
    const kind *row = kind_of(request->output);
    char list[120] = "";
    if (request->codec == AUDIO_VIDEO_USUAL) {
        /* an old sound of Opus stays one where that is usual too */
        const bool opus = old_codec == AV_CODEC_ID_OPUS && strcmp(row->muxer, "matroska") == 0;
        return opus ? AUDIO_OPUS : row->codecs[0];
    }
    for (int i = 0; row->codecs[i] >= 0; i++) {
        if (row->codecs[i] == request->codec) return request->codec;
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "",
                 ffmpeg_codec_of((audio_container)row->codecs[i])->name);
    }
    dmx_refuse(request->output, error, DEMUCS_ERROR_ARGUMENT, "a .%s file does not hold %s: choose one of %s, or .mkv",
               row->ending, ffmpeg_codec_of((audio_container)request->codec)->name, list);
    return -1;
}

/* The nearest rate that a codec knows. */
static int nearest_rate(audio_container codec, int rate_hz)
{
    static const int aac[] = {7350,  8000,  11025, 12000, 16000, 22050, 24000,
                              32000, 44100, 48000, 64000, 88200, 96000, 0};
    static const int mp3[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 0};
    const int *rates = codec == AUDIO_AAC ? aac : codec == AUDIO_MP3 ? mp3 : NULL;
    int nearest = audio_container_rate_hz(codec, rate_hz);
    for (int i = 0; rates != NULL && rates[i] != 0; i++)
        if (i == 0 || abs(rates[i] - rate_hz) < abs(nearest - rate_hz)) nearest = rates[i];
    return nearest;
}

static bool choose_sound(audio_video *self, const audio_video_request *request, demucs_error *error)
{
    ffmpeg_beginning old;
    if (!ffmpeg_timeline_begin(self->path, self->stream, &old, error)) return false;
    const int codec = choose_codec(request, old.codec, error);
    if (codec < 0) return false;
    self->format = (audio_format){.container = (audio_container)codec,
                                  .sample = request->sample,
                                  .channels = request->channels,
                                  .bitrate_kbps = request->bitrate_kbps,
                                  .sample_rate_hz = nearest_rate((audio_container)codec, old.sample_rate_hz)};
    if (request->sample == AUDIO_FLOAT32 && (codec == AUDIO_FLAC || codec == AUDIO_ALAC))
        self->format.sample = AUDIO_INT24;
    self->start = llround(old.seconds * self->format.sample_rate_hz);
    return true;
}

/* ---- does it fit ---- */

/* Whether each stream is one that the container of this name can hold; if not, *first does not fit. */
static bool fit(const audio_video *self, const char *muxer, const AVStream **first)
{
    const AVOutputFormat *container = av_guess_format(muxer, NULL, NULL);
    for (unsigned i = 0; i < self->from->nb_streams; i++) {
        const AVStream *stream = self->from->streams[i];
        if ((int)i == self->streams.replaced || ffmpeg_stream_is_data(stream) ||
            !ffmpeg_stream_is_wanted(&self->streams, stream))
            continue;
        if (container != NULL && ffmpeg_stream_fits(container, stream)) continue;
        if (first != NULL) *first = stream;
        return false;
    }
    return true;
}

static bool refuse_stream(const audio_video *self, const char *output, const AVStream *stream, demucs_error *error)
{
    const char *what = stream->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE     ? "subtitles"
                       : stream->codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT ? "attached files"
                       : stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO      ? "another audio stream"
                                                                                 : "a picture";
    const char *other = fit(self, "matroska", NULL) ? "mkv" : fit(self, "mp4", NULL) ? "mp4" : "mov";
    return !dmx_refuse(output, error, DEMUCS_ERROR_ARGUMENT,
                       "a .%s file cannot hold stream %d of the video, %s (%s): write .%s", ending_of(output),
                       stream->index, what, avcodec_get_name(stream->codecpar->codec_id), other);
}

/* Begin the copy, and drop it. Data that the container cannot hold stay behind. */
static bool try_copy(audio_video *self, const char *output, demucs_error *error)
{
    const AVStream *misfit;
    if (!fit(self, self->muxer, &misfit)) return refuse_stream(self, output, misfit, error);
    for (int attempt = 0; attempt < 2; attempt++) {
        ffmpeg_copy copy;
        bool fits;
        const bool done = ffmpeg_copy_open(&copy, self, NULL, &fits, error);
        ffmpeg_copy_close(&copy);
        if (done || fits) return done;
        self->streams.drop_data = true;
    }
    return !dmx_refuse(
        output, error, DEMUCS_ERROR_ARGUMENT,
        "a .%s file cannot hold what is in the video: write a file with the ending of the video, or .mkv",
        ending_of(output));
}

/* ---- the public side ---- */

static int64_t to_frames(const audio_video *self, int64_t time, AVRational unit)
{
    return av_rescale_q(time, unit, (AVRational){1, self->format.sample_rate_hz});
}

static void find_facts(audio_video *self, audio_video_facts *facts)
{
    *facts = (audio_video_facts){.sample_rate_hz = self->format.sample_rate_hz, .start = self->start};
    facts->lossy = ffmpeg_codec_of(self->format.container)->kbps_per_channel > 0 ||
                   ffmpeg_codec_of(self->format.container)->quality > 0;
    for (unsigned i = 0; i < self->from->nb_streams; i++) {
        const AVStream *stream = self->from->streams[i];
        const bool wanted = ffmpeg_stream_is_wanted(&self->streams, stream), own = (int)i == self->streams.replaced;
        facts->other_audio += wanted && !own && stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
        facts->left_out += ffmpeg_stream_is_data(stream) && self->streams.drop_data;
        if (!ffmpeg_stream_is_picture(stream) || facts->picture_end > 0) continue;
        const int64_t first = stream->start_time != AV_NOPTS_VALUE ? stream->start_time : 0;
        facts->picture_start = to_frames(self, first, stream->time_base);
        if (stream->duration > 0) facts->picture_end = to_frames(self, first + stream->duration, stream->time_base);
    }
    if (self->from->duration > 0) self->seconds = (double)self->from->duration / AV_TIME_BASE;
    if (facts->picture_end == 0) /* Matroska says how long the file is, and not each stream */
        facts->picture_end = facts->picture_start + llround(self->seconds * facts->sample_rate_hz);
}

audio_video *audio_video_open(const audio_video_request *request, audio_video_facts *facts, demucs_error *error)
{
    dmx_error_clear(error);
    ffmpeg_quiet_log();
    audio_video *self = dmx_alloc(1, sizeof *self);
    if (self == NULL || (self->path = dmx_strdup(request->input)) == NULL) {
        no_memory(request->input, error);
        goto fail;
    }
    self->stream = request->stream;
    if (kind_of(request->output) == NULL) {
        dmx_refuse(request->output, error, DEMUCS_ERROR_ARGUMENT,
                   "a video is written as .mp4, .m4v, .mov, .mkv or .webm: choose one of these endings");
        goto fail;
    }
    self->muxer = kind_of(request->output)->muxer;
    if (!open_input(self, error)) goto fail;
    self->streams.drop_other_audio = request->drop_other_audio;
    if (!choose_sound(self, request, error) || !try_copy(self, request->output, error)) goto fail;
    find_facts(self, facts);
    return self;
fail:
    audio_video_close(self);
    return NULL;
}

void audio_video_close(audio_video *self)
{
    if (self == NULL) return;
    ffmpeg_input input = {.io = self->io, .container = self->from};
    ffmpeg_input_close(&input);
    dmx_free(self->path);
    dmx_free(self);
}

bool audio_video_read_timeline(const audio_video *self, audio_video_timeline *out, demucs_error *error)
{
    return ffmpeg_timeline_read(self->path, self->stream, self->format.sample_rate_hz, out, error);
}
