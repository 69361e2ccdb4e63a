/* report.c - the tables; see bench.h. report_json.c prints the same as JSON. */
#include "bench.h"
#include "common/say.h"

#include <stdio.h>
#include <string.h>

static void print_title(const bench_result *r)
{
    const bench_stages *stages = &r->stages;
    say_part(stdout, "%s: ", r->name);
    if (stages->member_count > 1) printf("bag of %d, ", stages->member_count);
    const char *last = "";
    for (int k = 0; k < stages->kind_count; k++) {
        const char *name = stages->members[stages->kinds[k].first_member].class_name;
        if (strcmp(name, last) != 0) printf("%s, ", name);
        last = name;
    }
    printf("level %s, precision %s, ", r->cpu, r->precision);
    if (r->threads > 0)
        printf("%lld threads\n", r->threads);
    else
        printf("a thread for each core\n");
}

static void print_rate(const char *name, const double rates[2])
{
    if (rates[1] > 0) printf("  %-24s %9.1f %9.1f GFLOP/s\n", name, rates[0] / 1e9, rates[1] / 1e9);
}

static void print_peaks(const bench_peaks *p)
{
    char name[40];
    if (!p->measured) return;
    printf("\n%-26s %9s %4d threads\n", "peaks of this machine", "1 thread", p->threads);
    snprintf(name, sizeof name, "multiply-add, %s", p->level);
    print_rate(name, p->fma);
    print_rate("bf16 dot product", p->bf16);
    print_rate("bf16 tiles (AMX)", p->tiles);
    if (p->read > 0) printf("  %-24s %9s %9.1f GB/s\n", "memory, read", "", p->read / 1e9);
    if (p->triad > 0) printf("  %-24s %9s %9.1f GB/s\n", "memory, a = b + c", "", p->triad / 1e9);
}

static void print_segment(const bench_result *r)
{
    const double middle = bench_median(r->seconds, r->repeats), peak = bench_reference_peak(r);
    printf("load        %.3f s\n", r->load_seconds);
    printf("segment     %.3f s (%.3f to %.3f, %d runs) for %g s of audio: %.2f times real time\n", middle,
           r->seconds[0], r->seconds[r->repeats - 1], r->repeats, r->audio_seconds, r->audio_seconds / middle);
    printf("arithmetic  %.1f GFLOP a segment, %.1f GFLOP/s", r->flops / 1e9, r->flops / middle / 1e9);
    if (peak > 0) printf(", %.1f%% of peak", 100 * r->flops / middle / peak);
    printf("\nmemory      %.0f MB for the separator, %.0f MB in all at most\n", (double)r->separator_bytes / 1e6,
           r->peak_bytes / 1e6);
}

/* One line of the stage table or of the table of members; of a pass. */
static void print_row(const char *name, double seconds, double share, double flops, double peak)
{
    const double rate = seconds > 0 ? flops / seconds : 0;
    printf("%-32s %9.2f %6.1f%% %9.2f %9.1f", name, seconds * 1e3, 100 * share, flops / 1e9, rate / 1e9);
    if (peak > 0) printf(" %7.1f%%", 100 * rate / peak);
    putchar('\n');
}

static void print_heading(const char *first, double peak)
{
    printf("\n%-32s %9s %7s %9s %9s%s\n", first, "ms", "share", "GFLOP", "GFLOP/s", peak > 0 ? "  of peak" : "");
}

static double all_seconds(const bench_stages *stages)
{
    double all = 0;
    for (int m = 0; m < stages->member_count; m++) all += stages->members[m].seconds;
    return all;
}

static void print_members(const bench_result *r)
{
    const bench_stages *stages = &r->stages;
    const double all = all_seconds(stages), peak = bench_reference_peak(r);
    print_heading("member", peak);
    for (int m = 0; m < stages->member_count; m++) {
        const bench_member *member = &stages->members[m];
        char name[128];
        snprintf(name, sizeof name, "%s %s", member->file, member->class_name);
        print_row(name, member->seconds / r->repeats, all > 0 ? member->seconds / all : 0,
                  member->all_flops / r->repeats, peak);
    }
}

static int members_of(const bench_stages *stages, int kind)
{
    int count = 0;
    for (int m = 0; m < stages->member_count; m++) count += stages->members[m].kind == kind;
    return count;
}

static void print_stages(const bench_result *r, int k)
{
    const bench_stages *stages = &r->stages;
    const bench_kind *kind = &stages->kinds[k];
    const double all = all_seconds(stages), peak = bench_reference_peak(r);
    const char *file = stages->members[kind->first_member].file;
    const int members = members_of(stages, k);
    char title[128] = "stage";
    if (members > 1)
        snprintf(title, sizeof title, "stage of %s + %d", file, members - 1);
    else if (stages->member_count > 1)
        snprintf(title, sizeof title, "stage of %s", file);
    print_heading(title, peak);
    for (int i = 0; i < kind->count; i++) {
        const bench_stage *s = &kind->list[i];
        print_row(s->name, s->seconds / r->repeats, all > 0 ? s->seconds / all : 0, s->flops / r->repeats, peak);
    }
}

static void print_streams(const bench_streams *s)
{
    printf("\nstreams     %d at once %.3f s (%.3f to %.3f, %d runs), one after the other %.3f s (%.3f to %.3f): %.3f "
           "times\n",
           s->count, bench_median(s->at_once, s->runs), s->at_once[0], s->at_once[s->runs - 1], s->runs,
           bench_median(s->one_by_one, s->runs), s->one_by_one[0], s->one_by_one[s->runs - 1], s->ratio);
    printf("memory      %.0f MB for the engine, %.0f MB for each stream\n", (double)s->engine_bytes / 1e6,
           (double)s->stream_bytes / 1e6);
}

static void print_song(const bench_song *s)
{
    const double middle = bench_median(s->seconds, s->runs);
    double all = 0;
    for (int part = 0; part < SONG_PARTS; part++) all += s->parts[part];
    printf("\nsong        %.2f s (%.2f to %.2f, %d runs) for %.1f s of audio: %.2f times real time\n", middle,
           s->seconds[0], s->seconds[s->runs - 1], s->runs, s->audio_seconds, s->audio_seconds / middle);
    printf("CPU time    %.2f s (%.2f to %.2f)\n", bench_median(s->cpu_seconds, s->runs), s->cpu_seconds[0],
           s->cpu_seconds[s->runs - 1]);
    printf("memory      %.0f MB at most\n", s->peak_bytes / 1e6);
    printf("outside     %.1f%% of the time is not the network's\n\n", 100 * song_outside(s));
    printf("%-32s %9s %7s\n", "part of the song", "s", "share");
    for (int part = 0; part < SONG_PARTS; part++)
        printf("%-32s %9.3f %6.1f%%\n", song_part_name(part), s->parts[part], 100 * s->parts[part] / all);
}

void bench_print_table(const bench_result *r)
{
    print_title(r);
    print_segment(r);
    print_peaks(&r->peaks);
    if (r->stages.member_count > 1) print_members(r);
    for (int k = 0; k < r->stages.kind_count; k++) print_stages(r, k);
    if (r->streams.count > 0) print_streams(&r->streams);
    if (r->song.runs > 0) print_song(&r->song);
}
