/* measure.c - demucs_tracks_measure: two files side by side, in small pieces. */
#include "audio/audio.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "demucs_tracks.h"
#include "tracks/meter.h"
#include "tracks/planes.h"

#include <math.h>
#include <string.h>

/* A file that is read in blocks. */
typedef struct source {
    char path[DMX_SHOWN_PATH]; /* as sentences show it */
    audio_reader *reader;
    float **planes; /* [channels] planes of a block */
    float **rest;   /* [channels] where in them the next frames go */
    int channels;
} source;

typedef struct sums {
    double reference_squares, error_squares;
} sums;

static bool source_open(source *s, const char *path, demucs_error *error)
{
    dmx_printable_path(s->path, path);
    s->reader = audio_reader_open(path, 0, error);
    if (s->reader == NULL) return false;
    s->channels = audio_reader_channels(s->reader);
    s->planes = dmx_planes_new(s->channels);
    s->rest = dmx_alloc((size_t)s->channels, sizeof *s->rest);
    return (s->planes != NULL && s->rest != NULL) ||
           !dmx_fail(error, DEMUCS_ERROR_MEMORY, "%s: out of memory.", s->path);
}

static void source_close(source *s)
{
    if (s->reader != NULL) audio_reader_close(s->reader);
    dmx_free(s->planes);
    dmx_free(s->rest);
}

/* Fill the planes as far as the file goes: two decoders need not hand out pieces of the same size. */
static bool source_read(source *s, size_t *frames, demucs_error *error)
{
    *frames = 0;
    while (*frames < DMX_TRACK_BLOCK) {
        for (int c = 0; c < s->channels; c++) s->rest[c] = s->planes[c] + *frames;
        const long got = audio_reader_read(s->reader, s->rest, DMX_TRACK_BLOCK - *frames, error);
        if (got == AUDIO_CHANGED)
            return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                             "%s changes its rate or its channels on the way; it cannot be measured as one.", s->path);
        if (got < 0) return false;
        if (got == 0) break;
        *frames += (size_t)got;
    }
    return true;
}

static void add_errors(sums *total, const source *estimate, const source *reference, size_t frames)
{
    for (int c = 0; c < estimate->channels; c++) {
        const float *x = estimate->planes[c], *r = reference->planes[c];
        for (size_t i = 0; i < frames; i++) {
            const double difference = (double)r[i] - x[i];
            total->reference_squares += (double)r[i] * r[i];
            total->error_squares += difference * difference;
        }
    }
}

static bool comparable(const source *a, const source *b, demucs_error *error)
{
    if (a->channels != b->channels)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                         "%s has %d channels and its reference %s has %d; they should be the same.", a->path,
                         a->channels, b->path, b->channels);
    const int rate = audio_reader_sample_rate_hz(a->reader), other = audio_reader_sample_rate_hz(b->reader);
    return rate == other ||
           !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                     "%s has %d samples a second and its reference %s has %d; they should be the same.", a->path, rate,
                     b->path, other);
}

static bool run(demucs_tracks_measures *result, source *estimate, source *reference, demucs_error *error)
{
    sums total = {0};
    dmx_meter meter = {0};
    size_t frames, others;
    do {
        if (!source_read(estimate, &frames, error)) return false;
        for (int c = 0; c < estimate->channels; c++) dmx_meter_add(&meter, estimate->planes[c], frames);
        result->frames += frames;
        if (reference == NULL) continue;
        if (!source_read(reference, &others, error)) return false;
        if (others != frames)
            return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                             "%s and its reference %s differ in length; they should be the same.", estimate->path,
                             reference->path);
        add_errors(&total, estimate, reference, frames);
    } while (frames == DMX_TRACK_BLOCK);
    result->peak = meter.peak;
    result->rms = dmx_meter_rms(&meter);
    result->compared = reference != NULL;
    if (result->compared) {
        const double ratio = total.reference_squares / total.error_squares; /* NaN or infinite as IEEE has it */
        result->sdr_db = total.reference_squares > 0 ? 10 * log10(ratio) : NAN;
    }
    return true;
}

/* Measure into a struct of ours; the caller's may be an older and shorter one. */
static bool measure(demucs_tracks_measures *result, const char *path, const char *reference, demucs_error *error)
{
    source a = {0}, b = {0};
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

demucs_status demucs_tracks_measure(const char *path, const char *reference, demucs_tracks_measures *measures,
                                    demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    demucs_tracks_measures result = {0};
    if (path == NULL || measures == NULL || measures->struct_size < sizeof measures->struct_size) {
        dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, "%s",
                 path == NULL ? "there is no path" : "set measures.struct_size to sizeof(demucs_tracks_measures)");
    } else if (measure(&result, path, reference, &why)) {
        const size_t size = measures->struct_size < sizeof result ? measures->struct_size : sizeof result;
        result.struct_size = measures->struct_size;
        memcpy(measures, &result, size);
    }
    if (error != NULL) *error = why;
    return why.status;
}
