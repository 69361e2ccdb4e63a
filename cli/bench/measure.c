/* measure.c - see bench.h
 *
 * The input is noise, exactly as long as the longest segment among the members, without shifts and overlap: so each run
 * is one pass through each network (more for members with a shorter segment). */
#include "base/clock.h"
#include "base/error.h"
#include "bench.h"

#include "common/interrupt.h"
#include "common/memory.h"
#include "common/precision.h"
#include "demucs.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

double bench_median(const double *sorted, int count)
{
    return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

double bench_reference_peak(const bench_result *result)
{
    const bench_peaks *peaks = &result->peaks;
    if (!peaks->measured || strcmp(result->precision, "exact") == 0) return peaks->fma[1];
    return strcmp(result->cpu, "amx") == 0 ? peaks->tiles[1] : peaks->bf16[1];
}

void bench_settings(demucs_options *settings, const bench_options *options, stage_log *log)
{
    demucs_default_options(settings, sizeof *settings);
    settings->threads = (int)options->threads;
    settings->cpu = options->cpu;
    settings->precision = precision_of(options->precision);
    stage_log_attach(log, settings);
}

/* A linear congruential generator does. */
void bench_noise(float *samples, size_t count)
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

static bool run_segments(bench_result *result, demucs_separator *separator, const demucs_model *model, stage_log *log,
                         demucs_error *why)
{
    const int channels = demucs_model_channels(model), planes = demucs_model_sources(model) * channels;
    const size_t frames = (size_t)(result->audio_seconds * demucs_model_sample_rate_hz(model) + 1e-6);
    float *samples = memory_new(frames * (size_t)(channels + planes), sizeof *samples);
    const float **mix = memory_new((size_t)channels, sizeof *mix);
    float **stems = memory_new((size_t)planes, sizeof *stems);
    for (int c = 0; c < channels; c++) mix[c] = samples + (size_t)c * frames;
    for (int p = 0; p < planes; p++) stems[p] = samples + (size_t)(channels + p) * frames;
    bench_noise(samples, frames * (size_t)channels);

    bool done = true;
    for (int run = 0; done && run <= result->repeats; run++) {
        log->counted = run > 0;
        const double start = dmx_clock_seconds();
        done = demucs_separate(separator, mix, frames, stems, why) == DEMUCS_OK;
        if (run > 0) result->seconds[run - 1] = dmx_clock_seconds() - start;
    }
    free(samples);
    free(mix);
    free(stems);
    qsort(result->seconds, (size_t)result->repeats, sizeof *result->seconds, by_size);
    return done;
}

static double longest_segment(const bench_stages *stages)
{
    double longest = 0;
    for (int m = 0; m < stages->member_count; m++) longest = fmax(longest, stages->members[m].audio_seconds);
    return longest;
}

static double flops_of_pass(const bench_stages *stages, int passes)
{
    double sum = 0;
    for (int m = 0; m < stages->member_count; m++) sum += stages->members[m].all_flops;
    return sum / passes;
}

static bool measure_model(bench_result *result, const demucs_model *model, const bench_options *options,
                          demucs_error *why)
{
    demucs_options settings;
    demucs_separator *separator = NULL;
    stage_log log = {.stages = &result->stages};
    if (!stages_describe(&result->stages, model, why)) return false;
    result->audio_seconds = longest_segment(&result->stages);
    bench_settings(&settings, options, &log);
    settings.shifts = 0;
    settings.overlap = 0; /* or the end of the segment would be run again */
    if (demucs_separator_create(&separator, model, &settings, why) != DEMUCS_OK) return false;
    snprintf(result->cpu, sizeof result->cpu, "%s", demucs_separator_cpu(separator));
    result->precision = precision_name(demucs_separator_precision(separator));
    result->separator_bytes = demucs_separator_memory_bytes(separator);
    bool done = run_segments(result, separator, model, &log, why);
    result->flops = flops_of_pass(&result->stages, result->repeats);
    demucs_separator_free(separator);
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) result->peak_bytes = (double)usage.ru_maxrss * 1024;
    return done;
}

/* The peaks, unless the result before this one has them already. `result` still holds that one. */
static bool measure_peaks(bench_result *result, const bench_peaks *before, const bench_options *options,
                          demucs_error *why)
{
    if (options->no_peaks) return true;
    if (before->measured && strcmp(before->level, result->cpu) == 0) {
        result->peaks = *before;
        return true;
    }
    return peaks_measure(&result->peaks, result->cpu, (int)options->threads, why);
}

static bool load_and_measure(bench_result *result, const char *path, const bench_options *options, demucs_error *why)
{
    demucs_model *model = NULL;
    const double start = dmx_clock_seconds();
    bool done = demucs_model_load(&model, path, why) == DEMUCS_OK;
    result->load_seconds = dmx_clock_seconds() - start;
    done = done && measure_model(result, model, options, why);
    if (done && options->streams > 0)
        done = streams_measure(&result->streams, model, result->audio_seconds, options, why);
    demucs_model_free(model);
    return done;
}

bool bench_measure(bench_result *result, const char *name, const bench_options *options, demucs_error *why)
{
    const bench_peaks before = result->peaks;
    memset(result, 0, sizeof *result);
    result->name = name;
    result->threads = options->threads;
    result->repeats = (int)options->repeats;
    const model_request request = {.name = name, .repo = options->repo, .offline = options->offline};
    char *path = model_find(&request, why);
    const bool done = path != NULL && load_and_measure(result, path, options, why) &&
                      measure_peaks(result, &before, options, why) &&
                      (options->song == NULL || song_measure(&result->song, path, options, why));
    free(path);
    return done;
}
