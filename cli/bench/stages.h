/* stages.h - what the engine reports while it runs, added up: time and arithmetic of each stage of each kind of
 * network.
 *
 * The engine tells when it begins a segment, when each stage is done and when the segment is. A stage's time is that
 * since the report before it. Plain data without pointers, so that a child process can hand it over. */
#ifndef BENCH_STAGES_H
#define BENCH_STAGES_H

#include "base/error.h"
#include "demucs.h"

enum { BENCH_MAX_STAGES = 512, BENCH_MAX_MEMBERS = 64, BENCH_MAX_KINDS = 8 };

typedef struct bench_stage {
    char name[64];
    double seconds, flops;
} bench_stage;

/* Members of the same class, segment and size. */
typedef struct bench_kind {
    int first_member;
    bench_stage list[BENCH_MAX_STAGES]; /* [count] in the order of the forward pass */
    int count;
} bench_kind;

typedef struct bench_member {
    char file[64]; /* the last part of its path */
    char class_name[32];
    double audio_seconds, flops; /* of one of its segments */
    int kind;
    int segments;              /* measured ones */
    double seconds, all_flops; /* of all of them; the last of a pass may be shorter than the others */
} bench_member;

typedef struct bench_stages {
    bench_member members[BENCH_MAX_MEMBERS]; /* [member_count] those that run */
    int member_count;
    bench_kind kinds[BENCH_MAX_KINDS];
    int kind_count;
} bench_stages;

/* Name the members of `model`; fails for a bag that is larger than our arrays. */
bool stages_describe(bench_stages *stages, const demucs_model *model, demucs_error *why);

/* Add what was measured on the same model elsewhere; to all zeros: copy it. */
void stages_add(bench_stages *sum, const bench_stages *more);

/* A recorder. */
typedef struct stage_log {
    bench_stages *stages;
    bool counted; /* what comes now is added; not so the warm-up */
    int member, next;
    double last;                        /* when the last report came */
    double segment_start;               /* when the segment under way began */
    double first_segment, last_segment; /* when the first began and the last one was done; 0 before */
} stage_log;

/* Make the separator report to `log`. Stops it once a signal came. */
void stage_log_attach(stage_log *log, demucs_options *settings);

#endif
