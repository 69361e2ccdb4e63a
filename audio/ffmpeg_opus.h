/* ffmpeg_opus.h - Opus files one after the other in one file, as radio stations record them. */
#ifndef DEMUCS_AUDIO_FFMPEG_OPUS_H
#define DEMUCS_AUDIO_FFMPEG_OPUS_H

#include <libavcodec/avcodec.h>

#include <stdbool.h>

/* Whether a packet is a header of the next file in the chain, which a decoder would take for damage. Such a header says
 * how many samples are to be cut off at the beginning of its file: they are kept in *pre_skip (0 at first) and marked
 * on the first packet that comes after it. The decoder forgets what it heard of the file before. */
bool ffmpeg_opus_chain(AVCodecContext *decoder, AVPacket *packet, unsigned *pre_skip);

#endif
