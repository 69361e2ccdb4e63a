/* ffmpeg_copy.c - audio_video_write: packets of the video and of its new sound, in the order of their times.
 *
 *     input --packet, of all streams but the old sound-------------------------->  muxer --> ffmpeg_output
 *     sound --planes--> ffmpeg_encoder --packet, moved to where the sound begins-->
 *
 * Times stay what they are: nothing is moved so that it begins at 0. The encoder's first packet lies before the sound
 * by its delay; containers say that with an edit list (MP4) or a delay of the codec (Matroska). */
#include "audio/ffmpeg_compat.h"
#include "audio/ffmpeg_output.h"
#include "audio/ffmpeg_video.h"
#include "base/alloc.h"

#include <string.h>

enum {
    BLOCK = 4096,
    MOVIE_UNITS = 240000 /* a second of MP4's edit lists, so that those of pictures and of 48 kHz sound are exact */
};

typedef struct copying {
    audio_video *video;
    ffmpeg_copy copy;
    const audio_video_sound *sound;
    dmx_file *file;
    AVPacket *packet;
    float **planes; /* [channels] planes of BLOCK */
    int64_t frames; /* of the sound that were encoded */
    bool ended;     /* the sound did */
} copying;

/* ---- the muxer ---- */

static bool copy_fail(const ffmpeg_copy *self, dmx_file *file, const char *path, demucs_error *error)
{
    if (file != NULL && self->io != NULL && self->io->error != 0) return !dmx_file_fail(file, error);
    return !dmx_refuse(file != NULL ? dmx_file_path(file) : path, error, DEMUCS_ERROR_FORMAT,
                       "the video cannot be copied: a packet of it does not fit in, or is damaged");
}

static bool no_memory(const char *path, demucs_error *error)
{
    return !dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to copy the video");
}

bool ffmpeg_copy_open(ffmpeg_copy *self, const audio_video *video, dmx_file *file, bool *fits, demucs_error *error)
{
    *self = (ffmpeg_copy){0};
    *fits = true;
    if (avformat_alloc_output_context2(&self->to, NULL, video->muxer, NULL) < 0)
        return !dmx_refuse(video->path, error, DEMUCS_ERROR_UNSUPPORTED,
                           "this FFmpeg was built without its %s format: write another one", video->muxer);
    self->count = (int)video->from->nb_streams;
    self->map = dmx_alloc((size_t)self->count, sizeof *self->map);
    self->io = self->to->pb = ffmpeg_output_open(file);
    if (self->map == NULL || self->io == NULL) return no_memory(video->path, error);
    const bool global = (self->to->oformat->flags & AVFMT_GLOBALHEADER) != 0;
    if (!ffmpeg_encoder_open(&self->encoder, &video->format, global, file != NULL ? dmx_file_path(file) : video->path,
                             error))
        return false;
    self->to->flags |= AVFMT_FLAG_BITEXACT; /* else Matroska has random numbers: the same has to give the same file */
    self->to->avoid_negative_ts = 0;        /* AVFMT_AVOID_NEG_TS_DISABLED from FFmpeg 5.1 on */
    self->to->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    av_opt_set_int(self->to->priv_data, "movie_timescale", MOVIE_UNITS, 0);
    if (!ffmpeg_streams_copy(&video->streams, self->to, self->encoder.context, self->map))
        return no_memory(video->path, error);
    *fits = avformat_write_header(self->to, NULL) >= 0;
    if (*fits && self->io->error == 0) return true;
    return file != NULL && copy_fail(self, file, video->path, error);
}

void ffmpeg_copy_close(ffmpeg_copy *self)
{
    avformat_free_context(self->to);
    ffmpeg_output_close(&self->io);
    ffmpeg_encoder_close(&self->encoder);
    dmx_free(self->map);
}

/* ---- the sound ---- */

/* FFmpeg's Matroska muxer has the delay of Opus in the header, and up to 5.1 does not add it to the times, from which
 * readers take it off. */
static int64_t missing_delay(const ffmpeg_copy *self, const AVStream *stream)
{
    const bool takes_off =
        strcmp(self->to->oformat->name, "matroska") == 0 || strcmp(self->to->oformat->name, "webm") == 0;
    if (!takes_off || stream->codecpar->codec_id != AV_CODEC_ID_OPUS ||
        avformat_version() > AV_VERSION_INT(59, 30, 100))
        return 0;
    return av_rescale_q(stream->codecpar->initial_padding, (AVRational){1, 48000}, stream->time_base);
}

static bool write_packet(copying *self, AVPacket *packet, demucs_error *error)
{
    const int64_t delay = missing_delay(&self->copy, self->copy.to->streams[packet->stream_index]);
    if (packet->pts != AV_NOPTS_VALUE) packet->pts += delay;
    if (packet->dts != AV_NOPTS_VALUE) packet->dts += delay;
    packet->pos = -1;
    const int result = av_interleaved_write_frame(self->copy.to, packet);
    return (result >= 0 && self->copy.io->error == 0) || copy_fail(&self->copy, self->file, self->video->path, error);
}

/* An ffmpeg_packet_fn. */
static bool put_sound(void *user, AVPacket *packet, demucs_error *error)
{
    copying *self = user;
    const AVRational unit = self->copy.encoder.context->time_base;
    packet->stream_index = self->copy.map[self->video->streams.replaced];
    packet->pts += self->sound->start;
    packet->dts += self->sound->start;
    av_packet_rescale_ts(packet, unit, self->copy.to->streams[packet->stream_index]->time_base);
    return write_packet(self, packet, error);
}

static bool add_sound(copying *self, demucs_error *error)
{
    const long frames = self->sound->read(self->sound->user, self->planes, BLOCK, error);
    if (frames < 0) return false;
    self->frames += frames;
    self->ended = frames == 0;
    return self->ended ? ffmpeg_encoder_finish(&self->copy.encoder, put_sound, self, error)
                       : ffmpeg_encoder_write(&self->copy.encoder, (const float *const *)self->planes, (size_t)frames,
                                              put_sound, self, error);
}

/* All sound that comes before this time. */
static bool catch_up(copying *self, int64_t time, AVRational unit, demucs_error *error)
{
    const AVRational frame = self->copy.encoder.context->time_base;
    while (!self->ended && av_compare_ts(self->sound->start + self->frames, frame, time, unit) < 0)
        if (!add_sound(self, error)) return false;
    return true;
}

/* ---- the copy ---- */

/* Where a text of MP4 ends, an empty one begins: the muxer writes these itself. */
static bool is_end_of_text(const AVStream *stream, const AVPacket *packet)
{
    return stream->codecpar->codec_id == AV_CODEC_ID_MOV_TEXT && packet->size == 2 && packet->data[0] == 0 &&
           packet->data[1] == 0;
}

static bool copy_packet(copying *self, demucs_error *error)
{
    AVPacket *packet = self->packet;
    const AVStream *from = self->video->from->streams[packet->stream_index];
    const int index = self->copy.map[packet->stream_index];
    const int64_t time = packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;
    if (packet->stream_index == self->video->streams.replaced || index < 0 || is_end_of_text(from, packet)) return true;
    if (time != AV_NOPTS_VALUE && !catch_up(self, time, from->time_base, error)) return false;
    packet->stream_index = index;
    av_packet_rescale_ts(packet, from->time_base, self->copy.to->streams[index]->time_base);
    return write_packet(self, packet, error);
}

static bool copy_all(copying *self, demucs_error *error)
{
    int result;
    while ((result = av_read_frame(self->video->from, self->packet)) >= 0) {
        /* a file may have streams that only show up on the way */
        const bool known = self->packet->stream_index < self->copy.count;
        const bool done = !known || copy_packet(self, error);
        av_packet_unref(self->packet);
        if (!done) return false;
    }
    if (result != AVERROR_EOF)
        return !dmx_refuse(self->video->path, error, DEMUCS_ERROR_IO, "cannot be read up to its end");
    while (!self->ended)
        if (!add_sound(self, error)) return false;
    result = av_write_trailer(self->copy.to);
    avio_flush(self->copy.io);
    return (result >= 0 && self->copy.io->error == 0) || copy_fail(&self->copy, self->file, self->video->path, error);
}

/* [channels] planes of BLOCK frames, in one piece of memory. */
static float **make_planes(int channels)
{
    const size_t pointers = (size_t)channels * sizeof(float *), offset = (pointers + 63) / 64 * 64;
    char *block = dmx_alloc(1, offset + (size_t)channels * BLOCK * sizeof(float));
    float **planes = (float **)(void *)block;
    for (int channel = 0; block != NULL && channel < channels; channel++)
        planes[channel] = (float *)(void *)(block + offset) + (size_t)channel * BLOCK;
    return planes;
}

bool audio_video_write(audio_video *self, const audio_video_sound *sound, dmx_file *file, demucs_error *error)
{
    copying all = {.video = self, .sound = sound, .file = file};
    bool fits;
    all.packet = av_packet_alloc();
    all.planes = make_planes(self->format.channels);
    bool done = (all.packet != NULL && all.planes != NULL) || no_memory(self->path, error);
    if (done) {
        done = ffmpeg_copy_open(&all.copy, self, file, &fits, error) && copy_all(&all, error);
        ffmpeg_copy_close(&all.copy);
    }
    av_packet_free(&all.packet);
    dmx_free(all.planes);
    return done;
}
