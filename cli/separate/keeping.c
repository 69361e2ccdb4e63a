/* keeping.c - see keeping.h */
#include "keeping.h"

#include "base/size.h"
#include "common/bar.h"
#include "common/say.h"

#include <stdio.h>
#include <time.h>

bool keeping_open(demucs_tracks_request *request, const separate_options *options, demucs_error *why)
{
    demucs_cache_options cache;
    demucs_cache_options_init(&cache, sizeof cache);
    if (options->cache == NULL) return true;
    if (options->cache_limit != NULL) dmx_size_parse(options->cache_limit, &cache.limit_bytes);
    cache.refresh = options->force_refresh;
    return demucs_cache_open(&request->cache, options->cache, &cache, why) == DEMUCS_OK;
}

void keeping_tell(const demucs_tracks_result *result)
{
    if (result->outcome == DEMUCS_TRACKS_SKIPPED) {
        if (result->files_count == 1)
            fprintf(stderr, "Skipped: its file is there, whole, and newer than the track.\n");
        else
            fprintf(stderr, "Skipped: its %zu files are there, whole, and newer than the track.\n",
                    result->files_count);
    } else if (result->outcome == DEMUCS_TRACKS_CACHED) {
        char when[32] = "", length[32];
        const time_t computed = (time_t)result->computed_unix;
        struct tm local;
        double seconds = 0;
        for (int phase = 0; phase < DEMUCS_TRACKS_PHASES; phase++) seconds += result->phase_seconds[phase];
        if (localtime_r(&computed, &local) != NULL) strftime(when, sizeof when, "%Y-%m-%d %H:%M", &local);
        say_at(SAY_INFO, "%s of audio from the cache; computed on %s in %.1f s",
               clock_text(length, sizeof length, result->seconds), when, seconds);
    }
}
