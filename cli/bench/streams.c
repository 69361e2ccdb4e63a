/* streams.c - see streams.h */
#include "streams.h"

#include "base/clock.h"
#include "base/error.h"
#include "bench.h"
#include "common/memory.h"
#include "common/precision.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENTS = 2 }; /* of each track */

/* A stream and the thread that takes tracks through it. */
typedef struct user {
    demucs_stream *stream;
    const float *const *mix;
    float **stems;
    size_t frames;
    demucs_error error;
    pthread_t thread;
} user;

typedef struct crowd {
    demucs_engine *engine;
    user users[STREAMS_MAX];
    int count;
    float *samples;
    const float **mix;
    float **stems;
} crowd;

static void *separate(void *argument)
{
    user *u = argument;
    u->error.status = DEMUCS_OK;
    demucs_stream_separate(u->stream, u->mix, u->frames, u->stems, &u->error);
    return NULL;
}

static bool all_done(const crowd *c, demucs_error *why)
{
    for (int i = 0; i < c->count; i++) {
        if (c->users[i].error.status == DEMUCS_OK) continue;
        *why = c->users[i].error;
        return false;
    }
    return true;
}

static bool run_at_once(crowd *c, double *seconds, demucs_error *why)
{
    const double start = dmx_clock_seconds();
    int started = 0;
    while (started < c->count && pthread_create(&c->users[started].thread, NULL, separate, &c->users[started]) == 0)
        started++;
    for (int i = 0; i < started; i++) pthread_join(c->users[i].thread, NULL);
    *seconds = dmx_clock_seconds() - start;
    if (started < c->count) return dmx_fail(why, DEMUCS_ERROR_MEMORY, "cannot start %d threads", c->count) == DEMUCS_OK;
    return all_done(c, why);
}

static bool run_one_by_one(crowd *c, double *seconds, demucs_error *why)
{
    const double start = dmx_clock_seconds();
    for (int i = 0; i < c->count; i++) separate(&c->users[i]);
    *seconds = dmx_clock_seconds() - start;
    return all_done(c, why);
}

static bool create(crowd *c, const demucs_model *model, const bench_options *options, demucs_error *why)
{
    demucs_engine_options e;
    demucs_stream_options s;
    demucs_default_engine_options(&e, sizeof e);
    demucs_default_stream_options(&s, sizeof s);
    e.threads = (int)options->threads;
    e.cpu = options->cpu;
    e.precision = precision_of(options->precision);
    s.shifts = 0;
    s.overlap = 0;
    if (demucs_engine_create(&c->engine, model, &e, why) != DEMUCS_OK) return false;
    for (int i = 0; i < (int)options->streams; i++) {
        if (demucs_stream_create(&c->users[i].stream, c->engine, &s, why) != DEMUCS_OK) return false;
        c->count++;
    }
    return true;
}

/* Noise for all to read, and stems of all streams: nobody looks at them, but they have to be written somewhere. */
static void make_tracks(crowd *c, const demucs_model *model, size_t frames)
{
    const size_t channels = (size_t)demucs_model_channels(model);
    const size_t planes = (size_t)demucs_model_sources(model) * channels, count = (size_t)c->count;
    c->samples = memory_new(frames * (channels + count * planes), sizeof *c->samples);
    c->mix = memory_new(channels, sizeof *c->mix);
    c->stems = memory_new(count * planes, sizeof *c->stems);
    for (size_t i = 0; i < channels; i++) c->mix[i] = c->samples + i * frames;
    for (size_t i = 0; i < count * planes; i++) c->stems[i] = c->samples + (channels + i) * frames;
    bench_noise(c->samples, frames * channels);
    for (size_t i = 0; i < count; i++) {
        c->users[i].mix = c->mix;
        c->users[i].stems = c->stems + i * planes;
        c->users[i].frames = frames;
    }
}

static void destroy(crowd *c)
{
    for (int i = 0; i < c->count; i++) demucs_stream_free(c->users[i].stream);
    demucs_engine_free(c->engine);
    free(c->samples);
    free(c->mix);
    free(c->stems);
    free(c);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool run_all(bench_streams *streams, crowd *c, demucs_error *why)
{
    double ignored;
    bool done = run_one_by_one(c, &ignored, why); /* to get warm */
    for (int run = 0; done && run < streams->runs; run++)
        done = run_at_once(c, &streams->at_once[run], why) && run_one_by_one(c, &streams->one_by_one[run], why);
    if (!done) return false;
    qsort(streams->at_once, (size_t)streams->runs, sizeof *streams->at_once, by_size);
    qsort(streams->one_by_one, (size_t)streams->runs, sizeof *streams->one_by_one, by_size);
    streams->ratio = bench_median(streams->at_once, streams->runs) / bench_median(streams->one_by_one, streams->runs);
    return true;
}

bool streams_measure(bench_streams *streams, const demucs_model *model, double segment_seconds,
                     const bench_options *options, demucs_error *why)
{
    crowd *c = memory_new(1, sizeof *c);
    bool done = create(c, model, options, why);
    if (done) {
        const double rate = demucs_model_sample_rate_hz(model);
        const size_t frames = SEGMENTS * (size_t)(segment_seconds * rate + 1e-6);
        *streams = (bench_streams){.count = c->count, .runs = (int)options->repeats};
        streams->audio_seconds = c->count * (double)frames / rate;
        streams->engine_bytes = demucs_engine_memory_bytes(c->engine);
        streams->stream_bytes = demucs_stream_memory_bytes(c->users[0].stream);
        make_tracks(c, model, frames);
        done = run_all(streams, c, why);
    }
    destroy(c);
    return done;
}
