/* writer.c - audio_writer: an output file and the encoder that fills it. A container is one row of the table. */
#include "audio/audio.h"
#include "audio/encoder.h"
#include "audio/error.h"
#include "audio/output.h"

#include <stdlib.h>

static const audio_encoder *const encoders[] = {
    [AUDIO_WAV] = &audio_wav_encoder,
    [AUDIO_FLAC] = &audio_flac_encoder,
    [AUDIO_MP3] = &audio_mp3_encoder,
};

struct audio_writer {
    audio_output *output;
    const audio_encoder *encoder;
    void *state;
    bool finished; /* nothing is left but the renaming */
    bool failed;
    audio_error first; /* the sentence of the first failure */
};

static bool check_format(const char *path, const audio_format *format, audio_error *error)
{
    if ((unsigned)format->container >= sizeof encoders / sizeof *encoders ||
        (unsigned)format->sample > (unsigned)AUDIO_FLOAT32)
        return audio_fail(error, path, "unknown audio format %d, sample type %d", (int)format->container,
                          (int)format->sample);
    if (format->channels < 1 || format->sample_rate_hz < 1)
        return audio_fail(error, path, "cannot write %d channels at %d Hz", format->channels, format->sample_rate_hz);
    return true;
}

audio_writer *audio_writer_open(const char *path, const audio_format *format, audio_error *error)
{
    if (!check_format(path, format, error)) return NULL;
    audio_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        audio_fail(error, path, "not enough memory to write the file");
        return NULL;
    }
    writer->encoder = encoders[format->container];
    writer->output = audio_output_open(path, error);
    if (writer->output != NULL) writer->state = writer->encoder->open(writer->output, format, error);
    if (writer->state != NULL) return writer;
    audio_writer_abort(writer);
    return NULL;
}

bool audio_writer_write(audio_writer *writer, const float *const *planes, size_t frames, audio_error *error)
{
    if (!writer->failed && !writer->finished && frames > 0)
        writer->failed = !writer->encoder->write(writer->state, planes, frames, &writer->first);
    if (writer->failed && error != NULL) *error = writer->first;
    return !writer->failed;
}

bool audio_writer_finish(audio_writer *writer, audio_error *error)
{
    if (!writer->failed && !writer->finished) {
        writer->finished = true;
        writer->failed = !writer->encoder->finish(writer->state, &writer->first);
        if (!writer->failed && !audio_output_sync(writer->output))
            writer->failed = !audio_output_fail(writer->output, &writer->first);
    }
    if (writer->failed && error != NULL) *error = writer->first;
    return !writer->failed;
}

bool audio_writer_close(audio_writer *writer, audio_error *error)
{
    bool done = audio_writer_finish(writer, error);
    if (done) {
        done = audio_output_commit(writer->output, error);
        writer->output = NULL;
    }
    audio_writer_abort(writer);
    return done;
}

void audio_writer_abort(audio_writer *writer)
{
    if (writer == NULL) return;
    if (writer->state != NULL) writer->encoder->free(writer->state);
    audio_output_discard(writer->output);
    free(writer);
}
