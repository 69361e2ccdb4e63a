/* ffmpeg_kind.c - see ffmpeg_kind.h */
#include "audio/ffmpeg_kind.h"

#include "audio/ffmpeg_compat.h"

/* Bits of a sample, out of STREAMINFO. */
static int flac_bits(const AVCodecParameters *sound)
{
    const uint8_t *info = sound->extradata;
    if (sound->codec_id != AV_CODEC_ID_FLAC || sound->extradata_size < 14) return 0;
    return ((info[12] & 1) << 4 | info[13] >> 4) + 1;
}

bool ffmpeg_refuse_kind(const AVCodecParameters *sound, const char *path, demucs_error *error)
{
    const unsigned version = avcodec_version(), major = AV_VERSION_MAJOR(version), minor = AV_VERSION_MINOR(version);
    const int bits = flac_bits(sound);
    if (major < 60 && bits > 24)
        return !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT,
                           "this FFmpeg (libavcodec %u.%u) cannot decode FLAC of %d bits; convert the file to 24 bits, "
                           "or use FFmpeg 6.0 or later",
                           major, minor, bits);
    return !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT,
                       "this FFmpeg (libavcodec %u.%u) could decode nothing of the audio (%s, %d channels, %d Hz): the "
                       "file is damaged, or of a kind that this version does not know",
                       major, minor, avcodec_get_name(sound->codec_id), ffmpeg_parameters_channels(sound),
                       sound->sample_rate);
}
