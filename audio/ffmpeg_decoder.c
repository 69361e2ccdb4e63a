/* ffmpeg_decoder.c - see ffmpeg_decoder.h
 *
 * Encoder delay and padding (gapless MP3, AAC, Opus) are trimmed here by libavcodec: libavformat attaches the counts to
 * packets. What fills up the last block of AAC in MPEG-4 stays, though the edit list says where the track ends: many
 * programs round that to milliseconds, and FFmpeg's, which the official program reads with, leave it too. */
#include "audio/ffmpeg_decoder.h"

#include "audio/ffmpeg_kind.h"
#include "audio/ffmpeg_opus.h"

bool ffmpeg_decoder_open(ffmpeg_decoder *self, ffmpeg_input *input, const char *path, demucs_error *error)
{
    const AVStream *stream = input->stream;
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    *self = (ffmpeg_decoder){.input = input, .path = path};
    if (codec == NULL)
        return !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "the audio is of a type that cannot be decoded (%s)",
                           avcodec_get_name(stream->codecpar->codec_id));
    self->codec = avcodec_alloc_context3(codec);
    self->packet = av_packet_alloc();
    self->frame = av_frame_alloc();
    if (self->codec == NULL || self->packet == NULL || self->frame == NULL ||
        avcodec_parameters_to_context(self->codec, stream->codecpar) < 0)
        return !dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to open the file");
    self->codec->pkt_timebase = stream->time_base;
    if (avcodec_open2(self->codec, codec, NULL) < 0)
        return !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT,
                           "the %s decoder refuses this file: it is damaged or of an unusual kind",
                           avcodec_get_name(stream->codecpar->codec_id));
    return true;
}

void ffmpeg_decoder_close(ffmpeg_decoder *self)
{
    av_frame_free(&self->frame);
    av_packet_free(&self->packet);
    avcodec_free_context(&self->codec);
}

/* ---- decoding ---- */

/* A result of libavcodec other than success: does it mean that nothing more will come (true), or only that a packet
 * was damaged? */
static bool is_fatal(ffmpeg_decoder *self, int result)
{
    if (result == AVERROR(ENOMEM)) return true;
    self->lost++;
    self->damaged += !self->in_damage;
    self->in_damage = true;
    return false;
}

/* Hand the codec the next packet of our stream, or tell it that there is none. False when memory is short. */
static bool feed(ffmpeg_decoder *self)
{
    int result;
    do {
        av_packet_unref(self->packet);
        result = ffmpeg_input_read(self->input, self->packet);
    } while (result == AVERROR(EAGAIN) || (result >= 0 && self->packet->stream_index != self->input->stream->index));

    if (result < 0) {
        if (result == AVERROR(ENOMEM)) return false;
        if (result != AVERROR_EOF)
            self->damaged += !self->in_damage; /* the rest cannot be read: cut off, or a bad disk */
        self->draining = true;
        avcodec_send_packet(self->codec, NULL);
        return true;
    }
    if (ffmpeg_opus_chain(self->codec, self->packet, &self->pre_skip)) return true;
    self->packets++;
    self->encrypted = self->encrypted || ffmpeg_input_encrypted(self->input, self->packet);
    if (self->encrypted) return true; /* a codec would make noise of it */
    result = avcodec_send_packet(self->codec, self->packet);
    av_packet_unref(self->packet);
    return result >= 0 || !is_fatal(self, result);
}

int ffmpeg_decoder_next(ffmpeg_decoder *self)
{
    for (;;) {
        int result = avcodec_receive_frame(self->codec, self->frame);
        if (result >= 0 && self->frame->nb_samples > 0) return 1;
        if (result >= 0) continue;
        if (result == AVERROR_EOF) return 0;
        if (result != AVERROR(EAGAIN) && is_fatal(self, result)) return -1;
        /* A codec that fails without taking anything in must not be asked for ever. */
        if (self->draining || self->encrypted) return 0;
        if (!feed(self)) return -1;
    }
}

/* FFmpeg's decoders of MPEG audio put the old rate on the first frame after a change, and learn the new one with it. */
int ffmpeg_decoder_rate_hz(const ffmpeg_decoder *self)
{
    const enum AVCodecID id = self->codec->codec_id;
    const bool late = id == AV_CODEC_ID_MP1 || id == AV_CODEC_ID_MP2 || id == AV_CODEC_ID_MP3;
    if (late && self->codec->sample_rate > 0) return self->codec->sample_rate;
    return self->frame->sample_rate > 0 ? self->frame->sample_rate : self->codec->sample_rate;
}

/* ---- what the samples were ---- */

/* DTS is with loss or without, which its decoder tells by giving floats or integers; WavPack gives what it was made of.
 */
static bool is_lossless(const ffmpeg_decoder *self, bool floats)
{
    const AVCodecDescriptor *codec = avcodec_descriptor_get(self->codec->codec_id);
    if (codec == NULL || (codec->props & AV_CODEC_PROP_LOSSLESS) == 0) return false;
    return (codec->props & AV_CODEC_PROP_LOSSY) == 0 || !floats || codec->id == AV_CODEC_ID_WAVPACK;
}

bool ffmpeg_decoder_sample(const ffmpeg_decoder *self, audio_sample *sample)
{
    const enum AVSampleFormat form = av_get_packed_sample_fmt(self->codec->sample_fmt);
    const bool floats = form == AV_SAMPLE_FMT_FLT || form == AV_SAMPLE_FMT_DBL;
    const int stated = self->input->valid_bits > 0 ? self->input->valid_bits : self->codec->bits_per_raw_sample,
              bits = stated > 0 ? stated : 8 * av_get_bytes_per_sample(form);
    if (!is_lossless(self, floats)) return false;
    *sample = floats || bits > 24 ? AUDIO_FLOAT32 : bits > 16 ? AUDIO_INT24 : AUDIO_INT16;
    return true;
}

/* ---- the end ---- */

bool ffmpeg_decoder_check(const ffmpeg_decoder *self, demucs_error *error)
{
    if (self->encrypted)
        return !dmx_refuse(self->path, error, DEMUCS_ERROR_FORMAT,
                           "the audio is encrypted (DRM); only a copy without protection can be read");
    if (self->packets >= 10 && self->lost >= self->packets - self->packets / 10)
        return !dmx_refuse(self->path, error, DEMUCS_ERROR_FORMAT,
                           "almost nothing of the audio could be decoded; the file is damaged or encrypted");
    return true;
}

bool ffmpeg_decoder_refuse(const ffmpeg_decoder *self, demucs_error *error)
{
    const AVCodecParameters *sound = self->input->stream->codecpar;
    if (!ffmpeg_decoder_check(self, error) || ffmpeg_kind_is_beyond(sound, self->path, error)) return false;
    if (self->packets == 0 && self->input->announced == 0)
        return !dmx_refuse(self->path, error, DEMUCS_ERROR_FORMAT, "the audio stream is empty");
    if (self->packets == 0 && (self->input->io->seekable & AVIO_SEEKABLE_NORMAL) == 0)
        return !dmx_refuse(self->path, error, DEMUCS_ERROR_FORMAT,
                           "its index stands at the end, so it cannot be read through a pipe; save it as a file first");
    return ffmpeg_refuse_kind(sound, self->path, error);
}
