/* commands.h - the commands of `demucs-cache`. Each returns the exit status. */
#ifndef CACHE_COMMANDS_H
#define CACHE_COMMANDS_H

#include "base/error.h"
#include "demucs_cache.h"

#include <stdint.h>

typedef struct cache_options {
    const char *folder; /* --cache, or the setting result_cache */
    const char *limit;  /* --limit, or NULL */
    double unused_days; /* --unused, or 0 */
    const char **keys;  /* [count], or the beginnings of some */
    int count;
} cache_options;

int cache_ls(const cache_options *options);
int cache_show(const cache_options *options);
int cache_verify(const cache_options *options);
int cache_prune(const cache_options *options);
int cache_clear(const cache_options *options);

/* Open the cache, which has to be there; NULL with a sentence on stderr. */
demucs_cache *cache_open(const cache_options *options);

/* Print "error: ..." and return 1. */
int cache_error(const demucs_error *why);

#endif
