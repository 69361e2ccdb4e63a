/* ffmpeg_output.h - libavformat writes a file through a dmx_file. */
#ifndef DEMUCS_AUDIO_FFMPEG_OUTPUT_H
#define DEMUCS_AUDIO_FFMPEG_OUTPUT_H

#include "base/file.h"

#include <libavformat/avio.h>

/* Bytes that are kept, or that go nowhere where `output`, which outlives it, is NULL: to try what a muxer takes. NULL
 * without memory. */
AVIOContext *ffmpeg_output_open(dmx_file *output);

/* Free it, not the output. NULL inside is fine. */
void ffmpeg_output_close(AVIOContext **io);

#endif
