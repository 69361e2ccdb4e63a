/* ffmpeg_writer.c - what libavcodec and libavformat write for us: flac, ogg (Vorbis), opus, m4a (AAC or ALAC), aiff,
 * and stem.mp4, which has a stream for each two channels, in turns.
 *
 *   planes --> ffmpeg_encoder --packet--> muxer --> ffmpeg_output
 *
 * The muxer says in the file by how much the encoder of a lossy format begins and ends late: in the granule positions
 * of Ogg, the pre-skip of Opus, the edit list of m4a. So the decoded file has the frames of the input, each in its
 * place. */
#include "audio/encoder.h"
#include "audio/ffmpeg_compat.h"
#include "audio/ffmpeg_encoder.h"
#include "audio/ffmpeg_log.h"
#include "audio/ffmpeg_output.h"
#include "audio/ffmpeg_tags.h"
#include "audio/id3.h"
#include "base/alloc.h"

#include <libavutil/intreadwrite.h>
#include <string.h>

enum { MOST_STREAMS = 8 };

typedef struct ffmpeg_writer {
    dmx_file *output;
    ffmpeg_encoder encoders[MOST_STREAMS]; /* [streams] of `each` channels */
    int streams, each;
    int stream; /* whose packets are coming */
    AVFormatContext *muxer;
    AVIOContext *io;
    int64_t packets;        /* handed to the muxer */
    const audio_kept *kept; /* of another file */
} ffmpeg_writer;

static bool writer_fail(const ffmpeg_writer *self, demucs_error *error)
{
    if (self->io->error != 0) return !dmx_file_fail(self->output, error);
    return !dmx_refuse(dmx_file_path(self->output), error, DEMUCS_ERROR_FORMAT, "the %s format takes no such file",
                       self->encoders[0].codec->muxer);
}

/* An ffmpeg_packet_fn. */
static bool put(void *user, AVPacket *packet, demucs_error *error)
{
    ffmpeg_writer *self = user;
    packet->stream_index = self->stream;
    av_packet_rescale_ts(packet, self->encoders[self->stream].context->time_base,
                         self->muxer->streams[self->stream]->time_base);
    int result = av_write_frame(self->muxer, packet);
    /* A page of its own for the first packet of an Ogg, which says the delay: FFmpeg's reader does not look for it on a
     * page that is the last as well. */
    if (result >= 0 && self->packets++ == 0) result = av_write_frame(self->muxer, NULL);
    return (result >= 0 && self->io->error == 0) || writer_fail(self, error);
}

static bool writer_write(void *state, const float *const *planes, size_t frames, demucs_error *error)
{
    ffmpeg_writer *self = state;
    bool done = true;
    for (self->stream = 0; done && self->stream < self->streams; self->stream++)
        done = ffmpeg_encoder_write(&self->encoders[self->stream], planes + self->stream * self->each, frames, put,
                                    self, error);
    return done;
}

static bool no_memory(const ffmpeg_writer *self, demucs_error *error)
{
    return !dmx_refuse(dmx_file_path(self->output), error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
}

/* ID3 in a last chunk of AIFF: FFmpeg's own would have the comment where no player looks for it. */
static bool append_id3(ffmpeg_writer *self, demucs_error *error)
{
    size_t size;
    unsigned char head[8] = "ID3 ";
    const uint64_t end = dmx_file_size(self->output);
    unsigned char *id3 = audio_id3_make(self->kept, &size);
    if (id3 == NULL) return no_memory(self, error);
    AV_WB32(head + 4, (uint32_t)size);
    bool done = dmx_file_seek(self->output, end) && dmx_file_write(self->output, head, sizeof head) &&
                dmx_file_write(self->output, id3, size) && dmx_file_write(self->output, "", size % 2);
    dmx_free(id3);
    /* and in the size of all, which an AIFF has only up to 4 GiB */
    const uint64_t all = dmx_file_size(self->output) - 8;
    AV_WB32(head, (uint32_t)(all < UINT32_MAX ? all : UINT32_MAX));
    done = done && dmx_file_seek(self->output, 4) && dmx_file_write(self->output, head, 4);
    return done || !dmx_file_fail(self->output, error);
}

static bool writer_finish(void *state, demucs_error *error)
{
    ffmpeg_writer *self = state;
    for (self->stream = 0; self->stream < self->streams; self->stream++)
        if (!ffmpeg_encoder_finish(&self->encoders[self->stream], put, self, error)) return false;
    const int result = av_write_trailer(self->muxer);
    avio_flush(self->io);
    if (result < 0 || self->io->error != 0) return writer_fail(self, error);
    const bool aiff = strcmp(self->muxer->oformat->name, "aiff") == 0;
    return !aiff || self->kept->tags == NULL || append_id3(self, error);
}

static bool open_muxer(ffmpeg_writer *self, const char *name, demucs_error *error)
{
    if (avformat_alloc_output_context2(&self->muxer, NULL, name, NULL) < 0)
        return !dmx_refuse(dmx_file_path(self->output), error, DEMUCS_ERROR_UNSUPPORTED,
                           "this FFmpeg was built without its %s format: write wav or another format", name);
    self->io = self->muxer->pb = ffmpeg_output_open(self->output);
    if (self->io == NULL) return no_memory(self, error);
    /* Ogg streams get a random number otherwise: the same sound has to give the same file. */
    if (strcmp(name, "flac") != 0) self->muxer->flags |= AVFMT_FLAG_BITEXACT;
    return true;
}

/* An encoder for each stream. Of several the muxer enables the first, for players that know no stems. */
static bool open_streams(ffmpeg_writer *self, const audio_format *format, demucs_error *error)
{
    audio_format own = *format;
    const bool apart = format->container == AUDIO_STEMS_AAC || format->container == AUDIO_STEMS_ALAC;
    if (apart && (format->channels % 2 != 0 || format->channels > 2 * MOST_STREAMS))
        return !dmx_refuse(dmx_file_path(self->output), error, DEMUCS_ERROR_ARGUMENT,
                           "a stem.mp4 has up to %d stereo streams, which are not %d channels", MOST_STREAMS,
                           format->channels);
    self->streams = apart ? format->channels / 2 : 1;
    self->each = own.channels = format->channels / self->streams;
    const bool global_header = (self->muxer->oformat->flags & AVFMT_GLOBALHEADER) != 0;
    for (int i = 0; i < self->streams; i++) {
        AVStream *stream = avformat_new_stream(self->muxer, NULL);
        ffmpeg_encoder *encoder = &self->encoders[i];
        if (stream == NULL) return no_memory(self, error);
        if (!ffmpeg_encoder_open(encoder, &own, global_header, dmx_file_path(self->output), error)) return false;
        if (avcodec_parameters_from_context(stream->codecpar, encoder->context) < 0) return no_memory(self, error);
        stream->time_base = encoder->context->time_base;
    }
    return true;
}

static bool begin_file(ffmpeg_writer *self, demucs_error *error)
{
    const AVCodecContext *codec = self->encoders[0].context;
    AVStream *picture;
    if (!ffmpeg_tags_give(self->muxer, self->kept, &picture)) return no_memory(self, error);
    /* The edit list of m4a, and so its length, is in these units; milliseconds by default. Others have no such option.
     */
    av_opt_set_int(self->muxer->priv_data, "movie_timescale", codec->sample_rate, 0);
    int result = avformat_write_header(self->muxer, NULL);
    if (result >= 0 && picture != NULL) result = ffmpeg_tags_write_picture(self->muxer, self->kept, picture);
    return (result >= 0 && self->io->error == 0) || writer_fail(self, error);
}

static void writer_free(void *state)
{
    ffmpeg_writer *self = state;
    if (self == NULL) return;
    avformat_free_context(self->muxer);
    ffmpeg_output_close(&self->io);
    for (int i = 0; i < self->streams; i++) ffmpeg_encoder_close(&self->encoders[i]);
    dmx_free(self);
}

static void *writer_open(dmx_file *output, const audio_format *format, const audio_kept *kept, demucs_error *error)
{
    ffmpeg_quiet_log();
    ffmpeg_writer *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) {
        dmx_refuse(dmx_file_path(output), error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
        return NULL;
    }
    self->output = output;
    self->kept = kept;
    if (open_muxer(self, ffmpeg_codec_of(format->container)->muxer, error) && open_streams(self, format, error) &&
        begin_file(self, error))
        return self;
    writer_free(self);
    return NULL;
}

const audio_encoder audio_ffmpeg_encoder = {writer_open, NULL, writer_write, writer_finish, writer_free};
