/* png.c - see png.h */
#include "tracks/quality/png.h"

#include "base/alloc.h"

#include <libavcodec/avcodec.h>
#include <string.h>

void dmx_picture_create(dmx_picture *self, int width, int height)
{
    *self = (dmx_picture){.width = width, .height = height};
    self->pixels = dmx_alloc((size_t)width, (size_t)height);
}

void dmx_picture_free(dmx_picture *self)
{
    dmx_free(self->pixels);
    self->pixels = NULL;
}

/* The encoder, ready for such a picture; NULL without memory. */
static AVCodecContext *open_encoder(const dmx_picture *self, const AVCodec *codec)
{
    AVCodecContext *context = avcodec_alloc_context3(codec);
    if (context == NULL) return NULL;
    context->width = self->width;
    context->height = self->height;
    context->pix_fmt = AV_PIX_FMT_PAL8;
    context->time_base = (AVRational){1, 1};
    context->thread_count = 1;
    if (avcodec_open2(context, codec, NULL) < 0) avcodec_free_context(&context);
    return context;
}

/* Pixels and palette as FFmpeg wants them; NULL without memory. */
static AVFrame *make_frame(const dmx_picture *self)
{
    AVFrame *frame = av_frame_alloc();
    if (frame == NULL) return NULL;
    frame->format = AV_PIX_FMT_PAL8;
    frame->width = self->width;
    frame->height = self->height;
    if (av_frame_get_buffer(frame, 0) < 0) {
        av_frame_free(&frame);
        return NULL;
    }
    for (int y = 0; y < self->height; y++)
        memcpy(frame->data[0] + (ptrdiff_t)y * frame->linesize[0], self->pixels + (size_t)y * (size_t)self->width,
               (size_t)self->width);
    memcpy(frame->data[1], self->palette, sizeof self->palette);
    return frame;
}

bool dmx_picture_encode(const dmx_picture *self, bool (*take)(const void *bytes, size_t count, void *user), void *user,
                        demucs_error *error)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
    if (codec == NULL)
        return !dmx_fail(error, DEMUCS_ERROR_UNSUPPORTED, "FFmpeg's libavcodec was built without its PNG encoder");
    AVCodecContext *context = self->pixels != NULL ? open_encoder(self, codec) : NULL;
    AVFrame *frame = context != NULL ? make_frame(self) : NULL;
    AVPacket *packet = av_packet_alloc();
    bool done = false;
    if (frame == NULL || packet == NULL || avcodec_send_frame(context, frame) < 0 ||
        avcodec_send_frame(context, NULL) < 0 || avcodec_receive_packet(context, packet) < 0)
        dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to draw a picture");
    else
        done = take(packet->data, (size_t)packet->size, user);
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&context);
    return done;
}
