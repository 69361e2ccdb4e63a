/* measure.c - see measure.h */
#include "measure.h"

#include "audio/audio.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { PIECE_FRAMES = 8192 };

/* A file that is read in pieces of PIECE_FRAMES. */
typedef struct source {
    const char *path;
    audio_reader *reader;
    float *samples; /* [channels][PIECE_FRAMES] */
    float **planes; /* [channels] rows of samples */
    int channels;
} source;

typedef struct sums {
    double squares, reference_squares, error_squares;
} sums;

static bool fail(measure_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool fail(measure_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return false;
}

static bool source_open(source *s, const char *path, measure_error *error)
{
    audio_error why;
    s->path = path;
    s->reader = audio_reader_open(path, 0, &why);
    if (s->reader == NULL) return fail(error, "%s", why.message);
    s->channels = audio_reader_channels(s->reader);
    s->samples = malloc((size_t)s->channels * PIECE_FRAMES * sizeof *s->samples);
    s->planes = malloc((size_t)s->channels * sizeof *s->planes);
    if (s->samples == NULL || s->planes == NULL) return fail(error, "%s: out of memory.", path);
    return true;
}

static void source_close(source *s)
{
    if (s->reader != NULL) audio_reader_close(s->reader);
    free(s->samples);
    free(s->planes);
}

/* Fill the planes as far as the file goes: two decoders need not hand out pieces of the same size. */
static bool source_read(source *s, size_t *frames, measure_error *error)
{
    *frames = 0;
    while (*frames < PIECE_FRAMES) {
        audio_error why;
        for (int c = 0; c < s->channels; c++) s->planes[c] = s->samples + (size_t)c * PIECE_FRAMES + *frames;
        const long got = audio_reader_read(s->reader, s->planes, PIECE_FRAMES - *frames, &why);
        if (got < 0) return fail(error, "%s", why.message);
        if (got == 0) break;
        *frames += (size_t)got;
    }
    return true;
}

static void add_levels(measure *result, sums *total, const source *s, size_t frames)
{
    for (int c = 0; c < s->channels; c++) {
        const float *x = s->samples + (size_t)c * PIECE_FRAMES;
        for (size_t i = 0; i < frames; i++) {
            result->peak = fmax(result->peak, fabs((double)x[i]));
            total->squares += (double)x[i] * x[i];
        }
    }
    result->frames += frames;
}

static void add_errors(sums *total, const source *estimate, const source *reference, size_t frames)
{
    for (int c = 0; c < estimate->channels; c++) {
        const float *x = estimate->samples + (size_t)c * PIECE_FRAMES;
        const float *r = reference->samples + (size_t)c * PIECE_FRAMES;
        for (size_t i = 0; i < frames; i++) {
            const double difference = (double)r[i] - x[i];
            total->reference_squares += (double)r[i] * r[i];
            total->error_squares += difference * difference;
        }
    }
}

static bool comparable(const source *a, const source *b, measure_error *error)
{
    if (a->channels != b->channels)
        return fail(error, "%s has %d channels and its reference %s has %d; they should be the same.", a->path,
                    a->channels, b->path, b->channels);
    const int rate = audio_reader_sample_rate_hz(a->reader), other = audio_reader_sample_rate_hz(b->reader);
    return rate == other ||
           fail(error, "%s has %d samples a second and its reference %s has %d; they should be the same.", a->path,
                rate, b->path, other);
}

static bool run(measure *result, source *estimate, source *reference, measure_error *error)
{
    sums total = {0};
    size_t frames, others;
    do {
        if (!source_read(estimate, &frames, error)) return false;
        add_levels(result, &total, estimate, frames);
        if (reference == NULL) continue;
        if (!source_read(reference, &others, error)) return false;
        if (others != frames)
            return fail(error, "%s and its reference %s differ in length; they should be the same.", estimate->path,
                        reference->path);
        add_errors(&total, estimate, reference, frames);
    } while (frames == PIECE_FRAMES);
    const double count = (double)result->frames * estimate->channels;
    result->rms = count > 0 ? sqrt(total.squares / count) : 0;
    result->compared = reference != NULL;
    if (result->compared) {
        const double ratio = total.reference_squares / total.error_squares; /* NaN or infinite as IEEE has it */
        result->sdr_db = total.reference_squares > 0 ? 10 * log10(ratio) : NAN;
    }
    return true;
}

bool measure_file(measure *result, const char *path, const char *reference, measure_error *error)
{
    source a = {0}, b = {0};
    *result = (measure){0};
    bool done = source_open(&a, path, error);
    if (done && reference != NULL) done = source_open(&b, reference, error) && comparable(&a, &b, error);
    if (done) {
        result->channels = a.channels;
        result->sample_rate_hz = audio_reader_sample_rate_hz(a.reader);
        done = run(result, &a, reference != NULL ? &b : NULL, error);
    }
    source_close(&a);
    source_close(&b);
    return done;
}
