/* ffmpeg_writer.c - what libavcodec and libavformat write for us: flac, ogg (Vorbis), opus, m4a (AAC or ALAC), aiff.
 *
 *   planes --the encoder's sample type--> frame (its block size) --> packet --> muxer --> our output
 *
 * A container is a row of `kinds`. FLAC is at FFmpeg's default level, as the official program writes it by running
 * ffmpeg.
 *
 * The encoder of a lossy format begins late, by its delay, and ends late, by what fills up its last block. It tells the
 * muxer both, and the file says them: the granule positions of Ogg, the pre-skip of Opus, the edit list of m4a. So the
 * decoded file has the frames of the input, each in its place.
 *
 * Muxers seek back at the end, to put lengths, sums and indices into the header. */
#include "audio/encoder.h"
#include "audio/ffmpeg_compat.h"
#include "audio/ffmpeg_log.h"
#include "audio/pcm.h"
#include "base/alloc.h"

#include <string.h>

#define IO_BUFFER_BYTES 32768
#define BLOCK_FRAMES    4096 /* for encoders that take blocks of any size */

/* How a container is written, by the type of the samples: int16, int24, float32. */
typedef struct kind {
    const char *ending, *codec; /* in sentences */
    const char *muxer;          /* libavformat's name */
    const char *encoders[3];    /* libavcodec's names; NULL: the container has no such samples */
    enum AVSampleFormat samples[3];
    int kbps_per_channel; /* of a lossy format, when none is asked for */
    int quality;          /* instead of it: on the encoder's own scale */
} kind;

#define LOSSY(encoder, sample)                                                                                         \
    {encoder, encoder, encoder}, { sample, sample, sample }

static const kind kinds[] = {
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
};

typedef struct ffmpeg_writer {
    const kind *kind;
    dmx_file *output;
    bool nearest; /* audio_format */
    AVCodecContext *encoder;
    AVFormatContext *muxer;
    AVIOContext *io;
    AVPacket *packet;
    AVFrame *frame; /* of `block` frames, filled up to `filled` */
    int block, filled;
    int64_t position; /* frames handed to the encoder */
    int64_t packets;  /* handed to the muxer */
} ffmpeg_writer;

/* ---- libavformat writes through these ---- */

static int write_bytes(void *opaque, ffmpeg_write_byte *bytes, int count)
{
    return dmx_file_write(opaque, bytes, (size_t)count) ? count : AVERROR(EIO);
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence)
{
    if ((whence & AVSEEK_SIZE) != 0) return (int64_t)dmx_file_size(opaque);
    if (whence != SEEK_SET || offset < 0) return AVERROR(EINVAL);
    return dmx_file_seek(opaque, (uint64_t)offset) ? offset : AVERROR(EIO);
}

/* ---- encoding ---- */

/* A failed write is the usual reason, and has a better sentence than the codec's. */
static bool encoder_fail(ffmpeg_writer *self, demucs_error *error)
{
    if (self->io->error != 0) return !dmx_file_fail(self->output, error);
    return !dmx_refuse(dmx_file_path(self->output), error, DEMUCS_ERROR_FORMAT, "the %s encoder failed",
                       self->kind->codec);
}

/* Encode one frame (NULL: the end) and write the packets that come out. */
static bool encode(ffmpeg_writer *self, const AVFrame *frame, demucs_error *error)
{
    int result = avcodec_send_frame(self->encoder, frame);
    while (result >= 0) {
        result = avcodec_receive_packet(self->encoder, self->packet);
        if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return true;
        if (result >= 0) {
            av_packet_rescale_ts(self->packet, self->encoder->time_base, self->muxer->streams[0]->time_base);
            result = av_write_frame(self->muxer, self->packet);
            av_packet_unref(self->packet);
            /* A page of its own for the first packet of an Ogg, which says the delay: FFmpeg's reader does not look for
             * it on a page that is the last as well. */
            if (result >= 0 && self->packets++ == 0) result = av_write_frame(self->muxer, NULL);
        }
        if (self->io->error != 0) break;
    }
    return encoder_fail(self, error);
}

/* Encode what is in self->frame. */
static bool encode_filled(ffmpeg_writer *self, demucs_error *error)
{
    self->frame->nb_samples = self->filled;
    self->frame->pts = self->position;
    self->position += self->filled;
    self->filled = 0;
    return encode(self, self->frame, error);
}

/* Add frames behind those that the frame holds: all channels to one plane, or each to its own. */
static void fill(ffmpeg_writer *self, const float *const *planes, size_t start, size_t frames)
{
    const int channels = ffmpeg_encoder_channels(self->encoder);
    const bool planar = av_sample_fmt_is_planar(self->encoder->sample_fmt);
    const enum AVSampleFormat sample = av_get_packed_sample_fmt(self->encoder->sample_fmt);
    const bool bounded = self->kind->encoders[AUDIO_INT16] == self->kind->encoders[AUDIO_FLOAT32];
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

static bool writer_write(void *state, const float *const *planes, size_t frames, demucs_error *error)
{
    ffmpeg_writer *self = state;
    for (size_t start = 0; start < frames;) {
        /* The encoder may still refer to the buffer of the last frame. */
        self->frame->nb_samples = self->block;
        if (self->filled == 0 && av_frame_make_writable(self->frame) < 0) return encoder_fail(self, error);
        size_t count = (size_t)(self->block - self->filled);
        if (count > frames - start) count = frames - start;
        fill(self, planes, start, count);
        self->filled += (int)count;
        start += count;
        if (self->filled == self->block && !encode_filled(self, error)) return false;
    }
    return true;
}

static bool writer_finish(void *state, demucs_error *error)
{
    ffmpeg_writer *self = state;
    if (self->filled > 0 && !encode_filled(self, error)) return false;
    if (!encode(self, NULL, error)) return false;
    int result = av_write_trailer(self->muxer);
    avio_flush(self->io);
    return (result >= 0 && self->io->error == 0) || encoder_fail(self, error);
}

/* ---- opening ---- */

static bool no_memory(const ffmpeg_writer *self, demucs_error *error)
{
    return !dmx_refuse(dmx_file_path(self->output), error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
}

/* The rate is that of the whole file; an encoder without one of its own takes it as a hint. */
static void set_rate(ffmpeg_writer *self, const audio_format *format)
{
    const kind *row = self->kind;
    const int kbps = format->bitrate_kbps > 0 ? format->bitrate_kbps : row->kbps_per_channel * format->channels;
    self->encoder->bit_rate = (int64_t)kbps * 1000;
    if (kbps > 0 || row->quality == 0) return;
    self->encoder->flags |= AV_CODEC_FLAG_QSCALE;
    self->encoder->global_quality = row->quality * FF_QP2LAMBDA;
}

static bool refuse_format(const ffmpeg_writer *self, const audio_format *format, demucs_error *error)
{
    const char *path = dmx_file_path(self->output);
    const bool lossy = self->kind->kbps_per_channel > 0 || self->kind->quality > 0;
    if (lossy && format->bitrate_kbps > 0)
        return !dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT,
                           "%s cannot hold %d channels at %d Hz with %d kb/s: leave the bit rate to it, or write wav",
                           self->kind->codec, format->channels, format->sample_rate_hz, format->bitrate_kbps);
    return !dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT, "a %s file cannot hold %d channels at %d Hz: write wav",
                       self->kind->ending, format->channels, format->sample_rate_hz);
}

static bool open_encoder(ffmpeg_writer *self, const audio_format *format, demucs_error *error)
{
    const kind *row = self->kind;
    const AVCodec *codec = avcodec_find_encoder_by_name(row->encoders[format->sample]);
    if (codec == NULL)
        return !dmx_refuse(dmx_file_path(self->output), error, DEMUCS_ERROR_UNSUPPORTED,
                           "this FFmpeg was built without its %s encoder (%s): write wav or another format", row->codec,
                           row->encoders[format->sample]);
    self->encoder = avcodec_alloc_context3(codec);
    if (self->encoder == NULL) return no_memory(self, error);
    self->encoder->sample_rate = format->sample_rate_hz;
    self->encoder->time_base = (AVRational){1, format->sample_rate_hz};
    self->encoder->sample_fmt = row->samples[format->sample];
    if (row->encoders[AUDIO_FLOAT32] == NULL)
        self->encoder->bits_per_raw_sample = format->sample == AUDIO_INT16 ? 16 : 24;
    ffmpeg_encoder_set_channels(self->encoder, format->channels);
    set_rate(self, format);
    if ((self->muxer->oformat->flags & AVFMT_GLOBALHEADER) != 0) self->encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (avcodec_open2(self->encoder, codec, NULL) < 0) return refuse_format(self, format, error);
    self->block = self->encoder->frame_size > 0 ? self->encoder->frame_size : BLOCK_FRAMES;
    return true;
}

static bool open_frame(ffmpeg_writer *self, demucs_error *error)
{
    self->packet = av_packet_alloc();
    self->frame = av_frame_alloc();
    if (self->packet == NULL || self->frame == NULL) return no_memory(self, error);
    self->frame->format = self->encoder->sample_fmt;
    self->frame->sample_rate = self->encoder->sample_rate;
    self->frame->nb_samples = self->block;
    return (ffmpeg_frame_set_layout(self->frame, self->encoder) && av_frame_get_buffer(self->frame, 0) >= 0) ||
           no_memory(self, error);
}

static bool open_muxer(ffmpeg_writer *self, demucs_error *error)
{
    if (avformat_alloc_output_context2(&self->muxer, NULL, self->kind->muxer, NULL) < 0)
        return !dmx_refuse(dmx_file_path(self->output), error, DEMUCS_ERROR_UNSUPPORTED,
                           "this FFmpeg was built without its %s format: write wav or another format",
                           self->kind->muxer);
    unsigned char *buffer = av_malloc(IO_BUFFER_BYTES);
    if (buffer == NULL) return no_memory(self, error);
    self->io = avio_alloc_context(buffer, IO_BUFFER_BYTES, 1, self->output, NULL, write_bytes, seek_bytes);
    if (self->io == NULL) {
        av_free(buffer);
        return no_memory(self, error);
    }
    self->muxer->pb = self->io;
    /* Ogg streams get a random number otherwise: the same sound has to give the same file. */
    if (strcmp(self->kind->muxer, "flac") != 0) self->muxer->flags |= AVFMT_FLAG_BITEXACT;
    return true;
}

static bool begin_file(ffmpeg_writer *self, demucs_error *error)
{
    AVStream *stream = avformat_new_stream(self->muxer, NULL);
    if (stream == NULL || avcodec_parameters_from_context(stream->codecpar, self->encoder) < 0)
        return no_memory(self, error);
    stream->time_base = self->encoder->time_base;
    /* The edit list of m4a, and so its length, is in these units; milliseconds by default. Others have no such option.
     */
    av_opt_set_int(self->muxer->priv_data, "movie_timescale", self->encoder->sample_rate, 0);
    return (avformat_write_header(self->muxer, NULL) >= 0 && self->io->error == 0) || encoder_fail(self, error);
}

static void writer_free(void *state)
{
    ffmpeg_writer *self = state;
    if (self == NULL) return;
    avformat_free_context(self->muxer);
    if (self->io != NULL) av_freep(&self->io->buffer);
    avio_context_free(&self->io);
    av_frame_free(&self->frame);
    av_packet_free(&self->packet);
    avcodec_free_context(&self->encoder);
    dmx_free(self);
}

static void *writer_open(dmx_file *output, const audio_format *format, demucs_error *error)
{
    const kind *row = &kinds[format->container];
    ffmpeg_quiet_log();
    if (row->encoders[format->sample] == NULL) {
        dmx_refuse(dmx_file_path(output), error, DEMUCS_ERROR_ARGUMENT,
                   "a %s file of %s holds integers: choose 16 or 24 bits, or write wav", row->ending, row->codec);
        return NULL;
    }
    ffmpeg_writer *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) {
        dmx_refuse(dmx_file_path(output), error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
        return NULL;
    }
    self->kind = row;
    self->output = output;
    self->nearest = format->nearest;
    if (open_muxer(self, error) && open_encoder(self, format, error) && open_frame(self, error) &&
        begin_file(self, error))
        return self;
    writer_free(self);
    return NULL;
}

const audio_encoder audio_ffmpeg_encoder = {writer_open, writer_write, writer_finish, writer_free};
