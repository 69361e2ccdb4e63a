/* measure.c - see bench.h
 *
 * The input is one segment of noise, exactly as long as the model's own segment, without shifts: so each run is one
 * pass through the network. The engine reports after each stage, and the time since the report before is its time. */
#include "bench.h"

#include "common/bar.h"
#include "common/interrupt.h"
#include "common/precision.h"
#include "demucs.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

typedef struct clockwork {
    bench_result *result;
    double last;  /* when the last stage ended */
    int next;     /* place of the next stage in this segment */
    bool counted; /* the warm-up segment is not */
} clockwork;

static void on_stage(const char *stage, double flops, void *user)
{
    clockwork *self = user;
    const double now = clock_seconds(), seconds = now - self->last;
    self->last = now;
    if (self->next >= BENCH_MAX_STAGES) return;
    bench_stage *place = &self->result->stages[self->next++];
    snprintf(place->name, sizeof place->name, "%s", stage);
    if (self->next > self->result->stage_count) self->result->stage_count = self->next;
    if (!self->counted) return;
    place->seconds += seconds;
    place->flops += flops;
}

/* Noise in [-0.5, 0.5], the same each time: a linear congruential generator does. */
static void fill_noise(float *samples, size_t count)
{
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        samples[i] = (float)(state >> 8) / (float)(1 << 24) - 0.5f;
    }
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool run_segments(bench_result *result, demucs_separator *separator, const demucs_model *model, clockwork *clock,
                         failure *why)
{
    demucs_error error;
    const int channels = demucs_model_channels(model), planes = demucs_model_sources(model) * channels;
    const size_t frames = (size_t)(result->audio_seconds * demucs_model_sample_rate_hz(model) + 1e-6);
    float *samples = memory_new(frames * (size_t)(channels + planes), sizeof *samples);
    const float **mix = memory_new((size_t)channels, sizeof *mix);
    float **stems = memory_new((size_t)planes, sizeof *stems);
    for (int c = 0; c < channels; c++) mix[c] = samples + (size_t)c * frames;
    for (int p = 0; p < planes; p++) stems[p] = samples + (size_t)(channels + p) * frames;
    fill_noise(samples, frames * (size_t)channels);

    bool done = true;
    for (int run = 0; done && run <= result->repeats; run++) {
        clock->next = 0;
        clock->counted = run > 0;
        const double start = clock->last = clock_seconds();
        done = demucs_separate(separator, mix, frames, stems, &error) == DEMUCS_OK || fail(why, "%s", error.message);
        if (run > 0) result->seconds[run - 1] = clock_seconds() - start;
        if (interrupt_signal() != 0) done = fail(why, "interrupted");
    }
    free(samples);
    free(mix);
    free(stems);
    qsort(result->seconds, (size_t)result->repeats, sizeof *result->seconds, by_size);
    return done;
}

/* Only the first member of a bag runs: it alone is wanted, where the weights allow to tell it apart. */
static bool describe(bench_result *result, const demucs_model *model, failure *why)
{
    demucs_member_info info = {.struct_size = sizeof info};
    demucs_error error;
    if (demucs_model_member_info(model, 0, &info, &error) != DEMUCS_OK) return fail(why, "%s", error.message);
    if (demucs_model_members(model) > 1)
        return fail(why, "%s is a bag of %d models: measure one of them, such as %s", result->name,
                    demucs_model_members(model), info.path);
    result->class_name = info.class_name;
    result->audio_seconds = info.segment_seconds;
    result->flops = info.segment_flops;
    return true;
}

static bool measure_model(bench_result *result, const demucs_model *model, const bench_options *options, failure *why)
{
    demucs_error error;
    demucs_options settings;
    demucs_separator *separator = NULL;
    clockwork clock = {.result = result};
    if (!describe(result, model, why)) return false;
    demucs_default_options(&settings);
    settings.shifts = 0;
    settings.overlap = 0; /* or the end of the segment would be run again */
    settings.threads = (int)options->threads;
    settings.cpu = options->cpu;
    settings.precision = precision_of(options->precision);
    settings.stage = on_stage;
    settings.stage_user = &clock;
    if (demucs_separator_create(&separator, model, &settings, &error) != DEMUCS_OK)
        return fail(why, "%s", error.message);
    snprintf(result->cpu, sizeof result->cpu, "%s", demucs_separator_cpu(separator));
    result->precision = precision_name(demucs_separator_precision(separator));
    result->separator_bytes = demucs_separator_memory_bytes(separator);
    bool done = run_segments(result, separator, model, &clock, why);
    demucs_separator_free(separator);
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) result->peak_bytes = (double)usage.ru_maxrss * 1024;
    return done;
}

bool bench_measure(bench_result *result, const char *name, const bench_options *options, failure *why)
{
    demucs_model *model = NULL;
    demucs_error error;
    memset(result, 0, sizeof *result);
    result->name = name;
    result->threads = options->threads;
    result->repeats = (int)options->repeats;
    const model_request request = {.name = name, .repo = options->repo, .offline = options->offline};
    char *path = model_find(&request, why);
    if (path == NULL) return false;
    const double start = clock_seconds();
    bool done = demucs_model_load(&model, path, &error) == DEMUCS_OK || fail(why, "%s", error.message);
    result->load_seconds = clock_seconds() - start;
    done = done && measure_model(result, model, options, why);
    demucs_model_free(model);
    free(path);
    return done;
}
