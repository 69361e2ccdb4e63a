/* ffmpeg_timeline.h - when the samples of an audio stream sound, by the times that the container gives its packets. */
#ifndef DEMUCS_AUDIO_FFMPEG_TIMELINE_H
#define DEMUCS_AUDIO_FFMPEG_TIMELINE_H

#include "audio/video.h"

typedef struct ffmpeg_beginning {
    double seconds;     /* when the first decoded sample sounds */
    int sample_rate_hz; /* of the decoded sound */
    int codec;          /* an AVCodecID */
} ffmpeg_beginning;

/* Where audio_reader's samples begin. */
bool ffmpeg_timeline_begin(const char *path, int stream, ffmpeg_beginning *out, demucs_error *error);

/* See audio_video_read_timeline. */
bool ffmpeg_timeline_read(const char *path, int stream, int rate_hz, audio_video_timeline *out, demucs_error *error);

#endif
