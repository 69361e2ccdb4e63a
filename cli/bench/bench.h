/* bench.h - what demucs-bench measures of one model, and how it tells.
 *
 * A model is a bag of networks; most are a bag of one. The unit is one pass: the time that the whole bag takes for the
 * longest segment among its members. Members that are alike in class and size (all four of htdemucs_ft) do the same
 * work, so their stages are added up, under the first of them. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "base/error.h"
#include "common/model.h"
#include "peaks.h"
#include "song.h"
#include "stages.h"
#include "streams.h"

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_MAX_REPEATS = 1000 };

struct bench_options {
    const char *repo, *cpu, *precision;
    long long threads, repeats;
    bool offline, json, no_peaks;
    const char *song; /* a file, SONG_MADE, or NULL for none */
    long long song_seconds, song_repeats;
    long long streams; /* 0: none */
};

typedef struct bench_result {
    const char *name; /* as asked for */
    char cpu[16];
    const char *precision; /* that was used, not that was asked for */
    long long threads;
    double load_seconds;
    double audio_seconds;              /* of one pass */
    double flops;                      /* of one pass */
    double seconds[BENCH_MAX_REPEATS]; /* [repeats] each pass's time, sorted */
    int repeats;
    bench_stages stages; /* of all measured passes together */
    size_t separator_bytes;
    double peak_bytes;     /* of the process so far */
    bench_peaks peaks;     /* .measured: not with --no-peaks */
    bench_song song;       /* .runs is 0 without --song */
    bench_streams streams; /* .count is 0 without --streams */
} bench_result;

/* Load `name` and run it on `repeats` segments of noise, after one that does not count. */
bool bench_measure(bench_result *result, const char *name, const bench_options *options, demucs_error *why);

/* The settings that all measurements share, and that the stages go to `log`. */
void bench_settings(demucs_options *settings, const bench_options *options, stage_log *log);

/* What a speed is held against: operations a second of the instructions that the network uses, which with the precision
 * fast are products of bf16; 0 when not measured. */
double bench_reference_peak(const bench_result *result);

/* Noise in [-0.5, 0.5], the same each time. */
void bench_noise(float *samples, size_t count);

/* The middle of sorted values. */
double bench_median(const double *sorted, int count);

/* A table for people, or a JSON object without a newline after it. */
void bench_print_table(const bench_result *result);
void bench_print_json(const bench_result *result);

#endif
