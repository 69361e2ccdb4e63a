/* ffmpeg_pipe.h - bytes that come when somebody sends them: a pipe, a FIFO or a device, read so that the wait can be
 * stopped. FFmpeg's own reader sits in the kernel until they come.
 *
 * With a place to keep what came, FFmpeg may go back and forth in it as in a file: many formats have to (the index of
 * an m4a often stands at its end). Going forth waits for the bytes up to there. */
#ifndef DEMUCS_AUDIO_FFMPEG_PIPE_H
#define DEMUCS_AUDIO_FFMPEG_PIPE_H

#include "audio/audio.h"

#include <libavformat/avio.h>

/* Open `path`, without waiting for somebody to write to it. `stop` and `scratch` are NULL or outlive what is opened.
 * NULL on failure. */
AVIOContext *ffmpeg_pipe_open(const char *path, const audio_stop *stop, const audio_scratch *scratch,
                              demucs_error *error);

/* Whether what came could be kept, so far; else `error` says why not, and what was read is not the whole. */
bool ffmpeg_pipe_kept(const AVIOContext *io, demucs_error *error);

/* Close it and set the pointer to NULL. NULL is fine. */
void ffmpeg_pipe_close(AVIOContext **io);

#endif
