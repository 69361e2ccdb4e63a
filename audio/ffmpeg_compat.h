/* ffmpeg_compat.h - the differences between FFmpeg 4.4 and 8, all in one place.
 *
 * FFmpeg 5.1 replaced the 64-bit mask of speakers and the channel count by one AVChannelLayout; 7.0 removed the old
 * pair. Here both are an `ffmpeg_layout`. 7.0 also made the buffer of a write callback const; 6.1 moved the side data
 * of streams. */
#ifndef DEMUCS_AUDIO_FFMPEG_COMPAT_H
#define DEMUCS_AUDIO_FFMPEG_COMPAT_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>

#include <stdbool.h>
#include <string.h>

#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t ffmpeg_write_byte;
#else
typedef uint8_t ffmpeg_write_byte;
#endif

/* What is known of a stream beside its parameters, such as by how much a picture is turned. From 6.1 on it belongs to
 * them, and is copied with them. */
static inline bool ffmpeg_stream_copy_side_data(AVStream *to, const AVStream *from)
{
#if LIBAVFORMAT_VERSION_INT < AV_VERSION_INT(60, 15, 100)
    for (int i = 0; i < from->nb_side_data; i++) {
        const AVPacketSideData *data = &from->side_data[i];
        uint8_t *copy = av_stream_new_side_data(to, data->type, data->size);
        if (copy == NULL) return false;
        memcpy(copy, data->data, data->size);
    }
#else
    (void)to, (void)from;
#endif
    return true;
}

#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 24, 100)

typedef AVChannelLayout ffmpeg_layout;

static inline int ffmpeg_layout_channels(const ffmpeg_layout *layout) { return layout->nb_channels; }

/* The layout of a decoded frame; false without memory. Free it with ffmpeg_layout_free. */
static inline bool ffmpeg_layout_of_frame(ffmpeg_layout *layout, const AVFrame *frame)
{
    return av_channel_layout_copy(layout, &frame->ch_layout) >= 0;
}

/* The usual layout of so many channels. */
static inline void ffmpeg_layout_default(ffmpeg_layout *layout, int channels)
{
    av_channel_layout_default(layout, channels);
}

static inline void ffmpeg_layout_free(ffmpeg_layout *layout) { av_channel_layout_uninit(layout); }

static inline int ffmpeg_frame_channels(const AVFrame *frame) { return frame->ch_layout.nb_channels; }

static inline bool ffmpeg_frame_has_layout(const AVFrame *frame, const ffmpeg_layout *layout)
{
    return av_channel_layout_compare(&frame->ch_layout, layout) == 0;
}

/* Not yet initialised; NULL without memory. */
static inline SwrContext *ffmpeg_converter_alloc(const ffmpeg_layout *to, enum AVSampleFormat to_format, int to_rate,
                                                 const ffmpeg_layout *from, enum AVSampleFormat from_format,
                                                 int from_rate)
{
    SwrContext *converter = NULL;
    /* The parameters are not const before 7.0, but only read. */
    swr_alloc_set_opts2(&converter, (ffmpeg_layout *)to, to_format, to_rate, (ffmpeg_layout *)from, from_format,
                        from_rate, 0, NULL);
    return converter;
}

static inline void ffmpeg_encoder_set_channels(AVCodecContext *encoder, int channels)
{
    av_channel_layout_default(&encoder->ch_layout, channels);
}

static inline int ffmpeg_encoder_channels(const AVCodecContext *encoder) { return encoder->ch_layout.nb_channels; }

static inline int ffmpeg_parameters_channels(const AVCodecParameters *sound) { return sound->ch_layout.nb_channels; }

static inline bool ffmpeg_frame_set_layout(AVFrame *frame, const AVCodecContext *encoder)
{
    return av_channel_layout_copy(&frame->ch_layout, &encoder->ch_layout) >= 0;
}

#else

typedef struct ffmpeg_layout {
    uint64_t mask; /* 0: unknown */
    int channels;
} ffmpeg_layout;

static inline int ffmpeg_layout_channels(const ffmpeg_layout *layout) { return layout->channels; }

static inline bool ffmpeg_layout_of_frame(ffmpeg_layout *layout, const AVFrame *frame)
{
    layout->mask = frame->channel_layout;
    layout->channels = frame->channels;
    return true;
}

static inline void ffmpeg_layout_default(ffmpeg_layout *layout, int channels)
{
    *layout = (ffmpeg_layout){(uint64_t)av_get_default_channel_layout(channels), channels};
}

static inline void ffmpeg_layout_free(ffmpeg_layout *layout) { *layout = (ffmpeg_layout){0, 0}; }

static inline int ffmpeg_frame_channels(const AVFrame *frame) { return frame->channels; }

static inline bool ffmpeg_frame_has_layout(const AVFrame *frame, const ffmpeg_layout *layout)
{
    return frame->channels == layout->channels && frame->channel_layout == layout->mask;
}

static inline SwrContext *ffmpeg_converter_alloc(const ffmpeg_layout *to, enum AVSampleFormat to_format, int to_rate,
                                                 const ffmpeg_layout *from, enum AVSampleFormat from_format,
                                                 int from_rate)
{
    SwrContext *converter = swr_alloc_set_opts(NULL, (int64_t)to->mask, to_format, to_rate, (int64_t)from->mask,
                                               from_format, from_rate, 0, NULL);
    if (converter == NULL) return NULL;
    /* Counts matter where the mask is 0. */
    av_opt_set_int(converter, "ich", from->channels, 0);
    av_opt_set_int(converter, "och", to->channels, 0);
    return converter;
}

static inline void ffmpeg_encoder_set_channels(AVCodecContext *encoder, int channels)
{
    encoder->channels = channels;
    encoder->channel_layout = (uint64_t)av_get_default_channel_layout(channels);
}

static inline int ffmpeg_encoder_channels(const AVCodecContext *encoder) { return encoder->channels; }

static inline int ffmpeg_parameters_channels(const AVCodecParameters *sound) { return sound->channels; }

static inline bool ffmpeg_frame_set_layout(AVFrame *frame, const AVCodecContext *encoder)
{
    frame->channels = encoder->channels;
    frame->channel_layout = encoder->channel_layout;
    return true;
}

#endif

#endif
