/* report.c - see bench.h */
#include "bench.h"

#include <stdio.h>

static double median(const bench_result *r)
{
    return r->repeats % 2 == 1 ? r->seconds[r->repeats / 2]
                               : (r->seconds[r->repeats / 2 - 1] + r->seconds[r->repeats / 2]) / 2;
}

static double stage_total(const bench_result *r)
{
    double total = 0;
    for (int i = 0; i < r->stage_count; i++) total += r->stages[i].seconds;
    return total;
}

void bench_print_table(const bench_result *r)
{
    const double middle = median(r), total = stage_total(r);
    printf("%s: %s, level %s, precision %s, ", r->name, r->class_name, r->cpu, r->precision);
    if (r->threads > 0)
        printf("%lld threads\n", r->threads);
    else
        printf("a thread for each core\n");
    printf("load        %.3f s\n", r->load_seconds);
    printf("segment     %.3f s (%.3f to %.3f, %d runs) for %g s of audio: %.2f times real time\n", middle,
           r->seconds[0], r->seconds[r->repeats - 1], r->repeats, r->audio_seconds, r->audio_seconds / middle);
    printf("arithmetic  %.1f GFLOP a segment, %.1f GFLOP/s\n", r->flops / 1e9, r->flops / middle / 1e9);
    printf("memory      %.0f MB for the separator, %.0f MB in all at most\n\n", (double)r->separator_bytes / 1e6,
           r->peak_bytes / 1e6);
    printf("%-32s %9s %7s %9s %9s\n", "stage", "ms", "share", "GFLOP", "GFLOP/s");
    for (int i = 0; i < r->stage_count; i++) {
        const bench_stage *s = &r->stages[i];
        printf("%-32s %9.2f %6.1f%% %9.2f %9.1f\n", s->name, s->seconds / r->repeats * 1e3,
               total > 0 ? 100 * s->seconds / total : 0, s->flops / r->repeats / 1e9,
               s->seconds > 0 ? s->flops / s->seconds / 1e9 : 0);
    }
}

/* A text as JSON. */
static void print_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') putchar('\\');
        if ((unsigned char)*text >= 0x20) putchar(*text);
    }
    putchar('"');
}

void bench_print_json(const bench_result *r, bool first, bool last)
{
    printf("%s {\"name\": ", first ? "[\n" : "");
    print_string(r->name);
    printf(", \"class\": \"%s\", \"cpu\": \"%s\", \"precision\": \"%s\", \"threads\": %lld,\n", r->class_name, r->cpu,
           r->precision, r->threads);
    printf("  \"load_seconds\": %.6f, \"audio_seconds\": %.6f, \"flops\": %.0f,\n", r->load_seconds, r->audio_seconds,
           r->flops);
    printf("  \"segment_seconds\": {\"median\": %.6f, \"min\": %.6f, \"max\": %.6f, \"runs\": %d},\n", median(r),
           r->seconds[0], r->seconds[r->repeats - 1], r->repeats);
    printf("  \"separator_bytes\": %zu, \"peak_bytes\": %.0f,\n  \"stages\": [", r->separator_bytes, r->peak_bytes);
    for (int i = 0; i < r->stage_count; i++) {
        const bench_stage *s = &r->stages[i];
        printf("%s\n   {\"name\": \"%s\", \"seconds\": %.6f, \"flops\": %.0f}", i > 0 ? "," : "", s->name,
               s->seconds / r->repeats, s->flops / r->repeats);
    }
    printf("]}%s\n", last ? "\n]" : ",");
}
