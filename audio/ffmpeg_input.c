/* ffmpeg_input.c - see ffmpeg_input.h
 *
 * The file is not trusted. To FFmpeg a "file" may also be a playlist (HLS, DASH, concat, a QuickTime reference movie)
 * that names further files or addresses to open, and a name such as "http:..." an address itself. So the one file is
 * opened here, as a file whatever its name looks like, and every way to a second one is shut: no protocol is on the
 * container's list (which the demuxers hand on to their children), and its io_open callback refuses. */
#include "audio/ffmpeg_input.h"

#include "audio/ffmpeg_log.h"
#include "audio/ffmpeg_pipe.h"
#include "audio/ffmpeg_wav.h"
#include "base/alloc.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PACKET_BYTES = 32768 }; /* of one that is not FFmpeg's */

static int refuse_open(AVFormatContext *container, AVIOContext **io, const char *url, int flags, AVDictionary **options)
{
    (void)container, (void)url, (void)flags, (void)options;
    *io = NULL;
    return AVERROR(EACCES);
}

static bool open_bytes(ffmpeg_input *input, const char *path, const audio_reader_options *options, demucs_error *error)
{
    char reason[DMX_REASON];
    struct stat info;
    if (stat(path, &info) != 0)
        return !dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot open: %s", dmx_reason(reason, errno));
    if (S_ISDIR(info.st_mode)) return !dmx_refuse(path, error, DEMUCS_ERROR_IO, "this is a folder, not an audio file");
    input->is_pipe = S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode);
    if (input->is_pipe) {
        input->io = ffmpeg_pipe_open(path, options->stop, options->scratch, error);
        return input->io != NULL;
    }

    size_t size = strlen(path) + sizeof "file:";
    char *url = dmx_alloc(1, size);
    if (url == NULL) return !dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to open the file");
    snprintf(url, size, "file:%s", path);
    int result = avio_open2(&input->io, url, AVIO_FLAG_READ, NULL, NULL);
    dmx_free(url);
    if (result < 0)
        return !dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot open: %s", dmx_reason(reason, AVUNERROR(result)));
    if (S_ISREG(info.st_mode) && info.st_size == 0)
        return !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "the file is empty");
    return true;
}

/* What the header says. Probing fills in guesses where it says nothing. A wav that was written to a pipe has a largest
 * number of 31 or 32 bits for its size, or so nearly: that means "unknown". */
static int64_t stated_length(const AVFormatContext *container, const AVStream *stream)
{
    if (stream->duration <= 0) return 0;
    const uint64_t bytes = (uint64_t)stream->duration * (uint64_t)(stream->codecpar->block_align & 0xFFFF);
    const bool placeholder =
        (bytes >= 0x7FFF0000 && bytes <= 0x7FFFFFFF) || (bytes >= 0xFFFF0000 && bytes <= UINT32_MAX);
    return placeholder && strcmp(container->iformat->name, "wav") == 0 ? 0 : stream->duration;
}

bool ffmpeg_input_encrypted(const ffmpeg_input *input, const AVPacket *packet)
{
    static const uint32_t entries[] = {MKTAG('d', 'r', 'm', 's'), MKTAG('e', 'n', 'c', 'a'), MKTAG('a', 'a', 'v', 'd')};
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (input->stream->codecpar->codec_tag == entries[i]) return true;
    return av_packet_get_side_data(packet, AV_PKT_DATA_ENCRYPTION_INFO, NULL) != NULL ||
           av_dict_get(input->stream->metadata, "enc_key_id", NULL, 0) != NULL ||
           av_dict_get(input->container->metadata, "ASF_Protection_Type", NULL, 0) != NULL;
}

/* The `wanted`-th audio stream of those known so far, or NULL; *found counts them. */
static AVStream *find_stream(const AVFormatContext *container, int wanted, int *found)
{
    AVStream *stream = NULL;
    *found = 0;
    for (unsigned i = 0; i < container->nb_streams; i++)
        if (container->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO && (*found)++ == wanted)
            stream = container->streams[i];
    return stream;
}

/* After the header is read, and before probing. */
static void take_header(ffmpeg_input *input, int wanted)
{
    int found;
    input->valid_bits = ffmpeg_wav_mend(input->container);
    input->stream = find_stream(input->container, wanted, &found);
    if (input->stream != NULL) input->announced = stated_length(input->container, input->stream);
}

static bool open_container(ffmpeg_input *input, const char *path, int wanted, demucs_error *error)
{
    AVDictionary *options = NULL;
    input->container = avformat_alloc_context();
    if (input->container == NULL || av_dict_set(&options, "protocol_whitelist", "none", 0) < 0) {
        av_dict_free(&options);
        return !dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to open the file");
    }
    av_dict_set(&options, "scan_all_pmts", "1", 0); /* as the ffmpeg program: all streams of an MPEG-TS file */
    input->container->pb = input->io;
    input->container->io_open = refuse_open;
    int result = avformat_open_input(&input->container, path, NULL, &options);
    av_dict_free(&options);
    if (result >= 0) take_header(input, wanted);
    if (result >= 0) result = avformat_find_stream_info(input->container, NULL);
    if (result < 0)
        return ffmpeg_input_check(input, error) &&
               !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT,
                           "not an audio file in a form that can be read, or badly damaged");
    return true;
}

static bool choose_stream(ffmpeg_input *input, const char *path, int wanted, demucs_error *error)
{
    int found;
    AVStream *before = input->stream;
    input->stream = find_stream(input->container, wanted, &found);
    if (input->stream != before) input->announced = 0;
    for (unsigned i = 0; i < input->container->nb_streams; i++) input->container->streams[i]->discard = AVDISCARD_ALL;
    if (found == 0) return !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "the file holds no audio");
    if (input->stream == NULL)
        return !dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT,
                           "there is no audio stream %d: the file has %d, counted from 0", wanted, found);
    input->stream->discard = AVDISCARD_DEFAULT;
    return true;
}

/* Where the header is wrong about the samples, they are read from where they lie. */
static bool take_extent(ffmpeg_input *input, const char *path, demucs_error *error)
{
    ffmpeg_extent extent;
    AVStream *stream = input->stream;
    const AVRational one_frame = {1, stream->codecpar->sample_rate};
    const int64_t frame_bytes = stream->codecpar->block_align;
    if (!ffmpeg_extent_find(&extent, input->container, stream)) return true;
    input->extent = extent;
    input->announced = av_rescale_q(extent.announced / frame_bytes, one_frame, stream->time_base);
    stream->duration = av_rescale_q((extent.end - extent.start) / frame_bytes, one_frame, stream->time_base);
    return avio_seek(input->io, extent.start, SEEK_SET) >= 0 ||
           !dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot be read");
}

int ffmpeg_input_read(ffmpeg_input *input, AVPacket *packet)
{
    if (input->extent.start == 0) return av_read_frame(input->container, packet);
    const int64_t frame_bytes = input->stream->codecpar->block_align;
    int64_t size = (PACKET_BYTES + frame_bytes - 1) / frame_bytes * frame_bytes;
    const int64_t left = input->extent.end - avio_tell(input->io);
    if (size > left) size = left - left % frame_bytes;
    if (size <= 0) return AVERROR_EOF;
    const int result = av_get_packet(input->io, packet, (int)size);
    packet->stream_index = input->stream->index;
    return result;
}

bool ffmpeg_input_check(const ffmpeg_input *input, demucs_error *error)
{
    return !input->is_pipe || ffmpeg_pipe_kept(input->io, error);
}

bool ffmpeg_input_open(ffmpeg_input *input, const char *path, const audio_reader_options *options, demucs_error *error)
{
    ffmpeg_quiet_log();
    *input = (ffmpeg_input){0};
    if (open_bytes(input, path, options, error) && open_container(input, path, options->stream, error) &&
        choose_stream(input, path, options->stream, error) && take_extent(input, path, error))
        return true;
    ffmpeg_input_close(input);
    return false;
}

void ffmpeg_input_close(ffmpeg_input *input)
{
    avformat_close_input(&input->container);
    if (input->is_pipe)
        ffmpeg_pipe_close(&input->io);
    else
        avio_closep(&input->io);
    input->stream = NULL;
}
