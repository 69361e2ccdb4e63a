/* ffmpeg_tags.h - the tags of a file, from libavformat and to it. */
#ifndef DEMUCS_AUDIO_FFMPEG_TAGS_H
#define DEMUCS_AUDIO_FFMPEG_TAGS_H

#include "audio/audio.h"

#include <libavformat/avformat.h>

/* What the container says of the track, of which `sound` is the stream that is read. False without memory; then, too,
 * audio_tags_clear frees. */
bool ffmpeg_tags_read(audio_tags *out, const AVFormatContext *container, const AVStream *sound);

/* Before the header: hand a muxer the tags of the file, whose stream of sound is there. *picture becomes the stream of
 * the picture, or NULL. False without memory. */
bool ffmpeg_tags_give(AVFormatContext *muxer, const audio_kept *kept, AVStream **picture);

/* After the header: write the picture. AVERROR or 0. */
int ffmpeg_tags_write_picture(AVFormatContext *muxer, const audio_kept *kept, const AVStream *picture);

#endif
