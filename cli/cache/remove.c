/* remove.c - `demucs-cache prune` and `clear`. */
#include "base/size.h"
#include "commands.h"

#include <stdio.h>

static void print_report(const demucs_cache_report *report)
{
    char removed[DMX_SIZE_TEXT], left[DMX_SIZE_TEXT];
    printf("%llu removed, %s; %llu left, %s\n", (unsigned long long)report->entries_removed,
           dmx_size_text(removed, report->bytes_removed), (unsigned long long)report->entries,
           dmx_size_text(left, report->bytes));
}

int cache_prune(const cache_options *options)
{
    demucs_error why = {0};
    uint64_t limit = UINT64_MAX;
    demucs_cache_report report = {.struct_size = sizeof report};
    demucs_cache *cache = cache_open(options);
    if (cache == NULL) return 1;
    if (options->limit != NULL) dmx_size_parse(options->limit, &limit);
    const demucs_status status =
        demucs_cache_prune(cache, limit, (uint64_t)(options->unused_days * 86400), &report, &why);
    demucs_cache_free(cache);
    if (status != DEMUCS_OK) return cache_error(&why);
    print_report(&report);
    return 0;
}

int cache_clear(const cache_options *options)
{
    demucs_error why = {0};
    demucs_cache_report report = {.struct_size = sizeof report};
    if (demucs_cache_clear(options->folder, &report, &why) != DEMUCS_OK) return cache_error(&why);
    print_report(&report);
    return 0;
}
