/* wav_writer.c - RIFF/WAVE, and RF64 where 32 bits do not hold the size.
 *
 *   "RIFF" size "WAVE"
 *   "fmt " 16   type, channels, rate, bytes per second, bytes per frame, bits      (all little-endian)
 *   "fact" 4    frames                                                             (float32 only)
 *   "data" size samples
 *   "LIST", "id3 "                              where the file keeps tags (riff_info.h)
 *
 * Byte for byte what the official program writes: no extensible header, no padding byte after an odd size. The sizes
 * are written as 0 and put right at the end, but where they are known at the start.
 *
 * Past 4 GiB the file has to be RF64, with a "ds64" chunk of 64-bit sizes between "WAVE" and "fmt ". Room kept for it
 * in every file would change the header of every file; so the rare long file is moved up by those 36 bytes at the end.
 */
#include "audio/wav_writer.h"

#include "audio/encoder.h"
#include "audio/pcm.h"
#include "audio/riff_info.h"
#include "base/alloc.h"

#include <string.h>

#define BLOCK_FRAMES 1024
#define MOVED_BYTES  (1 << 20)
#define DS64_BYTES   36 /* the chunk with its name and size */
#define HEADER_MAX   (12 + DS64_BYTES + 24 + 12 + 8)

enum { TYPE_PCM = 1, TYPE_FLOAT = 3 };

uint64_t audio_wav_riff_limit = UINT32_MAX;

typedef struct wav_writer {
    dmx_file *output;
    audio_format format;
    int bytes_per_sample;
    uint64_t frames;
    uint64_t expected;   /* frames that the header in the file tells of; 0 at first */
    unsigned char *tags; /* [tags_bytes] chunks behind the samples; NULL: none */
    size_t tags_bytes;
    unsigned char *block; /* [BLOCK_FRAMES][channels][bytes_per_sample] */
} wav_writer;

/* ---- the header ---- */

static unsigned char *put_name(unsigned char *out, const char *name)
{
    memcpy(out, name, 4);
    return out + 4;
}

static unsigned char *put_int(unsigned char *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) *out++ = (unsigned char)(value >> (8 * i));
    return out;
}

static uint64_t data_bytes(const wav_writer *wav)
{
    return wav->frames * (uint64_t)wav->format.channels * (uint64_t)wav->bytes_per_sample;
}

/* Size of the chunks behind the samples, with the byte that pads these to an even size. */
static uint64_t tail_bytes(const wav_writer *wav)
{
    return wav->tags_bytes > 0 ? wav->tags_bytes + data_bytes(wav) % 2 : 0;
}

/* Size of the header without a ds64 chunk. */
static uint64_t header_bytes(const wav_writer *wav)
{
    return 12 + 24 + (wav->format.sample == AUDIO_FLOAT32 ? 12 : 0) + 8;
}

static bool is_rf64(const wav_writer *wav)
{
    return header_bytes(wav) + data_bytes(wav) + tail_bytes(wav) > audio_wav_riff_limit;
}

/* The header for the frames so far; returns its size. */
static size_t make_header(const wav_writer *wav, unsigned char header[HEADER_MAX])
{
    const uint64_t frame_bytes = (uint64_t)wav->format.channels * (uint64_t)wav->bytes_per_sample;
    const uint64_t rate_hz = (uint64_t)wav->format.sample_rate_hz;
    const bool is_float = wav->format.sample == AUDIO_FLOAT32, long_file = is_rf64(wav);
    const uint64_t riff_size = header_bytes(wav) - 8 + data_bytes(wav) + tail_bytes(wav);
    const uint64_t unknown = UINT32_MAX; /* "see ds64" */

    unsigned char *out = put_name(header, long_file ? "RF64" : "RIFF");
    out = put_int(out, long_file ? unknown : riff_size, 4);
    out = put_name(out, "WAVE");
    if (long_file) {
        out = put_int(put_name(out, "ds64"), DS64_BYTES - 8, 4);
        out = put_int(out, riff_size + DS64_BYTES, 8);
        out = put_int(out, data_bytes(wav), 8);
        out = put_int(out, wav->frames, 8);
        out = put_int(out, 0, 4); /* no table of further sizes */
    }
    out = put_int(put_name(out, "fmt "), 16, 4);
    out = put_int(out, is_float ? TYPE_FLOAT : TYPE_PCM, 2);
    out = put_int(out, (uint64_t)wav->format.channels, 2);
    out = put_int(out, rate_hz, 4);
    out = put_int(out, rate_hz * frame_bytes, 4);
    out = put_int(out, frame_bytes, 2);
    out = put_int(out, (uint64_t)wav->bytes_per_sample * 8, 2);
    if (is_float) out = put_int(put_int(put_name(out, "fact"), 4, 4), long_file ? unknown : wav->frames, 4);
    out = put_int(put_name(out, "data"), long_file ? unknown : data_bytes(wav), 4);
    return (size_t)(out - header);
}

/* ---- samples ---- */

static void put_samples(const wav_writer *wav, const float *const *planes, size_t start, size_t frames)
{
    unsigned char *out = wav->block;
    for (size_t frame = start; frame < start + frames; frame++) {
        for (int channel = 0; channel < wav->format.channels; channel++) {
            float sample = planes[channel][frame];
            uint32_t bits;
            switch (wav->format.sample) {
            case AUDIO_INT16:
                bits = (uint32_t)(wav->format.nearest ? audio_to_nearest(sample, AUDIO_INT16_RANGE)
                                                      : audio_to_int(sample, AUDIO_INT16_MAX));
                break;
            case AUDIO_INT24:
                bits = (uint32_t)(wav->format.nearest ? audio_to_nearest(sample, AUDIO_INT24_RANGE)
                                                      : audio_to_int(sample, AUDIO_INT24_MAX));
                break;
            default: memcpy(&bits, &sample, sizeof bits);
            }
            out = put_int(out, bits, wav->bytes_per_sample);
        }
    }
}

static bool wav_write(void *state, const float *const *planes, size_t frames, demucs_error *error)
{
    wav_writer *wav = state;
    const size_t frame_bytes = (size_t)wav->format.channels * (size_t)wav->bytes_per_sample;
    for (size_t start = 0; start < frames;) {
        size_t count = frames - start < BLOCK_FRAMES ? frames - start : BLOCK_FRAMES;
        put_samples(wav, planes, start, count);
        if (!dmx_file_write(wav->output, wav->block, count * frame_bytes)) return !dmx_file_fail(wav->output, error);
        wav->frames += count;
        start += count;
    }
    return true;
}

/* ---- start and end ---- */

static bool write_header(wav_writer *wav)
{
    unsigned char header[HEADER_MAX];
    size_t size = make_header(wav, header);
    return dmx_file_write(wav->output, header, size);
}

/* Move the bytes from `from` to the end up by `shift`. */
static bool move_up(dmx_file *output, uint64_t from, uint64_t shift, demucs_error *error)
{
    unsigned char *block = dmx_alloc(1, MOVED_BYTES);
    bool done = true;
    if (block == NULL)
        return !dmx_refuse(dmx_file_path(output), error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
    /* From the end backwards, so that nothing is overwritten before it was read. */
    for (uint64_t end = dmx_file_size(output); done && end > from;) {
        size_t count = end - from < MOVED_BYTES ? (size_t)(end - from) : MOVED_BYTES;
        end -= count;
        done = dmx_file_read(output, block, count, end) && dmx_file_seek(output, end + shift) &&
               dmx_file_write(output, block, count);
    }
    dmx_free(block);
    return done || !dmx_file_fail(output, error);
}

/* The header as it will be at the end. */
static bool wav_expect(void *state, uint64_t frames, demucs_error *error)
{
    wav_writer *wav = state;
    wav->frames = wav->expected = frames;
    const bool done = dmx_file_seek(wav->output, 0) && write_header(wav);
    wav->frames = 0;
    return done || !dmx_file_fail(wav->output, error);
}

static bool wav_finish(void *state, demucs_error *error)
{
    wav_writer *wav = state;
    if (wav->expected > 0 && wav->expected != wav->frames)
        return !dmx_refuse(dmx_file_path(wav->output), error, DEMUCS_ERROR_STATE,
                           "%llu frames came, and %llu were expected", (unsigned long long)wav->frames,
                           (unsigned long long)wav->expected);
    if (wav->tags_bytes > 0 && (!dmx_file_write(wav->output, "", data_bytes(wav) % 2) ||
                                !dmx_file_write(wav->output, wav->tags, wav->tags_bytes)))
        return !dmx_file_fail(wav->output, error);
    if (wav->expected > 0) return true;
    if (is_rf64(wav) && !move_up(wav->output, header_bytes(wav), DS64_BYTES, error)) return false;
    if (!dmx_file_seek(wav->output, 0) || !write_header(wav)) return !dmx_file_fail(wav->output, error);
    return true;
}

static void wav_free(void *state)
{
    wav_writer *wav = state;
    if (wav == NULL) return;
    dmx_free(wav->block);
    dmx_free(wav->tags);
    dmx_free(wav);
}

static void *wav_open(dmx_file *output, const audio_format *format, const audio_kept *kept, demucs_error *error)
{
    const char *path = dmx_file_path(output);
    wav_writer *wav = dmx_alloc(1, sizeof *wav);
    if (wav == NULL) goto no_memory;
    wav->output = output;
    wav->format = *format;
    wav->bytes_per_sample = format->sample == AUDIO_INT16 ? 2 : format->sample == AUDIO_INT24 ? 3 : 4;
    const uint64_t frame_bytes = (uint64_t)format->channels * (uint64_t)wav->bytes_per_sample;
    if (frame_bytes > UINT16_MAX || frame_bytes * (uint64_t)format->sample_rate_hz > UINT32_MAX) {
        dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT, "a wav file cannot hold %d channels at %d Hz", format->channels,
                   format->sample_rate_hz);
        goto fail;
    }
    wav->block = dmx_alloc(BLOCK_FRAMES, (size_t)frame_bytes);
    if (wav->block == NULL) goto no_memory;
    if (kept->tags != NULL && (wav->tags = audio_riff_info_make(kept, &wav->tags_bytes)) == NULL) goto no_memory;
    if (!write_header(wav)) {
        dmx_file_fail(output, error);
        goto fail;
    }
    return wav;
no_memory:
    dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
fail:
    wav_free(wav);
    return NULL;
}

const audio_encoder audio_wav_encoder = {wav_open, wav_expect, wav_write, wav_finish, wav_free};
