/* list.h - the inside of demucs_runs_list: items, and what adds them. */
#ifndef DMX_RUNS_LIST_H
#define DMX_RUNS_LIST_H

#include "base/error.h"
#include "demucs_runs.h"

struct demucs_runs_list {
    demucs_runs_item **items; /* [capacity], `count` of them used; each one block with its texts */
    size_t count, capacity;
};

/* Add an item. The texts are copied; `problem` may be NULL. False without memory, with a sentence. */
bool dmx_runs_list_append(demucs_runs_list *self, const char *path, const char *folder, const char *problem,
                          demucs_error *error);

/* Add what a path stands for, by a search that is checked. */
bool dmx_runs_list_take(demucs_runs_list *self, const char *path, const demucs_runs_search *search,
                        demucs_error *error);

#endif
