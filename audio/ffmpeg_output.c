/* ffmpeg_output.c - see ffmpeg_output.h
 *
 * Muxers seek back at the end, to put lengths, sums and indices into the header. */
#include "audio/ffmpeg_output.h"

#include "audio/ffmpeg_compat.h"

#define IO_BUFFER_BYTES 32768

static int write_bytes(void *opaque, ffmpeg_write_byte *bytes, int count)
{
    return opaque == NULL || dmx_file_write(opaque, bytes, (size_t)count) ? count : AVERROR(EIO);
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence)
{
    if ((whence & AVSEEK_SIZE) != 0) return opaque != NULL ? (int64_t)dmx_file_size(opaque) : AVERROR(ENOSYS);
    if (whence != SEEK_SET || offset < 0) return AVERROR(EINVAL);
    return opaque == NULL || dmx_file_seek(opaque, (uint64_t)offset) ? offset : AVERROR(EIO);
}

AVIOContext *ffmpeg_output_open(dmx_file *output)
{
    unsigned char *buffer = av_malloc(IO_BUFFER_BYTES);
    if (buffer == NULL) return NULL;
    AVIOContext *io = avio_alloc_context(buffer, IO_BUFFER_BYTES, 1, output, NULL, write_bytes, seek_bytes);
    if (io == NULL) av_free(buffer);
    return io;
}

void ffmpeg_output_close(AVIOContext **io)
{
    if (*io != NULL) av_freep(&(*io)->buffer);
    avio_context_free(io);
}
