/* report_json.c - results as JSON, for programs; see bench.h. Times are seconds, speeds operations or bytes a second.
 */
#include "bench.h"

#include "base/text.h"
#include "common/memory.h"

#include <stdio.h>
#include <stdlib.h>

/* What is no text, or would steer a terminal, is '?', as in messages: so nothing is left that JSON would have to escape
 * but quotes and backslashes. */
static void print_string(const char *text)
{
    char *shown = memory_text("%s", text);
    dmx_make_printable(shown, '?');
    putchar('"');
    for (const char *at = shown; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') putchar('\\');
        putchar(*at);
    }
    putchar('"');
    free(shown);
}

static void print_spread(const char *name, const double *sorted, int count)
{
    printf("\"%s\": {\"median\": %.6f, \"min\": %.6f, \"max\": %.6f, \"runs\": %d}", name, bench_median(sorted, count),
           sorted[0], sorted[count - 1], count);
}

/* [one thread, all threads] or null */
static void print_rates(const char *name, const double rates[2])
{
    if (rates[1] > 0)
        printf(", \"%s\": [%.0f, %.0f]", name, rates[0], rates[1]);
    else
        printf(", \"%s\": null", name);
}

static void print_peaks(const bench_peaks *p)
{
    printf("  \"peaks\": ");
    if (p->measured) {
        printf("{\"level\": \"%s\", \"threads\": %d", p->level, p->threads);
        print_rates("multiply_add", p->fma);
        print_rates("bf16_dot_product", p->bf16);
        print_rates("bf16_tiles", p->tiles);
        printf(", \"memory_read\": %.0f, \"memory_triad\": %.0f},\n", p->read, p->triad);
    } else {
        printf("null,\n");
    }
}

static void print_of_peak(const bench_result *r, double flops, double seconds)
{
    const double peak = bench_reference_peak(r);
    if (peak > 0 && seconds > 0)
        printf("\"of_peak\": %.6f", flops / seconds / peak);
    else
        printf("\"of_peak\": null");
}

static void print_members(const bench_stages *stages)
{
    printf("  \"members\": [");
    for (int m = 0; m < stages->member_count; m++) {
        const bench_member *member = &stages->members[m];
        printf("%s\n   {\"file\": ", m > 0 ? "," : "");
        print_string(member->file);
        printf(", \"class\": \"%s\", \"audio_seconds\": %.6f, \"flops\": %.0f, \"segments\": %d, \"seconds\": %.6f, "
               "\"all_flops\": %.0f}",
               member->class_name, member->audio_seconds, member->flops, member->segments, member->seconds,
               member->all_flops);
    }
    printf("],\n");
}

/* The stages of all kinds; "member" is the first of the kind, and the figures are those of all members of it. Means of
 * `runs`. */
static void print_stages(const bench_result *r, const bench_stages *stages, int runs)
{
    const char *comma = "";
    printf("  \"stages\": [");
    for (int k = 0; k < stages->kind_count; k++) {
        const bench_kind *kind = &stages->kinds[k];
        for (int i = 0; i < kind->count; i++) {
            const bench_stage *s = &kind->list[i];
            printf("%s\n   {\"name\": \"%s\", \"member\": %d, \"seconds\": %.6f, \"flops\": %.0f, ", comma, s->name,
                   kind->first_member, s->seconds / runs, s->flops / runs);
            print_of_peak(r, s->flops, s->seconds);
            putchar('}');
            comma = ",";
        }
    }
    putchar(']');
}

static void print_streams(const bench_streams *s)
{
    printf(",\n  \"streams\": {\"count\": %d, \"runs\": %d, \"audio_seconds\": %.6f, \"at_once\": %.6f, ", s->count,
           s->runs, s->audio_seconds, bench_median(s->at_once, s->runs));
    printf("\"one_by_one\": %.6f, \"ratio\": %.4f, \"engine_bytes\": %zu, \"stream_bytes\": %zu}",
           bench_median(s->one_by_one, s->runs), s->ratio, s->engine_bytes, s->stream_bytes);
}

static void print_song(const bench_result *r)
{
    const bench_song *s = &r->song;
    printf(",\n  \"song\": {\"audio_seconds\": %.6f, ", s->audio_seconds);
    print_spread("seconds", s->seconds, s->runs);
    printf(",\n  ");
    print_spread("cpu_seconds", s->cpu_seconds, s->runs);
    printf(", \"peak_bytes\": %.0f, \"outside\": %.4f,\n  \"parts\": {", s->peak_bytes, song_outside(s));
    for (int part = 0; part < SONG_PARTS; part++) {
        printf("%s\"", part > 0 ? ", " : "");
        for (const char *c = song_part_name(part); *c != '\0'; c++) putchar(*c == ' ' ? '_' : *c);
        printf("\": %.6f", s->parts[part]);
    }
    printf("},\n");
    print_stages(r, &s->stages, s->runs);
    putchar('}');
}

void bench_print_json(const bench_result *r)
{
    printf(" {\"name\": ");
    print_string(r->name);
    printf(", \"class\": \"%s\", \"cpu\": \"%s\", \"precision\": \"%s\", \"threads\": %lld,\n",
           r->stages.members[0].class_name, r->cpu, r->precision, r->threads);
    printf("  \"load_seconds\": %.6f, \"audio_seconds\": %.6f, \"flops\": %.0f, ", r->load_seconds, r->audio_seconds,
           r->flops);
    print_of_peak(r, r->flops, bench_median(r->seconds, r->repeats));
    printf(",\n  ");
    print_spread("segment_seconds", r->seconds, r->repeats);
    printf(",\n  \"separator_bytes\": %zu, \"peak_bytes\": %.0f,\n", r->separator_bytes, r->peak_bytes);
    print_peaks(&r->peaks);
    print_members(&r->stages);
    print_stages(r, &r->stages, r->repeats);
    if (r->streams.count > 0) print_streams(&r->streams);
    if (r->song.runs > 0) print_song(r);
    putchar('}');
}
