/* ffmpeg_input.c - see ffmpeg_input.h
 *
 * The file is not trusted. To FFmpeg a "file" may also be a playlist (HLS, DASH, concat, a QuickTime reference movie)
 * that names further files or addresses to open, and a name such as "http:..." an address itself. So the one file is
 * opened here, as a file whatever its name looks like, and every way to a second one is shut: no protocol is on the
 * container's list (which the demuxers hand on to their children), and its io_open callback refuses. */
#include "audio/ffmpeg_input.h"

#include "audio/ffmpeg_log.h"
#include "audio/ffmpeg_wav.h"
#include "base/alloc.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int refuse_open(AVFormatContext *container, AVIOContext **io, const char *url, int flags, AVDictionary **options)
{
    (void)container, (void)url, (void)flags, (void)options;
    *io = NULL;
    return AVERROR(EACCES);
}

static bool open_bytes(ffmpeg_input *input, const char *path, demucs_error *error)
{
    char reason[DMX_REASON];
    struct stat info;
    if (stat(path, &info) != 0)
        return !dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot open: %s", dmx_reason(reason, errno));
    if (S_ISDIR(info.st_mode)) return !dmx_refuse(path, error, DEMUCS_ERROR_IO, "this is a folder, not an audio file");

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

static bool open_container(ffmpeg_input *input, const char *path, demucs_error *error)
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
    if (result >= 0) ffmpeg_wav_mend(input->container);
    if (result >= 0) result = avformat_find_stream_info(input->container, NULL);
    if (result < 0)
        return !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT,
                           "not an audio file in a form that can be read, or badly damaged");
    return true;
}

static bool choose_stream(ffmpeg_input *input, const char *path, int wanted, demucs_error *error)
{
    int found = 0;
    for (unsigned i = 0; i < input->container->nb_streams; i++) {
        AVStream *stream = input->container->streams[i];
        stream->discard = AVDISCARD_ALL;
        if (stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO && found++ == wanted) input->stream = stream;
    }
    if (found == 0) return !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "the file holds no audio");
    if (input->stream == NULL)
        return !dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT,
                           "there is no audio stream %d: the file has %d, counted from 0", wanted, found);
    input->stream->discard = AVDISCARD_DEFAULT;
    return true;
}

bool ffmpeg_input_open(ffmpeg_input *input, const char *path, int stream, demucs_error *error)
{
    ffmpeg_quiet_log();
    *input = (ffmpeg_input){0};
    if (open_bytes(input, path, error) && open_container(input, path, error) &&
        choose_stream(input, path, stream, error))
        return true;
    ffmpeg_input_close(input);
    return false;
}

void ffmpeg_input_close(ffmpeg_input *input)
{
    avformat_close_input(&input->container);
    avio_closep(&input->io);
    input->stream = NULL;
}
