/* ffmpeg_timeline.c - see ffmpeg_timeline.h
 *
 *     packets   |--------|--------|        |--------|-----      a gap: the next one begins later than the one before
 * ends samples   |-----------------------------------|           what is decoded, one after the other
 *
 * A recording that was interrupted, or joined from others, has times that jump, and a player follows them. The decoded
 * samples do not; so the silence that belongs between them is found here. Times are rounded, to a millisecond in
 * Matroska, so a jump has to be longer than that to be one. How long a packet is only its samples say: MP4 stretches
 * the one before a gap. So the sound is decoded once more, which takes little beside its separation. */
#include "audio/ffmpeg_timeline.h"

#include "audio/ffmpeg_decoder.h"
#include "base/alloc.h"

#include <math.h>

#define MOST_ROUNDING_SECONDS 0.001
#define LEAST_GAP_SECONDS     0.01 /* less than a packet of most codecs, and much more than rounding */

/* When a frame begins to sound; AV_NOPTS_VALUE where nothing says so. Its pts counts what was cut off its front. */
static int64_t time_of(const AVFrame *frame)
{
    return frame->pts != AV_NOPTS_VALUE ? frame->pts : frame->best_effort_timestamp;
}

static double stated_start(const AVStream *stream)
{
    return stream->start_time != AV_NOPTS_VALUE ? (double)stream->start_time * av_q2d(stream->time_base) : 0;
}

static bool no_memory(const char *path, demucs_error *error)
{
    return !dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to decode");
}

bool ffmpeg_timeline_begin(const char *path, int stream, ffmpeg_beginning *out, demucs_error *error)
{
    const audio_reader_options options = {.stream = stream};
    ffmpeg_input input;
    ffmpeg_decoder decoder = {0};
    if (!ffmpeg_input_open(&input, path, &options, error)) return false;
    bool done = ffmpeg_decoder_open(&decoder, &input, path, error);
    const int decoded = done ? ffmpeg_decoder_next(&decoder) : 0;
    if (done && decoded < 0) done = no_memory(path, error);
    if (done && decoded == 0) done = ffmpeg_decoder_refuse(&decoder, error);
    if (done) {
        /* the reader puts silence in the place of damage at the beginning */
        const int64_t first = time_of(decoder.frame);
        const bool stated = decoder.damaged > 0 || first == AV_NOPTS_VALUE;
        *out = (ffmpeg_beginning){.seconds = stated ? stated_start(input.stream)
                                                    : (double)first * av_q2d(input.stream->time_base),
                                  .sample_rate_hz = ffmpeg_decoder_rate_hz(&decoder),
                                  .codec = (int)input.stream->codecpar->codec_id};
    }
    ffmpeg_decoder_close(&decoder);
    ffmpeg_input_close(&input);
    return done;
}

typedef struct search {
    int rate_hz;
    AVRational unit;
    audio_video_gap *gaps;
    size_t count, capacity;
    double taken; /* seconds of samples so far */
    double end;   /* when the last of them ends, by its times */
    bool begun;
    double stated;  /* when the stream begins, by itself */
    double first;   /* when the first begins */
    double offsets; /* sum of the differences between times and samples, up to the first gap */
    uint64_t offsets_count;
} search;

/* A decoded frame. False without memory. The silence of a damaged place is among the samples already. */
static bool look(search *self, const AVFrame *frame, int rate_hz, bool damage)
{
    const int64_t time = time_of(frame);
    const double length = (double)frame->nb_samples / rate_hz;
    const double begin = time != AV_NOPTS_VALUE ? (double)time * av_q2d(self->unit) : self->end;
    const double gap = self->begun ? begin - self->end : 0;
    if (damage && gap > 0) self->taken += gap;
    if (!damage && fabs(gap) > LEAST_GAP_SECONDS) {
        audio_video_gap *longer = dmx_make_room(self->gaps, self->count, &self->capacity, sizeof *longer);
        if (longer == NULL) return false;
        self->gaps = longer;
        self->gaps[self->count++] =
            (audio_video_gap){.at = llround(self->taken * self->rate_hz), .frames = llround(gap * self->rate_hz)};
    }
    if (!self->begun) self->first = damage ? self->stated : begin;
    if (!self->begun) self->taken = begin - self->first;
    if (self->count == 0) {
        self->offsets += begin - self->first - self->taken;
        self->offsets_count++;
    }
    self->begun = true;
    self->taken += length;
    self->end = begin + length;
    return true;
}

/* When the sound begins: times that are rounded are all rounded differently, so their mean is nearer. */
static double mean_start(const search *self)
{
    const double off = self->offsets_count > 0 ? self->offsets / (double)self->offsets_count : 0;
    return self->first + (fabs(off) < MOST_ROUNDING_SECONDS ? off : 0);
}

bool ffmpeg_timeline_read(const char *path, int stream, int rate_hz, audio_video_timeline *out, demucs_error *error)
{
    const audio_reader_options options = {.stream = stream};
    ffmpeg_input input;
    ffmpeg_decoder decoder = {0};
    search self = {.rate_hz = rate_hz};
    *out = (audio_video_timeline){0};
    if (!ffmpeg_input_open(&input, path, &options, error)) return false;
    self.unit = input.stream->time_base;
    self.stated = stated_start(input.stream);
    int decoded = 1;
    bool done = ffmpeg_decoder_open(&decoder, &input, path, error);
    while (done && (decoded = ffmpeg_decoder_next(&decoder)) > 0) {
        done =
            look(&self, decoder.frame, ffmpeg_decoder_rate_hz(&decoder), decoder.in_damage) || no_memory(path, error);
        decoder.in_damage = false;
    }
    if (done && decoded < 0) done = no_memory(path, error);
    ffmpeg_decoder_close(&decoder);
    ffmpeg_input_close(&input);
    if (!done) dmx_free(self.gaps);
    if (done)
        *out = (audio_video_timeline){
            .start = llround(mean_start(&self) * rate_hz), .gaps = self.gaps, .gaps_count = self.count};
    return done;
}
