/* ffmpeg_kind.c - see ffmpeg_kind.h */
#include "audio/ffmpeg_kind.h"

#include "audio/ffmpeg_compat.h"

#define MAX_FLAC_FRAME                                                                                                 \
    (20 * 8192) /* bytes that FFmpeg's FLAC parser looks through for the end of a frame, or little more */

/* What STREAMINFO says. */
typedef struct flac_info {
    int bits;         /* of a sample */
    long frame_bytes; /* of the largest frame, or the most that it may have */
} flac_info;

static bool read_flac_info(const AVCodecParameters *sound, flac_info *out)
{
    const uint8_t *info = sound->extradata;
    if (sound->codec_id != AV_CODEC_ID_FLAC || sound->extradata_size < 14) return false;
    const long samples = (info[2] << 8 | info[3]) * ((info[12] >> 1 & 7) + 1);
    out->bits = ((info[12] & 1) << 4 | info[13] >> 4) + 1;
    out->frame_bytes = (long)info[7] << 16 | info[8] << 8 | info[9];
    if (out->frame_bytes == 0) out->frame_bytes = samples * out->bits / 8;
    return true;
}

bool ffmpeg_kind_is_beyond(const AVCodecParameters *sound, const char *path, demucs_error *error)
{
    const unsigned version = avcodec_version(), major = AV_VERSION_MAJOR(version), minor = AV_VERSION_MINOR(version);
    flac_info info;
    if (!read_flac_info(sound, &info)) return false;
    if (major < 60 && info.bits > 24) {
        dmx_refuse(path, error, DEMUCS_ERROR_FORMAT,
                   "this FFmpeg (libavcodec %u.%u) cannot decode FLAC of %d bits; convert the file to 24 bits, or use "
                   "FFmpeg 6.0 or later",
                   major, minor, info.bits);
        return true;
    }
    if (info.frame_bytes <= MAX_FLAC_FRAME) return false;
    dmx_refuse(path, error, DEMUCS_ERROR_FORMAT,
               "its FLAC frames have up to %ld bytes, and FFmpeg finds none of more than some %d; encode it anew with "
               "smaller blocks, as with flac --blocksize=4096",
               info.frame_bytes, MAX_FLAC_FRAME);
    return true;
}

bool ffmpeg_refuse_kind(const AVCodecParameters *sound, const char *path, demucs_error *error)
{
    const unsigned version = avcodec_version(), major = AV_VERSION_MAJOR(version), minor = AV_VERSION_MINOR(version);
    return !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT,
                       "this FFmpeg (libavcodec %u.%u) could decode nothing of the audio (%s, %d channels, %d Hz): the "
                       "file is damaged, or of a kind that this version does not know",
                       major, minor, avcodec_get_name(sound->codec_id), ffmpeg_parameters_channels(sound),
                       sound->sample_rate);
}
