/* ffmpeg_wav.h - what FFmpeg gets wrong about wav files, put right between opening and probing. */
#ifndef DEMUCS_AUDIO_FFMPEG_WAV_H
#define DEMUCS_AUDIO_FFMPEG_WAV_H

#include <libavformat/avformat.h>

/* The valid bits of WAVE_FORMAT_EXTENSIBLE may be fewer than those that a sample takes in the file (24 in 32), and lie
 * at its upper end. FFmpeg takes the valid ones for the size of a sample, so it would decode noise. Choose the decoder
 * by the container of a sample instead. To be called after avformat_open_input. Returns the valid bits where it did. */
int ffmpeg_wav_mend(AVFormatContext *container);

#endif
