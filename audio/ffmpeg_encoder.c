/* ffmpeg_encoder.c - see ffmpeg_encoder.h
 *
 * A codec is a row of `codecs`. FLAC is at FFmpeg's default level, as the official program writes it by running ffmpeg.
 * The encoder of a lossy format begins late, by its delay, and ends late, by what fills up its last block; it says
 * both. */
#include "audio/ffmpeg_encoder.h"

#include "audio/ffmpeg_compat.h"
#include "audio/ffmpeg_log.h"
#include "audio/pcm.h"

#define BLOCK_FRAMES 4096 /* for encoders that take blocks of any size */

#define LOSSY(encoder, sample)                                                                                         \
    {encoder, encoder, encoder}, { sample, sample, sample }

static const ffmpeg_codec codecs[] = {
    [AUDIO_WAV] = {"wav", /* and MP3: in a video; as files they are wav_writer.c's and mp3_writer.c's */
                   "PCM",
                   "wav",
                   {"pcm_s16le", "pcm_s24le", "pcm_f32le"},
                   {AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S32, AV_SAMPLE_FMT_FLT},
                   0,
                   0},
    [AUDIO_MP3] = {"mp3", "MP3", "mp3", LOSSY("libmp3lame", AV_SAMPLE_FMT_FLTP), 128, 0},
    [AUDIO_FLAC] = {"flac", "FLAC", "flac", {"flac", "flac", NULL}, {AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S32}, 0, 0},
    [AUDIO_OGG] = {"ogg", "Vorbis", "ogg", LOSSY("libvorbis", AV_SAMPLE_FMT_FLTP), 0, 7}, /* some 224 kb/s in stereo */
    [AUDIO_OPUS] = {"opus", "Opus", "opus", LOSSY("libopus", AV_SAMPLE_FMT_FLT), 80, 0},
    [AUDIO_AAC] = {"m4a", "AAC", "ipod", LOSSY("aac", AV_SAMPLE_FMT_FLTP), 128, 0},
    [AUDIO_ALAC] = {"m4a", "ALAC", "ipod", {"alac", "alac", NULL}, {AV_SAMPLE_FMT_S16P, AV_SAMPLE_FMT_S32P}, 0, 0},
    [AUDIO_AIFF] = {"aiff",
                    "PCM",
                    "aiff",
                    {"pcm_s16be", "pcm_s24be", "pcm_f32be"},
                    {AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S32, AV_SAMPLE_FMT_FLT},
                    0,
                    0},
    [AUDIO_STEMS_AAC] = {"stem.mp4", "AAC", "ipod", LOSSY("aac", AV_SAMPLE_FMT_FLTP), 128, 0},
    [AUDIO_STEMS_ALAC] =
        {"stem.mp4", "ALAC", "ipod", {"alac", "alac", NULL}, {AV_SAMPLE_FMT_S16P, AV_SAMPLE_FMT_S32P}, 0, 0},
};

const ffmpeg_codec *ffmpeg_codec_of(audio_container container) { return &codecs[container]; }

/* ---- encoding ---- */

static bool encoder_fail(const ffmpeg_encoder *self, demucs_error *error)
{
    return !dmx_refuse(self->path, error, DEMUCS_ERROR_FORMAT, "the %s encoder failed", self->codec->name);
}

/* Encode one frame (NULL: the end) and hand over the packets that come out. */
static bool encode(ffmpeg_encoder *self, const AVFrame *frame, ffmpeg_packet_fn take, void *user, demucs_error *error)
{
    int result = avcodec_send_frame(self->context, frame);
    while (result >= 0) {
        result = avcodec_receive_packet(self->context, self->packet);
        if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return true;
        if (result < 0) break;
        const bool taken = take(user, self->packet, error);
        av_packet_unref(self->packet);
        if (!taken) return false;
    }
    return encoder_fail(self, error);
}

/* Encode what is in self->frame. */
static bool encode_filled(ffmpeg_encoder *self, ffmpeg_packet_fn take, void *user, demucs_error *error)
{
    self->frame->nb_samples = self->filled;
    self->frame->pts = self->position;
    self->position += self->filled;
    self->filled = 0;
    return encode(self, self->frame, take, user, error);
}

/* Add frames behind those that the frame holds: all channels to one plane, or each to its own. */
static void fill(ffmpeg_encoder *self, const float *const *planes, size_t start, size_t frames)
{
    const int channels = ffmpeg_encoder_channels(self->context);
    const bool planar = av_sample_fmt_is_planar(self->context->sample_fmt);
    const enum AVSampleFormat sample = av_get_packed_sample_fmt(self->context->sample_fmt);
    const bool bounded = self->codec->encoders[AUDIO_INT16] == self->codec->encoders[AUDIO_FLOAT32];
    const int each = planar ? 1 : channels;
    const size_t filled = (size_t)self->filled * (size_t)each;
    for (int plane = 0; plane < (planar ? channels : 1); plane++) {
        void *to = self->frame->extended_data[plane];
        if (sample == AV_SAMPLE_FMT_S16)
            audio_pcm_int16((int16_t *)to + filled, planes + plane, start, frames, each, self->nearest);
        else if (sample == AV_SAMPLE_FMT_S32)
            audio_pcm_int24((int32_t *)to + filled, planes + plane, start, frames, each, self->nearest);
        else
            audio_pcm_float32((float *)to + filled, planes + plane, start, frames, each, bounded);
    }
}

bool ffmpeg_encoder_write(ffmpeg_encoder *self, const float *const *planes, size_t frames, ffmpeg_packet_fn take,
                          void *user, demucs_error *error)
{
    for (size_t start = 0; start < frames;) {
        /* The encoder may still refer to the buffer of the last frame. */
        self->frame->nb_samples = self->block;
        if (self->filled == 0 && av_frame_make_writable(self->frame) < 0) return encoder_fail(self, error);
        size_t count = (size_t)(self->block - self->filled);
        if (count > frames - start) count = frames - start;
        fill(self, planes, start, count);
        self->filled += (int)count;
        start += count;
        if (self->filled == self->block && !encode_filled(self, take, user, error)) return false;
    }
    return true;
}

bool ffmpeg_encoder_finish(ffmpeg_encoder *self, ffmpeg_packet_fn take, void *user, demucs_error *error)
{
    return (self->filled == 0 || encode_filled(self, take, user, error)) && encode(self, NULL, take, user, error);
}

/* ---- opening ---- */

static bool no_memory(const ffmpeg_encoder *self, demucs_error *error)
{
    return !dmx_refuse(self->path, error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
}

/* The rate is that of the whole file; an encoder without one of its own takes it as a hint. */
static void set_rate(ffmpeg_encoder *self, const audio_format *format)
{
    const ffmpeg_codec *row = self->codec;
    const int kbps = format->bitrate_kbps > 0 ? format->bitrate_kbps : row->kbps_per_channel * format->channels;
    self->context->bit_rate = (int64_t)kbps * 1000;
    if (kbps > 0 || row->quality == 0) return;
    self->context->flags |= AV_CODEC_FLAG_QSCALE;
    self->context->global_quality = row->quality * FF_QP2LAMBDA;
}

static bool refuse_format(const ffmpeg_encoder *self, const audio_format *format, demucs_error *error)
{
    const bool lossy = self->codec->kbps_per_channel > 0 || self->codec->quality > 0;
    if (lossy && format->bitrate_kbps > 0)
        return !dmx_refuse(self->path, error, DEMUCS_ERROR_ARGUMENT,
                           "%s cannot hold %d channels at %d Hz with %d kb/s: leave the bit rate to it, or write wav",
                           self->codec->name, format->channels, format->sample_rate_hz, format->bitrate_kbps);
    return !dmx_refuse(self->path, error, DEMUCS_ERROR_ARGUMENT,
                       "a %s file cannot hold %d channels at %d Hz: write wav", self->codec->ending, format->channels,
                       format->sample_rate_hz);
}

static bool open_codec(ffmpeg_encoder *self, const audio_format *format, bool global_header, demucs_error *error)
{
    const ffmpeg_codec *row = self->codec;
    const AVCodec *codec = avcodec_find_encoder_by_name(row->encoders[format->sample]);
    if (codec == NULL)
        return !dmx_refuse(self->path, error, DEMUCS_ERROR_UNSUPPORTED,
                           "this FFmpeg was built without its %s encoder (%s): write wav or another format", row->name,
                           row->encoders[format->sample]);
    self->context = avcodec_alloc_context3(codec);
    if (self->context == NULL) return no_memory(self, error);
    self->context->sample_rate = format->sample_rate_hz;
    self->context->time_base = (AVRational){1, format->sample_rate_hz};
    self->context->sample_fmt = row->samples[format->sample];
    if (row->encoders[AUDIO_FLOAT32] == NULL)
        self->context->bits_per_raw_sample = format->sample == AUDIO_INT16 ? 16 : 24;
    ffmpeg_encoder_set_channels(self->context, format->channels);
    set_rate(self, format);
    if (global_header) self->context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (avcodec_open2(self->context, codec, NULL) < 0) return refuse_format(self, format, error);
    self->block = self->context->frame_size > 0 ? self->context->frame_size : BLOCK_FRAMES;
    return true;
}

static bool open_frame(ffmpeg_encoder *self, demucs_error *error)
{
    self->packet = av_packet_alloc();
    self->frame = av_frame_alloc();
    if (self->packet == NULL || self->frame == NULL) return no_memory(self, error);
    self->frame->format = self->context->sample_fmt;
    self->frame->sample_rate = self->context->sample_rate;
    self->frame->nb_samples = self->block;
    return (ffmpeg_frame_set_layout(self->frame, self->context) && av_frame_get_buffer(self->frame, 0) >= 0) ||
           no_memory(self, error);
}

bool ffmpeg_encoder_open(ffmpeg_encoder *self, const audio_format *format, bool global_header, const char *path,
                         demucs_error *error)
{
    const ffmpeg_codec *row = &codecs[format->container];
    ffmpeg_quiet_log();
    *self = (ffmpeg_encoder){.codec = row, .path = path, .nearest = format->nearest};
    if (row->encoders[format->sample] == NULL)
        return !dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT,
                           "a %s file of %s holds integers: choose 16 or 24 bits, or write wav", row->ending,
                           row->name);
    return open_codec(self, format, global_header, error) && open_frame(self, error);
}

void ffmpeg_encoder_close(ffmpeg_encoder *self)
{
    av_frame_free(&self->frame);
    av_packet_free(&self->packet);
    avcodec_free_context(&self->context);
}
