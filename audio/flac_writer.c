/* flac_writer.c - FLAC by libavcodec and libavformat, 16 or 24 bits, at FFmpeg's default level, as the official program
 * writes it by running ffmpeg.
 *
 *   planes --int16 or int24 in 32--> frame (the encoder's block size) --> packet --> muxer --> our output
 *
 * The muxer seeks back at the end to put length and MD5 sum into the header. */
#include "audio/encoder.h"
#include "audio/ffmpeg_compat.h"
#include "audio/ffmpeg_log.h"
#include "audio/pcm.h"
#include "base/alloc.h"

#define IO_BUFFER_BYTES 32768

typedef struct flac_writer {
    dmx_file *output;
    AVCodecContext *encoder;
    AVFormatContext *muxer;
    AVIOContext *io;
    AVPacket *packet;
    AVFrame *frame; /* of encoder->frame_size frames, filled up to `filled` */
    int filled;
    int64_t position; /* frames handed to the encoder */
} flac_writer;

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
static bool flac_fail(flac_writer *flac, demucs_error *error)
{
    if (flac->io->error != 0) return !dmx_file_fail(flac->output, error);
    return !dmx_refuse(dmx_file_path(flac->output), error, DEMUCS_ERROR_FORMAT, "the FLAC encoder failed");
}

/* Encode one frame (NULL: the end) and write the packets that come out. */
static bool encode(flac_writer *flac, const AVFrame *frame, demucs_error *error)
{
    int result = avcodec_send_frame(flac->encoder, frame);
    while (result >= 0) {
        result = avcodec_receive_packet(flac->encoder, flac->packet);
        if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return true;
        if (result >= 0) {
            av_packet_rescale_ts(flac->packet, flac->encoder->time_base, flac->muxer->streams[0]->time_base);
            result = av_write_frame(flac->muxer, flac->packet);
            av_packet_unref(flac->packet);
        }
        if (flac->io->error != 0) break;
    }
    return flac_fail(flac, error);
}

/* Encode what is in flac->frame. */
static bool encode_filled(flac_writer *flac, demucs_error *error)
{
    flac->frame->nb_samples = flac->filled;
    flac->frame->pts = flac->position;
    flac->position += flac->filled;
    flac->filled = 0;
    return encode(flac, flac->frame, error);
}

static bool flac_write(void *state, const float *const *planes, size_t frames, demucs_error *error)
{
    flac_writer *flac = state;
    const int frame_size = flac->encoder->frame_size, channels = ffmpeg_encoder_channels(flac->encoder);
    for (size_t start = 0; start < frames;) {
        /* The encoder may still refer to the buffer of the last frame. */
        flac->frame->nb_samples = frame_size;
        if (flac->filled == 0 && av_frame_make_writable(flac->frame) < 0) return flac_fail(flac, error);
        size_t count = (size_t)(frame_size - flac->filled);
        if (count > frames - start) count = frames - start;
        const size_t filled_samples = (size_t)flac->filled * (size_t)channels;
        if (flac->encoder->sample_fmt == AV_SAMPLE_FMT_S16)
            audio_pcm_int16((int16_t *)(void *)flac->frame->data[0] + filled_samples, planes, start, count, channels);
        else
            audio_pcm_int24((int32_t *)(void *)flac->frame->data[0] + filled_samples, planes, start, count, channels);
        flac->filled += (int)count;
        start += count;
        if (flac->filled == frame_size && !encode_filled(flac, error)) return false;
    }
    return true;
}

static bool flac_finish(void *state, demucs_error *error)
{
    flac_writer *flac = state;
    if (flac->filled > 0 && !encode_filled(flac, error)) return false;
    if (!encode(flac, NULL, error)) return false;
    int result = av_write_trailer(flac->muxer);
    avio_flush(flac->io);
    return (result >= 0 && flac->io->error == 0) || flac_fail(flac, error);
}

/* ---- opening ---- */

static bool open_encoder(flac_writer *flac, const audio_format *format, demucs_error *error)
{
    const char *path = dmx_file_path(flac->output);
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_FLAC);
    if (codec == NULL)
        return !dmx_refuse(path, error, DEMUCS_ERROR_UNSUPPORTED,
                           "this FFmpeg was built without its FLAC encoder: write wav");
    flac->encoder = avcodec_alloc_context3(codec);
    if (flac->encoder == NULL)
        return !dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
    flac->encoder->sample_rate = format->sample_rate_hz;
    flac->encoder->time_base = (AVRational){1, format->sample_rate_hz};
    flac->encoder->sample_fmt = format->sample == AUDIO_INT16 ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_S32;
    flac->encoder->bits_per_raw_sample = format->sample == AUDIO_INT16 ? 16 : 24;
    ffmpeg_encoder_set_channels(flac->encoder, format->channels);
    if (avcodec_open2(flac->encoder, codec, NULL) < 0)
        return !dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT,
                           "a flac file cannot hold %d channels at %d Hz: write wav", format->channels,
                           format->sample_rate_hz);
    return true;
}

static bool open_frame(flac_writer *flac, demucs_error *error)
{
    flac->packet = av_packet_alloc();
    flac->frame = av_frame_alloc();
    if (flac->packet == NULL || flac->frame == NULL) goto no_memory;
    flac->frame->format = flac->encoder->sample_fmt;
    flac->frame->sample_rate = flac->encoder->sample_rate;
    flac->frame->nb_samples = flac->encoder->frame_size;
    if (!ffmpeg_frame_set_layout(flac->frame, flac->encoder) || av_frame_get_buffer(flac->frame, 0) < 0) goto no_memory;
    return true;
no_memory:
    return !dmx_refuse(dmx_file_path(flac->output), error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
}

static bool open_muxer(flac_writer *flac, demucs_error *error)
{
    const char *path = dmx_file_path(flac->output);
    unsigned char *buffer = av_malloc(IO_BUFFER_BYTES);
    if (buffer == NULL) goto no_memory;
    flac->io = avio_alloc_context(buffer, IO_BUFFER_BYTES, 1, flac->output, NULL, write_bytes, seek_bytes);
    if (flac->io == NULL) {
        av_free(buffer);
        goto no_memory;
    }
    if (avformat_alloc_output_context2(&flac->muxer, NULL, "flac", NULL) < 0)
        return !dmx_refuse(path, error, DEMUCS_ERROR_UNSUPPORTED,
                           "this FFmpeg was built without its FLAC format: write wav");
    flac->muxer->pb = flac->io;
    AVStream *stream = avformat_new_stream(flac->muxer, NULL);
    if (stream == NULL || avcodec_parameters_from_context(stream->codecpar, flac->encoder) < 0) goto no_memory;
    stream->time_base = flac->encoder->time_base;
    if (avformat_write_header(flac->muxer, NULL) < 0 || flac->io->error != 0) return flac_fail(flac, error);
    return true;
no_memory:
    return !dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
}

static void flac_free(void *state)
{
    flac_writer *flac = state;
    if (flac == NULL) return;
    avformat_free_context(flac->muxer);
    if (flac->io != NULL) av_freep(&flac->io->buffer);
    avio_context_free(&flac->io);
    av_frame_free(&flac->frame);
    av_packet_free(&flac->packet);
    avcodec_free_context(&flac->encoder);
    dmx_free(flac);
}

static void *flac_open(dmx_file *output, const audio_format *format, demucs_error *error)
{
    ffmpeg_quiet_log();
    if (format->sample == AUDIO_FLOAT32) {
        dmx_refuse(dmx_file_path(output), error, DEMUCS_ERROR_ARGUMENT,
                   "a flac file holds integers: choose 16 or 24 bits, or write wav");
        return NULL;
    }
    flac_writer *flac = dmx_alloc(1, sizeof *flac);
    if (flac == NULL) {
        dmx_refuse(dmx_file_path(output), error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
        return NULL;
    }
    flac->output = output;
    if (open_encoder(flac, format, error) && open_frame(flac, error) && open_muxer(flac, error)) return flac;
    flac_free(flac);
    return NULL;
}

const audio_encoder audio_flac_encoder = {flac_open, flac_write, flac_finish, flac_free};
