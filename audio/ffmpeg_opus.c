/* ffmpeg_opus.c - see ffmpeg_opus.h */
#include "audio/ffmpeg_opus.h"

#include <string.h>

bool ffmpeg_opus_chain(AVCodecContext *decoder, AVPacket *packet, unsigned *pre_skip)
{
    if (decoder->codec_id != AV_CODEC_ID_OPUS) return false;
    if (packet->size >= 19 && memcmp(packet->data, "OpusHead", 8) == 0) {
        avcodec_flush_buffers(decoder);
        *pre_skip = packet->data[10] | (unsigned)packet->data[11] << 8;
        return true;
    }
    if (packet->size >= 8 && memcmp(packet->data, "OpusTags", 8) == 0) return true;
    uint8_t *skip = *pre_skip > 0 ? av_packet_new_side_data(packet, AV_PKT_DATA_SKIP_SAMPLES, 10) : NULL;
    if (skip != NULL) {
        memset(skip, 0, 10); /* two 32-bit counts, of the beginning and of the end, and two reasons */
        skip[0] = (uint8_t)*pre_skip;
        skip[1] = (uint8_t)(*pre_skip >> 8);
    }
    *pre_skip = 0;
    return false;
}
