/* ffmpeg_pipe.h - bytes that come when somebody sends them: a pipe, a FIFO or a device, read so that the wait can be
 * stopped. FFmpeg's own reader sits in the kernel until they come. */
#ifndef DEMUCS_AUDIO_FFMPEG_PIPE_H
#define DEMUCS_AUDIO_FFMPEG_PIPE_H

#include "audio/audio.h"

#include <libavformat/avio.h>

/* Open `path`, without waiting for somebody to write to it. `stop` is NULL or outlives what is opened. NULL when it
 * cannot be opened; *failure then has the errno, ENOMEM without memory. */
AVIOContext *ffmpeg_pipe_open(const char *path, const audio_stop *stop, int *failure);

/* Close it and set the pointer to NULL. NULL is fine. */
void ffmpeg_pipe_close(AVIOContext **io);

#endif
