/* writer.c - audio_writer: an output file and the encoder that fills it. A container is one row of the table. */
#include "audio/audio.h"
#include "audio/encoder.h"
#include "audio/stem_box.h"
#include "base/alloc.h"
#include "base/file.h"

#include <assert.h>

static const audio_encoder *const encoders[] = {
    [AUDIO_WAV] = &audio_wav_encoder,          [AUDIO_FLAC] = &audio_ffmpeg_encoder,
    [AUDIO_MP3] = &audio_mp3_encoder,          [AUDIO_OGG] = &audio_ffmpeg_encoder,
    [AUDIO_OPUS] = &audio_ffmpeg_encoder,      [AUDIO_AAC] = &audio_ffmpeg_encoder,
    [AUDIO_ALAC] = &audio_ffmpeg_encoder,      [AUDIO_AIFF] = &audio_ffmpeg_encoder,
    [AUDIO_STEMS_AAC] = &audio_ffmpeg_encoder, [AUDIO_STEMS_ALAC] = &audio_ffmpeg_encoder,
};

struct audio_writer {
    dmx_file *output;
    const audio_encoder *encoder;
    void *state;
    char *stems;   /* or NULL */
    bool encoded;  /* all of the audio is in the file */
    bool finished; /* nothing is left but the renaming */
    bool failed;
    demucs_error first; /* the sentence of the first failure */
};

static bool check_format(const char *path, const audio_format *format, demucs_error *error)
{
    if ((unsigned)format->container >= sizeof encoders / sizeof *encoders ||
        (unsigned)format->sample > (unsigned)AUDIO_FLOAT32)
        return !dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT, "unknown audio format %d, sample type %d",
                           (int)format->container, (int)format->sample);
    if (format->channels < 1 || format->sample_rate_hz < 1)
        return !dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT, "cannot write %d channels at %d Hz", format->channels,
                           format->sample_rate_hz);
    return true;
}

int audio_container_rate_hz(audio_container container, int sample_rate_hz)
{
    return container == AUDIO_OPUS ? 48000 : sample_rate_hz;
}

int audio_container_kept_rate_hz(audio_container container, int sample_rate_hz)
{
    static const int mp3[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 0};
    static const int aac[] = {7350,  8000,  11025, 12000, 16000, 22050, 24000,
                              32000, 44100, 48000, 64000, 88200, 96000, 0};
    const bool is_aac = container == AUDIO_AAC || container == AUDIO_STEMS_AAC;
    const int *rates = container == AUDIO_MP3 ? mp3 : is_aac ? aac : NULL;
    if (rates == NULL) return audio_container_rate_hz(container, sample_rate_hz);
    while (*rates < sample_rate_hz && rates[1] != 0) rates++;
    return *rates;
}

bool audio_container_grows(audio_container container)
{
    return container == AUDIO_WAV || container == AUDIO_OGG || container == AUDIO_OPUS;
}

/* Begin on `output`, which becomes the writer's. */
static audio_writer *begin(dmx_file *output, const audio_format *format, const audio_kept *kept, demucs_error *error)
{
    audio_writer *writer = dmx_alloc(1, sizeof *writer);
    if (writer == NULL) {
        dmx_refuse(dmx_file_path(output), error, DEMUCS_ERROR_MEMORY, "not enough memory to write the file");
        dmx_file_discard(output);
        return NULL;
    }
    writer->encoder = encoders[format->container];
    writer->output = output;
    writer->state = writer->encoder->open(output, format, kept, error);
    if (writer->state != NULL) return writer;
    audio_writer_abort(writer);
    return NULL;
}

audio_writer *audio_writer_open_with(const char *path, const audio_format *format, const audio_kept *kept,
                                     demucs_error *error)
{
    dmx_file *output;
    dmx_error_clear(error);
    if (!check_format(path, format, error) || dmx_file_create_through(&output, path, error) != DEMUCS_OK) return NULL;
    return begin(output, format, kept, error);
}

audio_writer *audio_writer_open_nameless(int file, const char *name, const audio_format *format, const audio_kept *kept,
                                         demucs_error *error)
{
    dmx_file *output;
    dmx_error_clear(error);
    if (dmx_file_adopt(&output, file, name, error) != DEMUCS_OK) return NULL;
    if (check_format(name, format, error)) return begin(output, format, kept, error);
    dmx_file_discard(output);
    return NULL;
}

bool audio_writer_expect(audio_writer *writer, uint64_t frames, demucs_error *error)
{
    return writer->encoder->expect == NULL || writer->encoder->expect(writer->state, frames, error);
}

bool audio_writer_describe_stems(audio_writer *writer, const char *text, demucs_error *error)
{
    dmx_free(writer->stems);
    writer->stems = dmx_strdup(text);
    return writer->stems != NULL || !dmx_refuse(dmx_file_path(writer->output), error, DEMUCS_ERROR_MEMORY,
                                                "not enough memory to write the file");
}

bool audio_writer_write(audio_writer *writer, const float *const *planes, size_t frames, demucs_error *error)
{
    if (!writer->failed && !writer->encoded && frames > 0)
        writer->failed = !writer->encoder->write(writer->state, planes, frames, &writer->first);
    if (writer->failed && error != NULL) *error = writer->first;
    return !writer->failed;
}

/* Nothing of the audio is missing in the file then, though it may not be on the disk. */
static bool encode_rest(audio_writer *writer, demucs_error *error)
{
    if (!writer->failed && !writer->encoded) {
        writer->encoded = true;
        writer->failed = !writer->encoder->finish(writer->state, &writer->first) ||
                         (writer->stems != NULL && !audio_stem_box_add(writer->output, writer->stems, &writer->first));
    }
    if (writer->failed && error != NULL) *error = writer->first;
    return !writer->failed;
}

bool audio_writer_finish(audio_writer *writer, demucs_error *error)
{
    if (encode_rest(writer, error) && !writer->finished) {
        writer->finished = true;
        if (!dmx_file_sync(writer->output)) writer->failed = dmx_file_fail(writer->output, &writer->first) != DEMUCS_OK;
    }
    if (writer->failed && error != NULL) *error = writer->first;
    return !writer->failed;
}

bool audio_writer_close(audio_writer *writer, demucs_error *error)
{
    bool done = audio_writer_finish(writer, error);
    if (done) {
        dmx_error_clear(error);
        done = dmx_file_commit(writer->output, error) == DEMUCS_OK;
        writer->output = NULL;
    }
    audio_writer_abort(writer);
    return done;
}

bool audio_writer_hand_on(audio_writer *writer, uint64_t *at, bool (*take)(const void *bytes, size_t count, void *user),
                          void *user, demucs_error *error)
{
    enum { PIECE = 48 << 10 };
    static_assert(PIECE % 3 == 0, "who writes it as base64 has no remainders in the middle");
    char *piece = dmx_alloc(1, PIECE);
    bool done = piece != NULL || !dmx_refuse(dmx_file_path(writer->output), error, DEMUCS_ERROR_MEMORY,
                                             "not enough memory to read it back");
    for (const uint64_t size = dmx_file_size(writer->output); done && *at < size;) {
        const size_t count = size - *at < PIECE ? (size_t)(size - *at) : PIECE;
        if (!dmx_file_read(writer->output, piece, count, *at))
            done = !dmx_file_fail(writer->output, error);
        else
            done = take(piece, count, user);
        *at += count;
    }
    dmx_free(piece);
    return done;
}

bool audio_writer_hand_over(audio_writer *writer, uint64_t at,
                            bool (*take)(const void *bytes, size_t count, void *user), void *user, demucs_error *error)
{
    const bool done = encode_rest(writer, error) && audio_writer_hand_on(writer, &at, take, user, error);
    audio_writer_abort(writer);
    return done;
}

void audio_writer_abort(audio_writer *writer)
{
    if (writer == NULL) return;
    if (writer->state != NULL) writer->encoder->free(writer->state);
    dmx_file_discard(writer->output);
    dmx_free(writer->stems);
    dmx_free(writer);
}
