/* clip.c - see clip.h. The sound is a row of clicks at uneven distances, so that no shift looks like another. */
#include "clip.h"

#include "audio/ffmpeg_compat.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 64, HEIGHT = 48, CHANNELS = 2 };

static void need(bool held, const char *what)
{
    if (held) return;
    fprintf(stderr, "clip: %s failed\n", what);
    exit(2);
}

clip clip_usual(const char *path)
{
    return (clip){.path = path,
                  .fps_num = 30000,
                  .fps_den = 1001,
                  .frames = 90,
                  .b_frames = 2,
                  .encoder = "aac",
                  .sample_rate_hz = 48000,
                  .seconds = 3};
}

double clip_click(double seconds)
{
    double value = 0, at = 0.05;
    for (int k = 0; at <= seconds; k++) {
        const double since = seconds - at;
        if (since < 0.05) value += exp(-150 * since) * sin(2 * acos(-1.0) * 300 * since);
        at += 0.13 + 0.017 * ((k * 7) % 5) + 0.031 * ((k * 3) % 4);
    }
    return 0.6 * value;
}

/* ------------------------------------------------------------------------------------------------- making ---- */

typedef struct track {
    AVCodecContext *encoder;
    AVStream *stream;
    double offset; /* seconds that its times begin at */
} track;

typedef struct making {
    const clip *clip;
    AVFormatContext *muxer;
    track picture, sound, other;
    AVStream *subtitles;
    AVPacket *packet;
} making;

static void write_all(making *self, track *to, const AVFrame *frame)
{
    need(avcodec_send_frame(to->encoder, frame) >= 0, "encoding");
    while (avcodec_receive_packet(to->encoder, self->packet) >= 0) {
        const int64_t offset = llround(to->offset / av_q2d(to->encoder->time_base));
        self->packet->pts += offset;
        self->packet->dts += offset;
        self->packet->stream_index = to->stream->index;
        av_packet_rescale_ts(self->packet, to->encoder->time_base, to->stream->time_base);
        need(av_interleaved_write_frame(self->muxer, self->packet) >= 0, "writing");
    }
}

static void begin_track(making *self, track *it, AVCodecContext *encoder)
{
    it->encoder = encoder;
    if ((self->muxer->oformat->flags & AVFMT_GLOBALHEADER) != 0) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    encoder->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    need(avcodec_open2(encoder, NULL, NULL) >= 0, "opening an encoder");
    it->stream = avformat_new_stream(self->muxer, NULL);
    avcodec_parameters_from_context(it->stream->codecpar, encoder);
    it->stream->time_base = encoder->time_base;
}

static void begin_sound(making *self, track *it, const AVCodec *codec)
{
    AVCodecContext *encoder = avcodec_alloc_context3(codec);
    encoder->sample_rate = self->clip->sample_rate_hz;
    encoder->time_base = (AVRational){1, encoder->sample_rate};
    encoder->sample_fmt = strcmp(codec->name, "libopus") == 0    ? AV_SAMPLE_FMT_FLT
                          : strcmp(codec->name, "mp2fixed") == 0 ? AV_SAMPLE_FMT_S16
                                                                 : AV_SAMPLE_FMT_FLTP;
    encoder->bit_rate = 192000;
    ffmpeg_encoder_set_channels(encoder, CHANNELS);
    begin_track(self, it, encoder);
}

static void begin_picture(making *self, const AVCodec *codec)
{
    AVCodecContext *encoder = avcodec_alloc_context3(codec);
    encoder->width = WIDTH;
    encoder->height = HEIGHT;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->time_base = (AVRational){self->clip->fps_den, self->clip->fps_num};
    encoder->max_b_frames = strcmp(codec->name, "mpeg4") == 0 ? self->clip->b_frames : 0;
    encoder->gop_size = 12;
    encoder->bit_rate = 60000;
    begin_track(self, &self->picture, encoder);
}

static void begin_subtitles(making *self)
{
    if (self->clip->subtitles == NULL) return;
    const AVCodecDescriptor *what = avcodec_descriptor_get_by_name(self->clip->subtitles);
    self->subtitles = avformat_new_stream(self->muxer, NULL);
    self->subtitles->codecpar->codec_type = AVMEDIA_TYPE_SUBTITLE;
    self->subtitles->codecpar->codec_id = what->id;
    self->subtitles->time_base = (AVRational){1, 1000};
    av_dict_set(&self->subtitles->metadata, "language", "fra", 0);
}

static void add_chapters(making *self)
{
    if (!self->clip->chapters) return;
    self->muxer->chapters = av_calloc(2, sizeof *self->muxer->chapters);
    self->muxer->nb_chapters = 2;
    for (int i = 0; i < 2; i++) {
        AVChapter *chapter = self->muxer->chapters[i] = av_mallocz(sizeof *chapter);
        chapter->id = i + 1;
        chapter->time_base = (AVRational){1, 1000};
        chapter->start = 1200 * i;
        chapter->end = 1200 * i + 1200;
        av_dict_set(&chapter->metadata, "title", i == 0 ? "the first" : "the second", 0);
    }
}

static void add_attachment(making *self)
{
    static const char text[] = "a font, say";
    if (!self->clip->attachment) return;
    AVStream *stream = avformat_new_stream(self->muxer, NULL);
    stream->codecpar->codec_type = AVMEDIA_TYPE_ATTACHMENT;
    stream->codecpar->codec_id = AV_CODEC_ID_TTF;
    stream->codecpar->extradata = av_mallocz(sizeof text + AV_INPUT_BUFFER_PADDING_SIZE);
    stream->codecpar->extradata_size = sizeof text;
    memcpy(stream->codecpar->extradata, text, sizeof text);
    av_dict_set(&stream->metadata, "filename", "font.ttf", 0);
    av_dict_set(&stream->metadata, "mimetype", "font/ttf", 0);
}

static void write_picture(making *self, int index)
{
    AVFrame *frame = av_frame_alloc();
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = WIDTH;
    frame->height = HEIGHT;
    need(av_frame_get_buffer(frame, 0) >= 0, "a frame");
    for (int plane = 0; plane < 3; plane++)
        for (int y = 0; y < HEIGHT >> (plane > 0); y++)
            for (int x = 0; x < WIDTH >> (plane > 0); x++)
                frame->data[plane][y * frame->linesize[plane] + x] = (uint8_t)(x * 3 + y + index * 5);
    frame->pts = self->clip->uneven ? index + index / 3 + index / 7 : index;
    write_all(self, &self->picture, frame);
    av_frame_free(&frame);
}

/* Sound from frame `first` on; `kind` 0 is the clicks, 1 a tone. */
static void write_sound(making *self, track *to, int64_t first, int frames, int kind)
{
    AVFrame *frame = av_frame_alloc();
    frame->format = to->encoder->sample_fmt;
    frame->sample_rate = to->encoder->sample_rate;
    frame->nb_samples = frames;
    need(ffmpeg_frame_set_layout(frame, to->encoder) && av_frame_get_buffer(frame, 0) >= 0, "a frame");
    for (int i = 0; i < frames; i++)
        for (int channel = 0; channel < CHANNELS; channel++) {
            const double t = (double)(first + i) / frame->sample_rate;
            const float value = (float)(kind == 0 ? clip_click(t) : 0.3 * sin(2 * acos(-1.0) * 440 * t));
            if (frame->format == AV_SAMPLE_FMT_S16)
                ((int16_t *)(void *)frame->data[0])[i * CHANNELS + channel] = (int16_t)(32767 * value);
            else if (frame->format == AV_SAMPLE_FMT_FLTP)
                ((float *)(void *)frame->data[channel])[i] = value;
            else
                ((float *)(void *)frame->data[0])[i * CHANNELS + channel] = value;
        }
    frame->pts = first;
    write_all(self, to, frame);
    av_frame_free(&frame);
}

static void write_subtitle(making *self, int index)
{
    char text[64];
    uint8_t bytes[80];
    const bool mov = strcmp(self->clip->subtitles, "mov_text") == 0;
    const int length = snprintf(text, sizeof text, "line %d", index), before = mov ? 2 : 0;
    bytes[0] = 0;
    bytes[1] = (uint8_t)length;
    memcpy(bytes + before, text, (size_t)length);
    need(av_new_packet(self->packet, length + before) >= 0, "a packet");
    memcpy(self->packet->data, bytes, (size_t)(length + before));
    self->packet->stream_index = self->subtitles->index;
    self->packet->pts = self->packet->dts = 300 + 1000 * index;
    self->packet->duration = 500;
    self->packet->flags = AV_PKT_FLAG_KEY;
    av_packet_rescale_ts(self->packet, (AVRational){1, 1000}, self->subtitles->time_base);
    need(av_interleaved_write_frame(self->muxer, self->packet) >= 0, "writing");
}

static void write_streams(making *self)
{
    const clip *it = self->clip;
    const double picture_seconds = (double)it->fps_den / it->fps_num;
    int64_t done = 0, other = 0;
    const int64_t gap_at = it->gap > 0 ? llround(it->gap_at * it->sample_rate_hz) : -1;
    int lines = 0;
    for (int i = 0; i < it->frames; i++) {
        write_picture(self, i);
        while (self->subtitles != NULL && 0.3 + lines < i * picture_seconds) write_subtitle(self, lines++);
        while ((double)done / it->sample_rate_hz < it->seconds &&
               (double)done / it->sample_rate_hz + it->late < (i + 1) * picture_seconds) {
            const int frames = self->sound.encoder->frame_size;
            if (gap_at >= 0 && done >= gap_at) self->sound.offset = it->late + it->gap;
            write_sound(self, &self->sound, done, frames, 0);
            done += frames;
        }
        while (it->second_sound && (double)other / it->sample_rate_hz < (i + 1) * picture_seconds) {
            const int frames = self->other.encoder->frame_size;
            write_sound(self, &self->other, other, frames, 1);
            other += frames;
        }
    }
    while ((double)done / it->sample_rate_hz < it->seconds) {
        write_sound(self, &self->sound, done, self->sound.encoder->frame_size, 0);
        done += self->sound.encoder->frame_size;
    }
}

bool clip_make(const clip *it)
{
    making self = {.clip = it, .sound.offset = it->late, .packet = av_packet_alloc()};
    const bool webm = strstr(it->path, ".webm") != NULL;
    const AVCodec *picture = avcodec_find_encoder_by_name(webm ? "libvpx" : "mpeg4");
    const AVCodec *sound = avcodec_find_encoder_by_name(it->encoder);
    av_log_set_level(AV_LOG_QUIET);
    if (picture == NULL || sound == NULL) return false;
    need(avformat_alloc_output_context2(&self.muxer, NULL, NULL, it->path) >= 0, "a muxer");
    self.muxer->avoid_negative_ts = 0;
    self.muxer->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    begin_picture(&self, picture);
    if (it->second_sound) begin_sound(&self, &self.other, sound);
    begin_sound(&self, &self.sound, sound);
    begin_subtitles(&self);
    add_attachment(&self);
    add_chapters(&self);
    av_dict_set(&self.sound.stream->metadata, "language", "ita", 0);
    self.sound.stream->disposition = AV_DISPOSITION_DEFAULT;
    av_dict_set(&self.muxer->metadata, "title", "a small film", 0);
    need(avio_open(&self.muxer->pb, it->path, AVIO_FLAG_WRITE) >= 0, "opening the file");
    need(avformat_write_header(self.muxer, NULL) >= 0, "the header");
    write_streams(&self);
    write_all(&self, &self.picture, NULL);
    write_all(&self, &self.sound, NULL);
    if (it->second_sound) write_all(&self, &self.other, NULL);
    need(av_write_trailer(self.muxer) >= 0, "the trailer");
    avio_closep(&self.muxer->pb);
    avcodec_free_context(&self.picture.encoder);
    avcodec_free_context(&self.sound.encoder);
    avcodec_free_context(&self.other.encoder);
    avformat_free_context(self.muxer);
    av_packet_free(&self.packet);
    return true;
}
