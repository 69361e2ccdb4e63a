/* ffmpeg_streams.h - which streams of a video go into a copy of it, and what is said of them there. */
#ifndef DEMUCS_AUDIO_FFMPEG_STREAMS_H
#define DEMUCS_AUDIO_FFMPEG_STREAMS_H

#include "base/error.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include <stdbool.h>

typedef struct ffmpeg_streams {
    const AVFormatContext *from;
    int replaced; /* index of the stream whose packets are not copied, but replaced */
    bool drop_other_audio;
    bool drop_data;
} ffmpeg_streams;

/* The streams of a video that are moving pictures, and no cover. */
bool ffmpeg_stream_is_picture(const AVStream *stream);

/* Whether a stream is one of the data that no player shows. */
bool ffmpeg_stream_is_data(const AVStream *stream);

/* Whether a stream goes into the copy. */
bool ffmpeg_stream_is_wanted(const ffmpeg_streams *self, const AVStream *stream);

/* Whether a container can hold such a stream. */
bool ffmpeg_stream_fits(const AVOutputFormat *container, const AVStream *stream);

/* Give a muxer the wanted streams, with the parameters of `sound` for the replaced one, and tags and chapters of the
 * file. map[stream of `from`] becomes the index in the muxer, -1 for those that are left out. False without memory. */
bool ffmpeg_streams_copy(const ffmpeg_streams *self, AVFormatContext *to, const AVCodecContext *sound, int *map);

#endif
