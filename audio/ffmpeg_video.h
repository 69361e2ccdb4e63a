/* ffmpeg_video.h - what audio_video is made of. */
#ifndef DEMUCS_AUDIO_FFMPEG_VIDEO_H
#define DEMUCS_AUDIO_FFMPEG_VIDEO_H

#include "audio/ffmpeg_encoder.h"
#include "audio/ffmpeg_streams.h"
#include "audio/video.h"

struct audio_video {
    char *path;
    int stream;
    AVIOContext *io;       /* of the input */
    AVFormatContext *from; /* which is read once, by the copy */
    ffmpeg_streams streams;
    const char *muxer; /* libavformat's name of the output's container */
    audio_format format;
    int64_t start;
    double seconds; /* of the whole file, 0 where it does not say */
};

/* A muxer with its header, and the encoder of its sound. */
typedef struct ffmpeg_copy {
    AVFormatContext *to;
    AVIOContext *io;
    ffmpeg_encoder encoder;
    int *map; /* [count] of the input's streams */
    int count;
} ffmpeg_copy;

/* Begin a copy on a file, or on nothing where it is NULL. *fits is false where the container refuses its streams; else
 * `error` has a sentence. On failure, too, ffmpeg_copy_close frees. */
bool ffmpeg_copy_open(ffmpeg_copy *self, const audio_video *video, dmx_file *file, bool *fits, demucs_error *error);
void ffmpeg_copy_close(ffmpeg_copy *self);

#endif
