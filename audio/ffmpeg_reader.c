/* ffmpeg_reader.c - audio_reader: packets -> decoded frames -> planar float at one rate and layout.
 *
 *   ffmpeg_input --packet--> decoder --frame--> converter --planar float--> pending --copy--> the caller's planes
 *
 * Encoder delay and padding (gapless MP3, AAC, Opus) are trimmed by the decoder: libavformat attaches the counts to
 * packets. The converter (libswresample) changes the sample type only; integers scale by a power of two. What comes
 * out is what `ffmpeg -i FILE -map 0:a:N -f f32le` writes, sample for sample.
 *
 * Rate and layout of the first frame are those of the reader, but a rate over 768 kHz is halved. A stream that changes
 * them later (a broadcast that goes from 5.1 to stereo) is converted back to the first, as the ffmpeg program does. */
#include "audio/audio.h"
#include "audio/ffmpeg_compat.h"
#include "audio/ffmpeg_input.h"
#include "audio/ffmpeg_kind.h"
#include "audio/ffmpeg_opus.h"
#include "base/alloc.h"

#include <string.h>

#define MAX_CHANNELS    64
#define MAX_RATE_HZ     768000 /* what is above, such as DSD, is brought down by the converter */
#define MAX_GAP_SECONDS 600    /* of silence for one damaged place */

struct audio_reader {
    char *path;
    ffmpeg_input input;
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *frame;
    bool draining; /* no packet is left; the decoder is giving out what it still holds */
    bool at_end;
    bool failed;
    bool encrypted;
    size_t damaged;         /* places; packets that fail one after the other are one */
    bool in_damage;         /* nothing could be decoded since the last failure */
    uint64_t packets, lost; /* handed to the decoder; refused by it */
    unsigned pre_skip;      /* of the next file in a chain of Opus files, to be cut off */
    int64_t next_pts;       /* when the next frame begins, in the stream's time base, if nothing is missing */
    uint64_t silence;       /* frames of silence that come before the pending ones */
    uint64_t frames;        /* put out or waiting, so far */

    int sample_rate_hz; /* what comes out: the first frame's */
    ffmpeg_layout layout;
    SwrContext *converter;
    enum AVSampleFormat from_format; /* what goes into the converter: the latest frame's */
    int from_rate_hz;
    ffmpeg_layout from_layout;

    float *pending[MAX_CHANNELS]; /* [channels][pending_capacity], converted and not yet read */
    size_t pending_capacity;
    size_t pending_start, pending_frames;
};

/* ---- decoding ---- */

/* A result of libavcodec other than success: does it mean that nothing more will come (true), or only that a packet
 * was damaged? */
static bool is_fatal(audio_reader *reader, int result)
{
    if (result == AVERROR(ENOMEM)) return true;
    reader->lost++;
    reader->damaged += !reader->in_damage;
    reader->in_damage = true;
    return false;
}

/* Hand the decoder the next packet of our stream, or tell it that there is none. False when memory is short. */
static bool feed_decoder(audio_reader *reader)
{
    int result;
    do {
        av_packet_unref(reader->packet);
        result = av_read_frame(reader->input.container, reader->packet);
    } while (result == AVERROR(EAGAIN) || (result >= 0 && reader->packet->stream_index != reader->input.stream->index));

    if (result < 0) {
        if (result == AVERROR(ENOMEM)) return false;
        if (result != AVERROR_EOF)
            reader->damaged += !reader->in_damage; /* the rest cannot be read: cut off, or a bad disk */
        reader->draining = true;
        avcodec_send_packet(reader->decoder, NULL);
        return true;
    }
    if (ffmpeg_opus_chain(reader->decoder, reader->packet, &reader->pre_skip)) return true;
    reader->packets++;
    reader->encrypted = reader->encrypted || ffmpeg_input_encrypted(&reader->input, reader->packet);
    if (reader->encrypted) return true; /* a decoder would make noise of it */
    result = avcodec_send_packet(reader->decoder, reader->packet);
    av_packet_unref(reader->packet);
    return result >= 0 || !is_fatal(reader, result);
}

/* Decode until there is a frame in reader->frame: 1, or 0 at the end, or -1 without memory. */
static int decode_frame(audio_reader *reader)
{
    for (;;) {
        int result = avcodec_receive_frame(reader->decoder, reader->frame);
        if (result >= 0 && reader->frame->nb_samples > 0) return 1;
        if (result >= 0) continue;
        if (result == AVERROR_EOF) return 0;
        if (result != AVERROR(EAGAIN) && is_fatal(reader, result)) return -1;
        /* A decoder that fails without taking anything in must not be asked for ever. */
        if (reader->draining || reader->encrypted) return 0;
        if (!feed_decoder(reader)) return -1;
    }
}

/* ---- conversion ---- */

static int frame_rate_hz(const audio_reader *reader)
{
    return reader->frame->sample_rate > 0 ? reader->frame->sample_rate : reader->decoder->sample_rate;
}

/* Make room for `frames` more pending frames. */
static bool reserve_pending(audio_reader *reader, size_t frames)
{
    size_t capacity = reader->pending_frames + frames;
    if (capacity <= reader->pending_capacity) return true;
    for (int channel = 0; channel < ffmpeg_layout_channels(&reader->layout); channel++) {
        float *plane = dmx_realloc(reader->pending[channel], reader->pending_capacity, capacity, sizeof *plane);
        if (plane == NULL) return false;
        reader->pending[channel] = plane;
    }
    reader->pending_capacity = capacity;
    return true;
}

/* Convert `frames` samples per channel and append them to the pending ones; NULL: what the converter still holds (it
 * holds something only while it changes the rate). */
static bool convert(audio_reader *reader, uint8_t **data, int frames)
{
    int room = swr_get_out_samples(reader->converter, frames);
    if (room < 0 || !reserve_pending(reader, (size_t)room)) return false;
    uint8_t *out[MAX_CHANNELS] = {NULL};
    for (int channel = 0; channel < ffmpeg_layout_channels(&reader->layout); channel++)
        out[channel] = (uint8_t *)(reader->pending[channel] + reader->pending_frames);
    int converted = swr_convert(reader->converter, out, room, (const uint8_t **)data, frames);
    if (converted < 0) return false;
    reader->pending_frames += (size_t)converted;
    reader->frames += (uint64_t)converted;
    return true;
}

/* Set the converter up for frames like the present one. */
static bool open_converter(audio_reader *reader, demucs_error *error)
{
    swr_free(&reader->converter);
    ffmpeg_layout_free(&reader->from_layout);
    reader->from_format = (enum AVSampleFormat)reader->frame->format;
    reader->from_rate_hz = frame_rate_hz(reader);
    if (!ffmpeg_layout_of_frame(&reader->from_layout, reader->frame)) goto fail;
    reader->converter = ffmpeg_converter_alloc(&reader->layout, AV_SAMPLE_FMT_FLTP, reader->sample_rate_hz,
                                               &reader->from_layout, reader->from_format, reader->from_rate_hz);
    if (reader->converter == NULL || swr_init(reader->converter) < 0) goto fail;
    return true;
fail:
    swr_free(&reader->converter);
    return !dmx_refuse(reader->path, error, DEMUCS_ERROR_FORMAT,
                       "cannot convert %d channels at %d Hz to %d channels at %d Hz",
                       ffmpeg_layout_channels(&reader->from_layout), reader->from_rate_hz,
                       ffmpeg_layout_channels(&reader->layout), reader->sample_rate_hz);
}

static bool converter_fits(const audio_reader *reader)
{
    return reader->converter != NULL && reader->from_format == reader->frame->format &&
           reader->from_rate_hz == frame_rate_hz(reader) &&
           ffmpeg_frame_has_layout(reader->frame, &reader->from_layout);
}

/* ---- damage ---- */

/* Frames that were lost before the present one. They are put out as silence, so that all that follows stays in time.
 * How many they are is said by the time stamps; since these lie in a damaged file, it is no more than the file is long.
 */
static uint64_t lost_frames(const audio_reader *reader)
{
    const AVRational unit = reader->input.stream->time_base, one_frame = {1, reader->sample_rate_hz};
    const int64_t pts = reader->frame->best_effort_timestamp;
    if (!reader->in_damage || pts == AV_NOPTS_VALUE || reader->next_pts == AV_NOPTS_VALUE) return 0;
    const int64_t gap = av_rescale_q(av_sat_sub64(pts, reader->next_pts), unit, one_frame);
    uint64_t most = (uint64_t)MAX_GAP_SECONDS * (uint64_t)reader->sample_rate_hz;
    const uint64_t announced = audio_reader_announced_frames(reader);
    if (announced > 0 && announced < reader->frames + most)
        most = announced > reader->frames ? announced - reader->frames : 0;
    if (gap <= 0) return 0;
    return (uint64_t)gap < most ? (uint64_t)gap : most;
}

/* The present frame is good. */
static void pass_damage(audio_reader *reader)
{
    const AVRational unit = reader->input.stream->time_base, one_frame = {1, frame_rate_hz(reader)};
    const int64_t pts = reader->frame->best_effort_timestamp;
    reader->silence = lost_frames(reader);
    reader->frames += reader->silence;
    reader->in_damage = false;
    if (pts != AV_NOPTS_VALUE) reader->next_pts = pts;
    if (reader->next_pts != AV_NOPTS_VALUE)
        reader->next_pts = av_sat_add64(reader->next_pts, av_rescale_q(reader->frame->nb_samples, one_frame, unit));
}

/* Whether what was decoded up to the end deserves the name. */
static bool check_end(const audio_reader *reader, demucs_error *error)
{
    if (reader->encrypted)
        return !dmx_refuse(reader->path, error, DEMUCS_ERROR_FORMAT,
                           "the audio is encrypted (DRM); only a copy without protection can be read");
    if (reader->packets >= 10 && reader->lost >= reader->packets - reader->packets / 10)
        return !dmx_refuse(reader->path, error, DEMUCS_ERROR_FORMAT,
                           "almost nothing of the audio could be decoded; the file is damaged or encrypted");
    return true;
}

/* Decode and convert one more frame into the (empty) pending buffer, or find the end. */
static bool refill(audio_reader *reader, demucs_error *error)
{
    reader->pending_start = reader->pending_frames = 0;
    int decoded = decode_frame(reader);
    if (decoded < 0) goto no_memory;
    if (decoded == 0) {
        reader->at_end = true;
        /* the torn packet where a file is cut off is no place of its own */
        reader->damaged -= reader->in_damage && audio_reader_announced_frames(reader) > reader->frames;
        if (!convert(reader, NULL, 0)) goto no_memory;
        return check_end(reader, error);
    }
    pass_damage(reader);
    if (!converter_fits(reader)) {
        if (!convert(reader, NULL, 0)) goto no_memory;
        if (!open_converter(reader, error)) return false;
    }
    if (!convert(reader, reader->frame->extended_data, reader->frame->nb_samples)) goto no_memory;
    return true;
no_memory:
    return !dmx_refuse(reader->path, error, DEMUCS_ERROR_MEMORY, "not enough memory to decode");
}

/* ---- opening ---- */

static bool open_decoder(audio_reader *reader, demucs_error *error)
{
    const AVStream *stream = reader->input.stream;
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    if (codec == NULL)
        return !dmx_refuse(reader->path, error, DEMUCS_ERROR_FORMAT,
                           "the audio is of a type that cannot be decoded (%s)",
                           avcodec_get_name(stream->codecpar->codec_id));
    reader->decoder = avcodec_alloc_context3(codec);
    reader->packet = av_packet_alloc();
    reader->frame = av_frame_alloc();
    if (reader->decoder == NULL || reader->packet == NULL || reader->frame == NULL ||
        avcodec_parameters_to_context(reader->decoder, stream->codecpar) < 0)
        return !dmx_refuse(reader->path, error, DEMUCS_ERROR_MEMORY, "not enough memory to open the file");
    reader->decoder->pkt_timebase = stream->time_base;
    if (avcodec_open2(reader->decoder, codec, NULL) < 0)
        return !dmx_refuse(reader->path, error, DEMUCS_ERROR_FORMAT,
                           "the %s decoder refuses this file: it is damaged or of an unusual kind",
                           avcodec_get_name(stream->codecpar->codec_id));
    return true;
}

/* Nothing could be decoded: say why. Always false. */
static bool refuse_silence(const audio_reader *reader, demucs_error *error)
{
    if (!check_end(reader, error)) return false;
    if (reader->packets == 0 && reader->input.announced == 0)
        return !dmx_refuse(reader->path, error, DEMUCS_ERROR_FORMAT, "the audio stream is empty");
    if (reader->packets == 0 && (reader->input.io->seekable & AVIO_SEEKABLE_NORMAL) == 0)
        return !dmx_refuse(reader->path, error, DEMUCS_ERROR_FORMAT,
                           "its index stands at the end, so it cannot be read through a pipe; save it as a file first");
    return ffmpeg_refuse_kind(reader->input.stream->codecpar, reader->path, error);
}

/* Only the first decoded frame tells the true rate and layout (AAC with SBR, for one, doubles its rate there). */
static bool read_first_frame(audio_reader *reader, demucs_error *error)
{
    int decoded = decode_frame(reader);
    if (decoded < 0) return !dmx_refuse(reader->path, error, DEMUCS_ERROR_MEMORY, "not enough memory to decode");
    if (decoded == 0) return refuse_silence(reader, error);

    reader->sample_rate_hz = frame_rate_hz(reader);
    while (reader->sample_rate_hz > MAX_RATE_HZ) reader->sample_rate_hz = (reader->sample_rate_hz + 1) / 2;
    if (!ffmpeg_layout_of_frame(&reader->layout, reader->frame))
        return !dmx_refuse(reader->path, error, DEMUCS_ERROR_MEMORY, "not enough memory to decode");
    int channels = ffmpeg_layout_channels(&reader->layout);
    if (reader->sample_rate_hz <= 0 || channels <= 0 || channels > MAX_CHANNELS)
        return !dmx_refuse(reader->path, error, DEMUCS_ERROR_FORMAT,
                           "%d channels at %d Hz cannot be read (at most %d channels)", channels,
                           reader->sample_rate_hz, MAX_CHANNELS);
    reader->next_pts = reader->input.stream->start_time;
    pass_damage(reader);
    if (!open_converter(reader, error)) return false;
    if (!convert(reader, reader->frame->extended_data, reader->frame->nb_samples))
        return !dmx_refuse(reader->path, error, DEMUCS_ERROR_MEMORY, "not enough memory to decode");
    return true;
}

audio_reader *audio_reader_open_stoppable(const char *path, int stream, const audio_stop *stop, demucs_error *error)
{
    dmx_error_clear(error);
    audio_reader *reader = dmx_alloc(1, sizeof *reader);
    if (reader == NULL || (reader->path = dmx_strdup(path)) == NULL) {
        dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to open the file");
        goto fail;
    }
    if (!ffmpeg_input_open(&reader->input, path, stream, stop, error) || !open_decoder(reader, error) ||
        !read_first_frame(reader, error))
        goto fail;
    return reader;
fail:
    audio_reader_close(reader);
    return NULL;
}

void audio_reader_close(audio_reader *reader)
{
    if (reader == NULL) return;
    for (int channel = 0; channel < MAX_CHANNELS; channel++) dmx_free(reader->pending[channel]);
    swr_free(&reader->converter);
    ffmpeg_layout_free(&reader->layout);
    ffmpeg_layout_free(&reader->from_layout);
    av_frame_free(&reader->frame);
    av_packet_free(&reader->packet);
    avcodec_free_context(&reader->decoder);
    ffmpeg_input_close(&reader->input);
    dmx_free(reader->path);
    dmx_free(reader);
}

/* ---- the rest of the public side ---- */

int audio_reader_channels(const audio_reader *reader) { return ffmpeg_layout_channels(&reader->layout); }

int audio_reader_sample_rate_hz(const audio_reader *reader) { return reader->sample_rate_hz; }

size_t audio_reader_damaged(const audio_reader *reader) { return reader->damaged; }

uint64_t audio_reader_expected_frames(const audio_reader *reader)
{
    const AVRational one_frame = {1, reader->sample_rate_hz};
    const AVStream *stream = reader->input.stream;
    int64_t frames = 0;
    if (stream->duration > 0)
        frames = av_rescale_q(stream->duration, stream->time_base, one_frame);
    else if (reader->input.container->duration > 0)
        frames = av_rescale_q(reader->input.container->duration, AV_TIME_BASE_Q, one_frame);
    return frames > 0 ? (uint64_t)frames : 0;
}

uint64_t audio_reader_announced_frames(const audio_reader *reader)
{
    const AVRational one_frame = {1, reader->sample_rate_hz};
    const int64_t frames = av_rescale_q(reader->input.announced, reader->input.stream->time_base, one_frame);
    return frames > 0 ? (uint64_t)frames : 0;
}

/* Take silence, or else pending frames, into planes[channel] + done; returns how many. */
static size_t take(audio_reader *reader, float *const *planes, size_t done, size_t capacity)
{
    const uint64_t there = reader->silence > 0 ? reader->silence : reader->pending_frames;
    const size_t frames = there < capacity - done ? (size_t)there : capacity - done;
    for (int channel = 0; channel < ffmpeg_layout_channels(&reader->layout); channel++)
        if (reader->silence > 0)
            memset(planes[channel] + done, 0, frames * sizeof(float));
        else
            memcpy(planes[channel] + done, reader->pending[channel] + reader->pending_start, frames * sizeof(float));
    if (reader->silence > 0) {
        reader->silence -= frames;
        return frames;
    }
    reader->pending_start += frames;
    reader->pending_frames -= frames;
    return frames;
}

long audio_reader_read(audio_reader *reader, float *const *planes, size_t capacity, demucs_error *error)
{
    size_t done = 0;
    dmx_error_clear(error);
    if (reader->failed) dmx_refuse(reader->path, error, DEMUCS_ERROR_IO, "reading has failed before");
    while (done < capacity && !reader->failed) {
        if (reader->silence == 0 && reader->pending_frames == 0) {
            if (reader->at_end) break;
            reader->failed = !refill(reader, error);
            continue;
        }
        done += take(reader, planes, done, capacity);
    }
    return reader->failed ? -1 : (long)done;
}
