/* ffmpeg_input.h - a file, opened by libavformat, with one of its audio streams chosen. */
#ifndef DEMUCS_AUDIO_FFMPEG_INPUT_H
#define DEMUCS_AUDIO_FFMPEG_INPUT_H

#include "audio/audio.h"
#include "audio/ffmpeg_extent.h"

#include <libavformat/avformat.h>

typedef struct ffmpeg_input {
    AVIOContext *io; /* the file's bytes: ours, and so closed by us */
    bool is_pipe;    /* ffmpeg_pipe_open has opened them */
    AVFormatContext *container;
    AVStream *stream;     /* the chosen one; packets of the others are dropped unread where the format allows it */
    ffmpeg_extent extent; /* where the samples lie, when the header is wrong about it; else all zeros */
    int valid_bits;       /* of a sample, where the header counts them apart from those that it takes up; else 0 */
    int64_t announced;    /* length that the file itself states for the stream, in its time base; 0 when it does not */
} ffmpeg_input;

/* Whether the stream, or a packet of it, is encrypted. */
bool ffmpeg_input_encrypted(const ffmpeg_input *input, const AVPacket *packet);

/* On failure everything is closed again. */
bool ffmpeg_input_open(ffmpeg_input *input, const char *path, const audio_reader_options *options, demucs_error *error);

/* At the end: whether all bytes could be had, as far as that is known. */
bool ffmpeg_input_check(const ffmpeg_input *input, demucs_error *error);

/* The next packet: as av_read_frame, but for what a wrong header has it get wrong. */
int ffmpeg_input_read(ffmpeg_input *input, AVPacket *packet);

void ffmpeg_input_close(ffmpeg_input *input);

#endif
