/* ffmpeg_reader.c - audio_reader: a file -> planar float, part by part.
 *
 *   ffmpeg_input --packet--> ffmpeg_decoder --frame--> ffmpeg_converter --planar float--> the caller's planes
 *
 * What comes out is what `ffmpeg -i FILE -map 0:a:N -f f32le` writes, sample for sample. A stream may change its rate
 * and its channels on the way (a broadcast that goes from 5.1 to stereo, the recording of a radio station): then a part
 * ends and another begins, and nothing is lost by converting the one to the form of the other. */
#include "audio/audio.h"
#include "audio/ffmpeg_converter.h"
#include "audio/ffmpeg_decoder.h"
#include "audio/ffmpeg_input.h"
#include "audio/ffmpeg_tags.h"
#include "base/alloc.h"

#include <string.h>

#define MAX_GAP_SECONDS 600 /* of silence for one damaged place */

struct audio_reader {
    char *path;
    ffmpeg_input input;
    ffmpeg_decoder decoder;
    ffmpeg_converter converter;
    bool held;    /* the decoder's frame waits for the frames before it to be taken */
    bool changes; /* and it begins another part */
    bool at_end;
    bool failed;
    int64_t next_pts; /* when the next frame begins, in the stream's time base, if nothing is missing */
    uint64_t silence; /* frames of silence that come before the pending ones */
    uint64_t frames;  /* put out or waiting, so far, at the rate of the part */
};

/* ---- damage ---- */

/* Frames that were lost before the present one. They are put out as silence, so that all that follows stays in time.
 * How many they are is said by the time stamps; since these lie in a damaged file, it is no more than the file is long.
 */
static uint64_t lost_frames(const audio_reader *reader)
{
    const AVRational unit = reader->input.stream->time_base, one_frame = {1, reader->converter.sample_rate_hz};
    const int64_t pts = reader->decoder.frame->best_effort_timestamp;
    if (!reader->decoder.in_damage || pts == AV_NOPTS_VALUE || reader->next_pts == AV_NOPTS_VALUE) return 0;
    const int64_t gap = av_rescale_q(av_sat_sub64(pts, reader->next_pts), unit, one_frame);
    uint64_t most = (uint64_t)MAX_GAP_SECONDS * (uint64_t)reader->converter.sample_rate_hz;
    const uint64_t announced = audio_reader_announced_frames(reader);
    if (announced > 0 && announced < reader->frames + most)
        most = announced > reader->frames ? announced - reader->frames : 0;
    if (gap <= 0) return 0;
    return (uint64_t)gap < most ? (uint64_t)gap : most;
}

/* The present frame is good. */
static void pass_damage(audio_reader *reader)
{
    const AVRational unit = reader->input.stream->time_base, one_frame = {1, ffmpeg_decoder_rate_hz(&reader->decoder)};
    const int64_t pts = reader->decoder.frame->best_effort_timestamp;
    reader->silence = lost_frames(reader);
    reader->frames += reader->silence;
    reader->decoder.in_damage = false;
    if (pts != AV_NOPTS_VALUE) reader->next_pts = pts;
    if (reader->next_pts != AV_NOPTS_VALUE)
        reader->next_pts =
            av_sat_add64(reader->next_pts, av_rescale_q(reader->decoder.frame->nb_samples, one_frame, unit));
}

/* ---- parts ---- */

/* Begin a part with the present frame. */
static bool begin_part(audio_reader *reader, demucs_error *error)
{
    const int before_hz = reader->converter.sample_rate_hz, rate_hz = ffmpeg_decoder_rate_hz(&reader->decoder);
    reader->changes = false;
    if (!ffmpeg_converter_begin(&reader->converter, reader->decoder.frame, rate_hz, reader->path, error)) return false;
    if (before_hz > 0)
        reader->frames = (uint64_t)av_rescale((int64_t)reader->frames, reader->converter.sample_rate_hz, before_hz);
    return true;
}

/* Convert the present frame, which belongs to the part. */
static bool pass_frame(audio_reader *reader, demucs_error *error)
{
    reader->held = false;
    pass_damage(reader);
    if (!ffmpeg_converter_put(&reader->converter, reader->decoder.frame, ffmpeg_decoder_rate_hz(&reader->decoder),
                              reader->path, error))
        return false;
    reader->frames += reader->converter.frames;
    return true;
}

static bool end_part(audio_reader *reader, demucs_error *error)
{
    if (!ffmpeg_converter_flush(&reader->converter, reader->path, error)) return false;
    reader->frames += reader->converter.frames;
    return true;
}

/* Nothing is pending: decode and convert one more frame, or find the end of the part or of the file. */
static bool refill(audio_reader *reader, demucs_error *error)
{
    ffmpeg_decoder *decoder = &reader->decoder;
    const int decoded = reader->held ? 1 : ffmpeg_decoder_next(decoder);
    if (decoded < 0) return !dmx_refuse(reader->path, error, DEMUCS_ERROR_MEMORY, "not enough memory to decode");
    if (decoded == 0) {
        reader->at_end = true;
        /* the torn packet where a file is cut off is no place of its own */
        decoder->damaged -= decoder->in_damage && audio_reader_announced_frames(reader) > reader->frames;
        return ffmpeg_input_check(&reader->input, error) && end_part(reader, error) &&
               ffmpeg_decoder_check(decoder, error);
    }
    if (ffmpeg_converter_suits(&reader->converter, decoder->frame, ffmpeg_decoder_rate_hz(decoder)))
        return pass_frame(reader, error);
    reader->held = reader->changes = true;
    return end_part(reader, error);
}

/* ---- the public side ---- */

/* Only the first decoded frame tells the true form (AAC with SBR, for one, doubles its rate there). */
static bool read_first_frame(audio_reader *reader, demucs_error *error)
{
    const int decoded = ffmpeg_decoder_next(&reader->decoder);
    if (decoded < 0) return !dmx_refuse(reader->path, error, DEMUCS_ERROR_MEMORY, "not enough memory to decode");
    if (decoded == 0 && !ffmpeg_input_check(&reader->input, error)) return false;
    if (decoded == 0) return ffmpeg_decoder_refuse(&reader->decoder, error);
    reader->next_pts = reader->input.stream->start_time;
    return begin_part(reader, error) && pass_frame(reader, error);
}

audio_reader *audio_reader_open_with(const char *path, const audio_reader_options *options, demucs_error *error)
{
    dmx_error_clear(error);
    audio_reader *reader = dmx_alloc(1, sizeof *reader);
    if (reader == NULL || (reader->path = dmx_strdup(path)) == NULL) {
        dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to open the file");
        goto fail;
    }
    reader->converter.most_channels = options->most_channels;
    if (!ffmpeg_input_open(&reader->input, path, options, error) ||
        !ffmpeg_decoder_open(&reader->decoder, &reader->input, reader->path, error) || !read_first_frame(reader, error))
        goto fail;
    return reader;
fail:
    audio_reader_close(reader);
    return NULL;
}

void audio_reader_close(audio_reader *reader)
{
    if (reader == NULL) return;
    ffmpeg_converter_close(&reader->converter);
    ffmpeg_decoder_close(&reader->decoder);
    ffmpeg_input_close(&reader->input);
    dmx_free(reader->path);
    dmx_free(reader);
}

int audio_reader_channels(const audio_reader *reader) { return ffmpeg_converter_channels(&reader->converter); }

int audio_reader_sample_rate_hz(const audio_reader *reader) { return reader->converter.sample_rate_hz; }

size_t audio_reader_damaged(const audio_reader *reader) { return reader->decoder.damaged; }

bool audio_reader_sample(const audio_reader *reader, audio_sample *sample)
{
    return ffmpeg_decoder_sample(&reader->decoder, sample);
}

bool audio_reader_tags(const audio_reader *reader, audio_tags *tags)
{
    *tags = (audio_tags){.left_out = 0};
    return ffmpeg_tags_read(tags, reader->input.container, reader->input.stream);
}

uint64_t audio_reader_expected_frames(const audio_reader *reader)
{
    const AVRational one_frame = {1, reader->converter.sample_rate_hz};
    const AVStream *stream = reader->input.stream;
    int64_t frames = 0;
    if (stream->duration > 0)
        frames = av_rescale_q(stream->duration, stream->time_base, one_frame);
    else if (reader->input.container->duration > 0)
        frames = av_rescale_q(reader->input.container->duration, AV_TIME_BASE_Q, one_frame);
    return frames > 0 ? (uint64_t)frames : 0;
}

uint64_t audio_reader_announced_frames(const audio_reader *reader)
{
    const AVRational one_frame = {1, reader->converter.sample_rate_hz};
    const int64_t frames = av_rescale_q(reader->input.announced, reader->input.stream->time_base, one_frame);
    return frames > 0 ? (uint64_t)frames : 0;
}

/* Take silence, or else pending frames, into planes[channel] + done; returns how many. */
static size_t take(audio_reader *reader, float *const *planes, size_t done, size_t capacity)
{
    ffmpeg_converter *from = &reader->converter;
    const uint64_t there = reader->silence > 0 ? reader->silence : from->frames;
    const size_t frames = there < capacity - done ? (size_t)there : capacity - done;
    for (int channel = 0; channel < ffmpeg_converter_channels(from); channel++)
        if (reader->silence > 0)
            memset(planes[channel] + done, 0, frames * sizeof(float));
        else
            memcpy(planes[channel] + done, from->pending[channel] + from->start, frames * sizeof(float));
    if (reader->silence > 0) {
        reader->silence -= frames;
        return frames;
    }
    from->start += frames;
    from->frames -= frames;
    return frames;
}

long audio_reader_read(audio_reader *reader, float *const *planes, size_t capacity, demucs_error *error)
{
    size_t done = 0;
    dmx_error_clear(error);
    if (reader->failed) dmx_refuse(reader->path, error, DEMUCS_ERROR_IO, "reading has failed before");
    while (done < capacity && !reader->failed) {
        if (reader->silence > 0 || reader->converter.frames > 0)
            done += take(reader, planes, done, capacity);
        else if (reader->at_end || reader->changes)
            break;
        else
            reader->failed = !refill(reader, error);
    }
    const bool another = done == 0 && reader->changes && !reader->failed;
    if (another) reader->failed = !begin_part(reader, error);
    if (reader->failed) return -1;
    return another ? AUDIO_CHANGED : (long)done;
}
