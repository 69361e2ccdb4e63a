/* words.h - what a person is told of a plan. */
#ifndef DMX_FIT_WORDS_H
#define DMX_FIT_WORDS_H

#include "tracks/fit/plan.h"

/* What is compared: the plan as it was asked for. */
typedef struct dmx_fit_before {
    int tracks, jobs, kept;
    double segment_seconds; /* the longest of the members, or as asked */
    uint64_t bytes;
} dmx_fit_before;

/* "--max-memory allows 1.0 GB", "2.0 GB of memory are free", ...: what there is, by whose word. */
const char *dmx_fit_limit_words(char *out, size_t size, uint64_t limit_bytes, const char *setting, dmx_memory_limit by);

/* One sentence, or "" where nothing became less. `limit` is the text of the above. */
void dmx_fit_describe(char *out, size_t size, const dmx_fit_before *before, const dmx_fit *after, const char *limit);

/* The refusal. `is_set`: the limit is that of the setting. */
demucs_status dmx_fit_refuse(const dmx_fit *least, const char *limit, const char *setting, bool is_set,
                             demucs_error *error);

#endif
