/* ffmpeg_kind.h - audio of a kind that the FFmpeg at hand cannot decode. */
#ifndef DEMUCS_AUDIO_FFMPEG_KIND_H
#define DEMUCS_AUDIO_FFMPEG_KIND_H

#include "base/error.h"

#include <libavcodec/avcodec.h>

/* Whether this FFmpeg is known not to decode such audio; then `error` says so. */
bool ffmpeg_kind_is_beyond(const AVCodecParameters *sound, const char *path, demucs_error *error);

/* Say that nothing of this audio could be decoded, and why, as far as that is known. Always false. */
bool ffmpeg_refuse_kind(const AVCodecParameters *sound, const char *path, demucs_error *error);

#endif
