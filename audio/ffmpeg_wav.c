/* ffmpeg_wav.c - see ffmpeg_wav.h
 *
 *   "fmt " size   type, channels, rate, bytes per second, bytes per frame, bits of the container,
 *                 22, valid bits, speakers, GUID                               (from "22" on: type 0xFFFE only)
 *
 * FFmpeg keeps the bytes per frame and the valid bits. Where these do not go together, the bytes per frame are right,
 * with one exception: old editors wrote floats of their own as type 1 of 16 or 24 bits in 32. FFmpeg knows these by the
 * same two numbers, so the file itself is asked whether it is of the extensible type. */
#include "audio/ffmpeg_wav.h"

#include "audio/ffmpeg_compat.h"

#include <string.h>

#define TYPE_EXTENSIBLE 0xFFFE
#define TYPE_PCM        1
#define MAX_CHUNKS      1000 /* before "fmt " */

static bool is_extensible(AVIOContext *io)
{
    bool found = false;
    const int64_t back = avio_tell(io);
    unsigned char name[4];
    if ((io->seekable & AVIO_SEEKABLE_NORMAL) == 0 || avio_seek(io, 12, SEEK_SET) < 0) return false;
    for (int chunk = 0; chunk < MAX_CHUNKS && avio_read(io, name, 4) == 4; chunk++) {
        const int64_t size = avio_rl32(io);
        if (memcmp(name, "fmt ", 4) == 0) {
            found = avio_rl16(io) == TYPE_EXTENSIBLE;
            break;
        }
        if (avio_skip(io, size + (size & 1)) < 0) break;
    }
    avio_seek(io, back, SEEK_SET);
    return found;
}

static enum AVCodecID integers_of(int bits)
{
    switch (bits) {
    case 8: return AV_CODEC_ID_PCM_U8;
    case 16: return AV_CODEC_ID_PCM_S16LE;
    case 24: return AV_CODEC_ID_PCM_S24LE;
    case 32: return AV_CODEC_ID_PCM_S32LE;
    default: return AV_CODEC_ID_NONE;
    }
}

int ffmpeg_wav_mend(AVFormatContext *container)
{
    const bool wav = strcmp(container->iformat->name, "wav") == 0;
    if ((!wav && strcmp(container->iformat->name, "w64") != 0) || container->nb_streams == 0) return 0;
    AVStream *stream = container->streams[0];
    AVCodecParameters *sound = stream->codecpar;
    const int channels = ffmpeg_parameters_channels(sound);
    if (sound->codec_tag != TYPE_PCM || channels <= 0 || sound->block_align % channels != 0) return 0;
    const int bits = sound->block_align / channels * 8;
    if (bits == sound->bits_per_coded_sample || integers_of(bits) == AV_CODEC_ID_NONE) return 0;
    const bool maybe_float = sound->codec_id == AV_CODEC_ID_PCM_F16LE || sound->codec_id == AV_CODEC_ID_PCM_F24LE;
    if (maybe_float && !is_extensible(container->pb)) return 0;
    const int valid = sound->bits_per_coded_sample,
              taken = (valid + 7) / 8 * 8; /* what FFmpeg took for the size of a sample */
    if (stream->duration > 0) stream->duration = av_rescale(stream->duration, taken, bits);
    sound->codec_id = integers_of(bits);
    sound->bits_per_coded_sample = bits;
    sound->bit_rate = 0;
    return valid;
}
