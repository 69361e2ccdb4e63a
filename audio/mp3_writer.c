/* mp3_writer.c - MP3 by libmp3lame: constant bit rate, fed from int16, as the official program does through lameenc.
 *
 * LAME is called directly and not through libavcodec, because then its settings are those of lameenc: the frames decode
 * to the same sound (within 330 dB), and so are the choices LAME makes by itself (a lower sample rate at low bit rates,
 * 48 kHz for 96). What we add is, where the file keeps tags, ID3 before the first frame; and the first frame's tag,
 * which LAME keeps free and lameenc leaves empty: it holds the encoder's delay and padding, so that players and our own
 * reader give back the exact number of frames. */
#include "audio/encoder.h"
#include "audio/id3.h"
#include "audio/pcm.h"
#include "base/alloc.h"

#include <lame/lame.h>

#include <stdarg.h>

#define BLOCK_FRAMES 4096
#define BLOCK_BYTES  (BLOCK_FRAMES * 5 / 4 + 7200) /* lame.h: the worst case for a block, and for the last flush */

typedef struct mp3_writer {
    dmx_file *output;
    lame_t lame;
    int channels;
    size_t id3_bytes;                  /* before the first frame */
    int16_t samples[BLOCK_FRAMES * 2]; /* [frames][channels] */
    unsigned char bytes[BLOCK_BYTES];
} mp3_writer;

/* LAME reports on stderr by default. */
static void no_report(const char *format, va_list arguments) { (void)format, (void)arguments; }

/* `count`: what LAME put into mp3->bytes, or its error code. */
static bool put_bytes(mp3_writer *mp3, int count, demucs_error *error)
{
    if (count < 0)
        return !dmx_refuse(dmx_file_path(mp3->output), error, DEMUCS_ERROR_FORMAT,
                           "the MP3 encoder failed (LAME error %d)", count);
    return dmx_file_write(mp3->output, mp3->bytes, (size_t)count) || !dmx_file_fail(mp3->output, error);
}

static bool mp3_write(void *state, const float *const *planes, size_t frames, demucs_error *error)
{
    mp3_writer *mp3 = state;
    for (size_t start = 0; start < frames; start += BLOCK_FRAMES) {
        int count = frames - start < BLOCK_FRAMES ? (int)(frames - start) : BLOCK_FRAMES;
        audio_pcm_int16(mp3->samples, planes, start, (size_t)count, mp3->channels, false);
        int bytes = mp3->channels == 1
                        ? lame_encode_buffer(mp3->lame, mp3->samples, mp3->samples, count, mp3->bytes, BLOCK_BYTES)
                        : lame_encode_buffer_interleaved(mp3->lame, mp3->samples, count, mp3->bytes, BLOCK_BYTES);
        if (!put_bytes(mp3, bytes, error)) return false;
    }
    return true;
}

static bool mp3_finish(void *state, demucs_error *error)
{
    mp3_writer *mp3 = state;
    if (!put_bytes(mp3, lame_encode_flush(mp3->lame, mp3->bytes, BLOCK_BYTES), error)) return false;
    size_t tag_bytes = lame_get_lametag_frame(mp3->lame, mp3->bytes, BLOCK_BYTES);
    if (tag_bytes > BLOCK_BYTES) tag_bytes = 0; /* the size it would need: cannot be, a frame has at most 2881 bytes */
    if (!dmx_file_seek(mp3->output, mp3->id3_bytes)) return !dmx_file_fail(mp3->output, error);
    return put_bytes(mp3, (int)tag_bytes, error);
}

static void mp3_free(void *state)
{
    mp3_writer *mp3 = state;
    if (mp3 == NULL) return;
    if (mp3->lame != NULL) lame_close(mp3->lame);
    dmx_free(mp3);
}

static bool set_parameters(lame_t lame, const audio_format *format, const audio_kept *kept)
{
    lame_set_errorf(lame, no_report);
    lame_set_debugf(lame, no_report);
    lame_set_msgf(lame, no_report);
    /* lameenc's rule: from 160 kb/s on the two channels are coded apart. LAME alone would always choose joint stereo.
     */
    const MPEG_mode stereo = format->mp3_bitrate_kbps >= 160 ? STEREO : JOINT_STEREO;
    return lame_set_mode(lame, format->channels == 1 ? MONO : stereo) >= 0 &&
           lame_set_num_channels(lame, format->channels) >= 0 &&
           lame_set_in_samplerate(lame, format->sample_rate_hz) >= 0 &&
           (!kept->rate || lame_set_out_samplerate(lame, format->sample_rate_hz) >= 0) &&
           lame_set_brate(lame, format->mp3_bitrate_kbps) >= 0 && lame_set_quality(lame, format->mp3_quality) >= 0 &&
           lame_init_params(lame) >= 0;
}

static bool put_tags(mp3_writer *mp3, const audio_kept *kept, demucs_error *error)
{
    const char *path = dmx_file_path(mp3->output);
    if (kept->tags == NULL) return true;
    unsigned char *id3 = audio_id3_make(kept, &mp3->id3_bytes);
    if (id3 == NULL) return !dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
    const bool done = dmx_file_write(mp3->output, id3, mp3->id3_bytes);
    dmx_free(id3);
    return done || !dmx_file_fail(mp3->output, error);
}

static void *mp3_open(dmx_file *output, const audio_format *format, const audio_kept *kept, demucs_error *error)
{
    const char *path = dmx_file_path(output);
    mp3_writer *mp3 = NULL;
    if (format->channels > 2) {
        dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT, "an MP3 file has one or two channels, not %d: write wav or flac",
                   format->channels);
        goto fail;
    }
    if (format->mp3_bitrate_kbps < 8 || format->mp3_bitrate_kbps > 320 || format->mp3_quality < 0 ||
        format->mp3_quality > 9) {
        dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT, "MP3 bit rate %d kb/s, quality %d: give 8 to 320 and 0 to 9",
                   format->mp3_bitrate_kbps, format->mp3_quality);
        goto fail;
    }
    mp3 = dmx_alloc(1, sizeof *mp3);
    if (mp3 == NULL || (mp3->lame = lame_init()) == NULL) {
        dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
        goto fail;
    }
    mp3->output = output;
    mp3->channels = format->channels;
    if (!set_parameters(mp3->lame, format, kept)) {
        dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT, "MP3 cannot hold %d channels at %d Hz and %d kb/s",
                   format->channels, format->sample_rate_hz, format->mp3_bitrate_kbps);
        goto fail;
    }
    if (!put_tags(mp3, kept, error)) goto fail;
    return mp3;
fail:
    mp3_free(mp3);
    return NULL;
}

const audio_encoder audio_mp3_encoder = {mp3_open, NULL, mp3_write, mp3_finish, mp3_free};

const char *audio_mp3_version(void) { return get_lame_version(); }
