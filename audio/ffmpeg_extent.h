/* ffmpeg_extent.h - where the samples of a wav, w64 or aiff end, whatever its header says. */
#ifndef DEMUCS_AUDIO_FFMPEG_EXTENT_H
#define DEMUCS_AUDIO_FFMPEG_EXTENT_H

#include <libavformat/avformat.h>

#include <stdbool.h>

/* Bytes of the file from `start` to `end`. */
typedef struct ffmpeg_extent {
    int64_t start, end;
    int64_t announced; /* how many the header says they are, where that is more than the file has; else 0 */
} ffmpeg_extent;

/* True when the samples of this open file lie elsewhere than its header has FFmpeg believe: they are to be read from
 * the extent instead. False for all other files, and for those that cannot seek. Where the file is read next is as
 * before. */
bool ffmpeg_extent_find(ffmpeg_extent *extent, const AVFormatContext *container, const AVStream *stream);

#endif
