/* ffmpeg_encoder.h - planar float -> packets of a codec.
 *
 *   planes --the encoder's sample type--> frame (its block size) --> packet --> whoever takes it
 */
#ifndef DEMUCS_AUDIO_FFMPEG_ENCODER_H
#define DEMUCS_AUDIO_FFMPEG_ENCODER_H

#include "audio/audio.h"

#include <libavcodec/avcodec.h>

/* What the sound of a container is, by the type of the samples: int16, int24, float32. */
typedef struct ffmpeg_codec {
    const char *ending, *name; /* in sentences */
    const char *muxer;         /* libavformat's name of the container */
    const char *encoders[3];   /* libavcodec's names; NULL: there are no such samples */
    enum AVSampleFormat samples[3];
    int kbps_per_channel; /* of a lossy format, when none is asked for */
    int quality;          /* instead of it: on the encoder's own scale */
} ffmpeg_codec;

typedef struct ffmpeg_encoder {
    const ffmpeg_codec *codec;
    const char *path; /* for messages */
    bool nearest;     /* audio_format */
    AVCodecContext *context;
    AVPacket *packet;
    AVFrame *frame; /* of `block` frames, filled up to `filled` */
    int block, filled;
    int64_t position; /* frames handed to the codec */
} ffmpeg_encoder;

/* Takes a packet, whose times count frames from 0 on: the first may be before 0, by the encoder's delay. False: stop,
 * with a sentence. */
typedef bool (*ffmpeg_packet_fn)(void *user, AVPacket *packet, demucs_error *error);

/* Of a container; `path` is that of the file, and outlives the encoder. */
const ffmpeg_codec *ffmpeg_codec_of(audio_container container);

/* `global_header`: the container keeps the codec's header for itself. On failure, too, ffmpeg_encoder_close frees. */
bool ffmpeg_encoder_open(ffmpeg_encoder *self, const audio_format *format, bool global_header, const char *path,
                         demucs_error *error);
void ffmpeg_encoder_close(ffmpeg_encoder *self);

/* Encode frames, and hand over the packets that come out. */
bool ffmpeg_encoder_write(ffmpeg_encoder *self, const float *const *planes, size_t frames, ffmpeg_packet_fn take,
                          void *user, demucs_error *error);

/* Hand over what is left. */
bool ffmpeg_encoder_finish(ffmpeg_encoder *self, ffmpeg_packet_fn take, void *user, demucs_error *error);

#endif
