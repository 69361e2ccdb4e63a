/* clip_look.c - what a player makes of a video; see clip.h */
#include "clip.h"

#include "audio/ffmpeg_compat.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(bool held, const char *what)
{
    if (held) return;
    fprintf(stderr, "clip: %s failed\n", what);
    exit(2);
}

static AVFormatContext *open_file(const char *path)
{
    AVFormatContext *container = NULL;
    if (avformat_open_input(&container, path, NULL, NULL) < 0) return NULL;
    need(avformat_find_stream_info(container, NULL) >= 0, path);
    return container;
}

/* The index of an audio stream, counted from 0; -1 where there is none. */
static int find_sound(const AVFormatContext *container, int wanted)
{
    for (unsigned i = 0; i < container->nb_streams; i++)
        if (container->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO && wanted-- == 0) return (int)i;
    return -1;
}

static void copy_tag(char *to, size_t size, const AVDictionary *tags, const char *key)
{
    const AVDictionaryEntry *entry = av_dict_get(tags, key, NULL, 0);
    snprintf(to, size, "%s", entry != NULL ? entry->value : "");
}

clip_facts clip_look(const char *path, int sound)
{
    clip_facts facts = {0};
    AVFormatContext *container = open_file(path);
    if (container == NULL) return facts;
    facts.streams = (int)container->nb_streams;
    facts.chapters = (int)container->nb_chapters;
    if (facts.chapters > 1) copy_tag(facts.chapter, sizeof facts.chapter, container->chapters[1]->metadata, "title");
    copy_tag(facts.title, sizeof facts.title, container->metadata, "title");
    for (unsigned i = 0; i < container->nb_streams; i++) {
        const AVStream *stream = container->streams[i];
        facts.pictures += stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
        facts.sounds += stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
        facts.subtitles += stream->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE;
        facts.attachments += stream->codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT;
        if ((int)i != find_sound(container, sound)) continue;
        facts.sound_rate_hz = stream->codecpar->sample_rate;
        facts.disposition = stream->disposition;
        snprintf(facts.sound_codec, sizeof facts.sound_codec, "%s", avcodec_get_name(stream->codecpar->codec_id));
        copy_tag(facts.language, sizeof facts.language, stream->metadata, "language");
    }
    avformat_close_input(&container);
    return facts;
}

static double seconds_of(int64_t time, AVRational unit)
{
    return time == AV_NOPTS_VALUE ? (double)NAN : (double)time * av_q2d(unit);
}

clip_packet *clip_packets(const char *path, char kind, int but, size_t *count)
{
    const enum AVMediaType type = kind == 'v'   ? AVMEDIA_TYPE_VIDEO
                                  : kind == 'a' ? AVMEDIA_TYPE_AUDIO
                                                : AVMEDIA_TYPE_SUBTITLE;
    AVFormatContext *container = open_file(path);
    AVPacket *packet = av_packet_alloc();
    clip_packet *packets = NULL;
    *count = 0;
    need(container != NULL, path);
    while (av_read_frame(container, packet) >= 0) {
        const AVStream *stream = container->streams[packet->stream_index];
        if (stream->codecpar->codec_type == type && packet->stream_index != find_sound(container, but)) {
            packets = realloc(packets, (*count + 1) * sizeof *packets);
            clip_packet *it = &packets[(*count)++];
            *it = (clip_packet){.stream = packet->stream_index,
                                .size = packet->size,
                                .flags = packet->flags,
                                .pts = seconds_of(packet->pts, stream->time_base),
                                .dts = seconds_of(packet->dts, stream->time_base),
                                .sum = 14695981039346656037u};
            for (int i = 0; i < packet->size; i++) it->sum = (it->sum ^ packet->data[i]) * 1099511628211u;
        }
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    avformat_close_input(&container);
    return packets;
}

static void hear(const AVFrame *frame, AVRational unit, int rate_hz, float *heard, size_t frames)
{
    const double at = seconds_of(frame->pts, unit) * rate_hz;
    const bool planar = frame->format == AV_SAMPLE_FMT_FLTP;
    need(planar || frame->format == AV_SAMPLE_FMT_FLT, "samples that are floats");
    for (int i = 0; i < frame->nb_samples; i++) {
        const double to = round(at) + i;
        if (to < 0 || to >= (double)frames) continue;
        const float *from = (const float *)(const void *)frame->data[0];
        heard[(size_t)to] = planar ? from[i] : from[i * ffmpeg_frame_channels(frame)];
    }
}

float *clip_heard(const char *path, int sound, int rate_hz, double seconds, size_t *frames)
{
    AVFormatContext *container = open_file(path);
    need(container != NULL, path);
    const AVStream *stream = container->streams[find_sound(container, sound)];
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(stream->codecpar->codec_id));
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    avcodec_parameters_to_context(decoder, stream->codecpar);
    decoder->pkt_timebase = stream->time_base;
    need(avcodec_open2(decoder, NULL, NULL) >= 0, "a decoder");
    *frames = (size_t)(seconds * rate_hz);
    float *heard = calloc(*frames, sizeof *heard);
    for (bool more = true; more;) {
        more = av_read_frame(container, packet) >= 0;
        if (!more || packet->stream_index == stream->index) avcodec_send_packet(decoder, more ? packet : NULL);
        while (avcodec_receive_frame(decoder, frame) >= 0) hear(frame, stream->time_base, rate_hz, heard, *frames);
        if (more) av_packet_unref(packet);
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avformat_close_input(&container);
    return heard;
}

double clip_lag(const float *a, const float *b, size_t frames, int rate_hz)
{
    const long most = rate_hz / 40;
    double best = 0, energy_a = 0, energy_b = 0;
    long at = 0;
    for (long lag = -most; lag <= most; lag++) {
        double sum = 0;
        for (long i = most; i < (long)frames - most; i++) sum += (double)a[i] * (double)b[i + lag];
        if (sum > best) {
            best = sum;
            at = lag;
        }
    }
    for (size_t i = (size_t)most; i < frames - (size_t)most; i++) {
        energy_a += (double)a[i] * (double)a[i];
        energy_b += (double)b[i] * (double)b[i];
    }
    return best > 0.5 * sqrt(energy_a * energy_b) ? (double)at / rate_hz : (double)NAN;
}
