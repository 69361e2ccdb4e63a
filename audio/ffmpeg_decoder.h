/* ffmpeg_decoder.h - packets of an input -> decoded frames, and a count of what could not be decoded. */
#ifndef DEMUCS_AUDIO_FFMPEG_DECODER_H
#define DEMUCS_AUDIO_FFMPEG_DECODER_H

#include "audio/ffmpeg_input.h"

#include <libavcodec/avcodec.h>

typedef struct ffmpeg_decoder {
    ffmpeg_input *input;
    const char *path; /* for messages */
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame; /* the latest */
    bool draining;  /* no packet is left; the codec is giving out what it still holds */
    bool encrypted;
    size_t damaged;         /* places; packets that fail one after the other are one */
    bool in_damage;         /* nothing could be decoded since the last failure; cleared by whoever takes a frame */
    uint64_t packets, lost; /* handed to the codec; refused by it */
    unsigned pre_skip;      /* of the next file in a chain of Opus files, to be cut off */
} ffmpeg_decoder;

/* `input`, which is open, and `path` outlive it. On failure, too, ffmpeg_decoder_close frees. */
bool ffmpeg_decoder_open(ffmpeg_decoder *self, ffmpeg_input *input, const char *path, demucs_error *error);
void ffmpeg_decoder_close(ffmpeg_decoder *self);

/* Decode until there is a frame in self->frame: 1, or 0 at the end, or -1 without memory. */
int ffmpeg_decoder_next(ffmpeg_decoder *self);

/* Of the latest frame. */
int ffmpeg_decoder_rate_hz(const ffmpeg_decoder *self);

/* audio_reader_sample, once a frame is decoded. */
bool ffmpeg_decoder_sample(const ffmpeg_decoder *self, audio_sample *sample);

/* At the end: whether what was decoded deserves the name. */
bool ffmpeg_decoder_check(const ffmpeg_decoder *self, demucs_error *error);

/* Nothing could be decoded: say why. Always false. */
bool ffmpeg_decoder_refuse(const ffmpeg_decoder *self, demucs_error *error);

#endif
