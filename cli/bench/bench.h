/* bench.h - what demucs-bench measures of one model, and how it tells. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "common/failure.h"
#include "common/model.h"

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_MAX_STAGES = 512, BENCH_MAX_REPEATS = 1000 };

typedef struct bench_options {
    const char *repo, *cpu, *precision;
    long long threads, repeats;
    bool offline, json;
} bench_options;

/* One stage of a segment: its name, and the sums over all measured segments. */
typedef struct bench_stage {
    char name[64];
    double seconds, flops;
} bench_stage;

typedef struct bench_result {
    const char *name;       /* as asked for */
    const char *class_name; /* of the first member, which is the one that is measured */
    char cpu[16];
    const char *precision; /* that was used, not that was asked for */
    long long threads;
    double load_seconds;
    double audio_seconds;              /* of one segment */
    double flops;                      /* of one segment */
    double seconds[BENCH_MAX_REPEATS]; /* [repeats] each segment's time, sorted */
    int repeats;
    bench_stage stages[BENCH_MAX_STAGES]; /* [stage_count] in the order of the forward pass */
    int stage_count;
    size_t separator_bytes;
    double peak_bytes; /* of the process so far */
} bench_result;

/* Load `name` and run its first member on `repeats` segments of noise, after one that does not count. */
bool bench_measure(bench_result *result, const char *name, const bench_options *options, failure *why);

/* A table for people, or one JSON object; `first` and `last` say where in the list of results it stands. */
void bench_print_table(const bench_result *result);
void bench_print_json(const bench_result *result, bool first, bool last);

#endif
