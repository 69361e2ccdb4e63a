/* words.h - what a person is told of a plan. */
#ifndef DMX_FIT_WORDS_H
#define DMX_FIT_WORDS_H

#include "tracks/fit/plan.h"

/* The plan as it was asked for, with all members in memory. */
typedef struct dmx_fit_before {
    int tracks, jobs, kept;
    double segment_seconds; /* the longest of the members, or as asked */
    uint64_t bytes;         /* with the members that there are */
} dmx_fit_before;

/* What there is, and by whose word. */
typedef struct dmx_fit_limit {
    uint64_t bytes;
    const char *setting; /* what the setting is called */
    bool is_set;         /* the limit is that of the setting; else it comes */
    dmx_memory_limit by; /* by that */
    bool denied;         /* the system gave less than it said there was */
} dmx_fit_limit;

/* One sentence, or "" where nothing became less. */
void dmx_fit_describe(char *out, size_t size, const dmx_fit_before *before, const dmx_fit *after,
                      const dmx_fit_limit *limit);

/* The refusal. */
demucs_status dmx_fit_refuse(const dmx_fit *least, const dmx_fit_limit *limit, demucs_error *error);

#endif
