/* stages.c - see stages.h */
#include "stages.h"

#include "base/clock.h"
#include "base/error.h"
#include "common/interrupt.h"

#include <stdio.h>
#include <string.h>

/* The kind of a member: that of an earlier one like it, or a new one; -1 when there is no room. */
static int kind_of(bench_stages *stages, const bench_member *member)
{
    for (int k = 0; k < stages->kind_count; k++) {
        const bench_member *other = &stages->members[stages->kinds[k].first_member];
        if (strcmp(other->class_name, member->class_name) == 0 && other->audio_seconds == member->audio_seconds &&
            other->flops == member->flops)
            return k;
    }
    if (stages->kind_count == BENCH_MAX_KINDS) return -1;
    stages->kinds[stages->kind_count].first_member = stages->member_count;
    return stages->kind_count++;
}

/* The engine leaves out members that count for no stem, and numbers the others. */
static bool counts(const demucs_member_info *info, int sources)
{
    for (int source = 0; source < sources; source++)
        if (info->weights[source] != 0) return true;
    return false;
}

bool stages_describe(bench_stages *stages, const demucs_model *model, demucs_error *why)
{
    for (int m = 0; m < demucs_model_members(model); m++) {
        demucs_member_info info = {.struct_size = sizeof info};
        if (demucs_model_member_info(model, m, &info, why) != DEMUCS_OK) return false;
        if (!counts(&info, demucs_model_sources(model))) continue;
        if (stages->member_count == BENCH_MAX_MEMBERS)
            return !dmx_fail(why, DEMUCS_ERROR_UNSUPPORTED,
                             "a bag of more than %d models: measure its members one by one", BENCH_MAX_MEMBERS);
        bench_member *member = &stages->members[stages->member_count];
        const char *slash = strrchr(info.path, '/');
        snprintf(member->file, sizeof member->file, "%s", slash != NULL ? slash + 1 : info.path);
        snprintf(member->class_name, sizeof member->class_name, "%s", info.class_name);
        member->audio_seconds = info.segment_seconds;
        member->flops = info.segment_flops;
        member->kind = kind_of(stages, member);
        if (member->kind < 0)
            return !dmx_fail(why, DEMUCS_ERROR_UNSUPPORTED,
                             "a bag of more than %d kinds of networks: measure its members one by one",
                             BENCH_MAX_KINDS);
        stages->member_count++;
    }
    return true;
}

void stages_add(bench_stages *sum, const bench_stages *more)
{
    if (sum->member_count == 0) {
        *sum = *more;
        return;
    }
    for (int m = 0; m < sum->member_count; m++) {
        sum->members[m].seconds += more->members[m].seconds;
        sum->members[m].segments += more->members[m].segments;
        sum->members[m].all_flops += more->members[m].all_flops;
    }
    for (int k = 0; k < sum->kind_count; k++) {
        for (int i = 0; i < sum->kinds[k].count; i++) {
            sum->kinds[k].list[i].seconds += more->kinds[k].list[i].seconds;
            sum->kinds[k].list[i].flops += more->kinds[k].list[i].flops;
        }
    }
}

static void on_stage(const char *name, double flops, void *user)
{
    stage_log *log = user;
    bench_member *member = &log->stages->members[log->member];
    bench_kind *kind = &log->stages->kinds[member->kind];
    const double now = dmx_clock_seconds(), seconds = now - log->last;
    log->last = now;
    if (log->next == BENCH_MAX_STAGES) return;
    bench_stage *stage = &kind->list[log->next++];
    snprintf(stage->name, sizeof stage->name, "%s", name);
    if (log->next > kind->count) kind->count = log->next;
    if (!log->counted) return;
    stage->seconds += seconds;
    stage->flops += flops;
    member->all_flops += flops;
}

static bool on_progress(const demucs_progress *report, void *user)
{
    stage_log *log = user;
    bench_member *member = &log->stages->members[report->member];
    const double now = dmx_clock_seconds();
    if (report->finished) {
        log->last_segment = now;
        if (log->counted) {
            member->seconds += now - log->segment_start;
            member->segments++;
        }
    } else {
        if (log->first_segment == 0) log->first_segment = now;
        log->member = report->member;
        log->next = 0;
        log->segment_start = log->last = now;
    }
    return interrupt_signal() != 0;
}

void stage_log_attach(stage_log *log, demucs_options *settings)
{
    settings->stage = on_stage;
    settings->progress = on_progress;
    settings->stage_user = settings->progress_user = log;
}
