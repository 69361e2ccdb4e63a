/* ffmpeg_converter.h - decoded frames -> planar float of one form (rate and channels), which waits to be taken.
 *
 * libswresample changes the sample type; integers scale by a power of two. It leaves the rate alone, but one over 768
 * kHz is halved as often as needed; nor the channels, unless there are more than are wanted: these are mixed down by
 * the usual coefficients, which it knows for the arrangement of speakers that the file names, or else the usual one. */
#ifndef DEMUCS_AUDIO_FFMPEG_CONVERTER_H
#define DEMUCS_AUDIO_FFMPEG_CONVERTER_H

#include "audio/ffmpeg_compat.h"
#include "base/error.h"

#define FFMPEG_MAX_CHANNELS 64

typedef struct ffmpeg_converter {
    int most_channels;  /* audio_reader_options; set before the first part */
    int sample_rate_hz; /* what comes out */
    ffmpeg_layout layout;

    SwrContext *context;
    enum AVSampleFormat from_format; /* what goes in: the latest frame's */
    int from_rate_hz;
    ffmpeg_layout from_layout;

    float *pending[FFMPEG_MAX_CHANNELS]; /* [channels][capacity] */
    size_t capacity;
    size_t start, frames; /* those that wait */
} ffmpeg_converter;

/* Begin a part of the form that this frame has. What waits is dropped. On failure, too, ffmpeg_converter_close frees.
 */
bool ffmpeg_converter_begin(ffmpeg_converter *self, const AVFrame *frame, int rate_hz, const char *path,
                            demucs_error *error);
void ffmpeg_converter_close(ffmpeg_converter *self);

int ffmpeg_converter_channels(const ffmpeg_converter *self);

/* Whether a frame belongs to the part. */
bool ffmpeg_converter_suits(const ffmpeg_converter *self, const AVFrame *frame, int rate_hz);

/* Convert a frame of the part. Nothing may wait. */
bool ffmpeg_converter_put(ffmpeg_converter *self, const AVFrame *frame, int rate_hz, const char *path,
                          demucs_error *error);

/* Let out what is held back (something is only while the rate changes). */
bool ffmpeg_converter_flush(ffmpeg_converter *self, const char *path, demucs_error *error);

#endif
