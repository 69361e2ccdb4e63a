/* ffmpeg_converter.c - see ffmpeg_converter.h */
#include "audio/ffmpeg_converter.h"

#include "base/alloc.h"

#define MAX_RATE_HZ 768000 /* what is above, such as DSD, is brought down */

static bool no_memory(const char *path, demucs_error *error)
{
    return !dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to decode");
}

/* ---- the form of a part ---- */

static int usable_rate_hz(int rate_hz)
{
    while (rate_hz > MAX_RATE_HZ) rate_hz = (rate_hz + 1) / 2;
    return rate_hz;
}

static int usable_channels(const ffmpeg_converter *self, int channels)
{
    return self->most_channels > 0 && channels > self->most_channels ? self->most_channels : channels;
}

static void drop(ffmpeg_converter *self)
{
    swr_free(&self->context);
    ffmpeg_layout_free(&self->from_layout);
    ffmpeg_layout_free(&self->layout);
    for (int channel = 0; channel < FFMPEG_MAX_CHANNELS; channel++) {
        dmx_free(self->pending[channel]);
        self->pending[channel] = NULL;
    }
    self->capacity = self->start = self->frames = 0;
}

bool ffmpeg_converter_begin(ffmpeg_converter *self, const AVFrame *frame, int rate_hz, const char *path,
                            demucs_error *error)
{
    drop(self);
    self->sample_rate_hz = usable_rate_hz(rate_hz);
    const int channels = ffmpeg_frame_channels(frame);
    if (channels > usable_channels(self, channels))
        ffmpeg_layout_default(&self->layout, self->most_channels);
    else if (!ffmpeg_layout_of_frame(&self->layout, frame))
        return no_memory(path, error);
    return (rate_hz > 0 && channels > 0 && channels <= FFMPEG_MAX_CHANNELS) ||
           !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "%d channels at %d Hz cannot be read (at most %d channels)",
                       channels, rate_hz, FFMPEG_MAX_CHANNELS);
}

void ffmpeg_converter_close(ffmpeg_converter *self) { drop(self); }

int ffmpeg_converter_channels(const ffmpeg_converter *self) { return ffmpeg_layout_channels(&self->layout); }

bool ffmpeg_converter_suits(const ffmpeg_converter *self, const AVFrame *frame, int rate_hz)
{
    return usable_rate_hz(rate_hz) == self->sample_rate_hz &&
           usable_channels(self, ffmpeg_frame_channels(frame)) == ffmpeg_converter_channels(self);
}

/* ---- converting ---- */

/* Whether libswresample is set up for frames like this one. */
static bool is_ready(const ffmpeg_converter *self, const AVFrame *frame, int rate_hz)
{
    return self->context != NULL && self->from_format == frame->format && self->from_rate_hz == rate_hz &&
           ffmpeg_frame_has_layout(frame, &self->from_layout);
}

static bool set_up(ffmpeg_converter *self, const AVFrame *frame, int rate_hz, const char *path, demucs_error *error)
{
    swr_free(&self->context);
    ffmpeg_layout_free(&self->from_layout);
    self->from_format = (enum AVSampleFormat)frame->format;
    self->from_rate_hz = rate_hz;
    if (!ffmpeg_layout_of_frame(&self->from_layout, frame)) return no_memory(path, error);
    self->context = ffmpeg_converter_alloc(&self->layout, AV_SAMPLE_FMT_FLTP, self->sample_rate_hz, &self->from_layout,
                                           self->from_format, rate_hz);
    if (self->context != NULL && swr_init(self->context) >= 0) return true;
    swr_free(&self->context);
    if (ffmpeg_layout_channels(&self->from_layout) > ffmpeg_converter_channels(self))
        return !dmx_refuse(path, error, DEMUCS_ERROR_UNSUPPORTED,
                           "how its %d channels are arranged is not known, so they cannot be mixed down to %d",
                           ffmpeg_layout_channels(&self->from_layout), ffmpeg_converter_channels(self));
    return !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "cannot convert %d channels at %d Hz to %d channels at %d Hz",
                       ffmpeg_layout_channels(&self->from_layout), rate_hz, ffmpeg_converter_channels(self),
                       self->sample_rate_hz);
}

/* Make room for `frames` more. */
static bool reserve(ffmpeg_converter *self, size_t frames)
{
    const size_t capacity = self->frames + frames;
    if (capacity <= self->capacity) return true;
    for (int channel = 0; channel < ffmpeg_converter_channels(self); channel++) {
        float *plane = dmx_realloc(self->pending[channel], self->capacity, capacity, sizeof *plane);
        if (plane == NULL) return false;
        self->pending[channel] = plane;
    }
    self->capacity = capacity;
    return true;
}

/* Convert `frames` samples per channel and append them; NULL: what libswresample still holds. */
static bool convert(ffmpeg_converter *self, uint8_t **data, int frames)
{
    if (self->frames == 0) self->start = 0;
    const int room = swr_get_out_samples(self->context, frames);
    if (room < 0 || !reserve(self, (size_t)room)) return false;
    uint8_t *out[FFMPEG_MAX_CHANNELS] = {NULL};
    for (int channel = 0; channel < ffmpeg_converter_channels(self); channel++)
        out[channel] = (uint8_t *)(self->pending[channel] + self->frames);
    const int converted = swr_convert(self->context, out, room, (const uint8_t **)data, frames);
    if (converted < 0) return false;
    self->frames += (size_t)converted;
    return true;
}

bool ffmpeg_converter_flush(ffmpeg_converter *self, const char *path, demucs_error *error)
{
    return self->context == NULL || convert(self, NULL, 0) || no_memory(path, error);
}

bool ffmpeg_converter_put(ffmpeg_converter *self, const AVFrame *frame, int rate_hz, const char *path,
                          demucs_error *error)
{
    if (!is_ready(self, frame, rate_hz) &&
        (!ffmpeg_converter_flush(self, path, error) || !set_up(self, frame, rate_hz, path, error)))
        return false;
    return convert(self, frame->extended_data, frame->nb_samples) || no_memory(path, error);
}
