/* kept.c - see kept.h */
#include "kept.h"

#include <string.h>

static const char *const stems[TRACKS_STEMS] = {"drums", "bass", "other", "vocals"};
static demucs_error error;
static double figures; /* of the last result */

demucs_cache *kept_open(uint64_t limit_bytes, bool refresh)
{
    demucs_cache *cache = NULL;
    demucs_cache_options options;
    demucs_cache_options_init(&options, sizeof options);
    options.limit_bytes = limit_bytes;
    options.refresh = refresh;
    CHECK(demucs_cache_open(&cache, "cache", &options, &error) == DEMUCS_OK, "%s", error.message);
    return cache;
}

int kept_separate(const tracks_setup *setup, demucs_cache *cache, const char *input, const char *folder,
                  tracks_record *record)
{
    demucs_tracks_request request = tracks_request(setup, input);
    demucs_tracks_result *result = NULL;
    int outcome = -1;
    request.folder = folder;
    request.cache = cache;
    if (record != NULL) *record = (tracks_record){0};
    request.event = record != NULL ? tracks_on_event : NULL;
    request.event_user = record;
    CHECK(demucs_tracks_separate(&request, &result, &error) == DEMUCS_OK, "%s: %s", input, error.message);
    if (result != NULL) outcome = (int)result->outcome;
    figures = 0;
    for (size_t i = 0; result != NULL && i < result->files_count; i++)
        figures += result->files[i]->rms + (double)result->files[i]->frames + result->files[i]->gain;
    demucs_tracks_result_free(result);
    return outcome;
}

double kept_figures(void) { return figures; }

bool kept_same_stems(const char *one, const char *other)
{
    bool same = true;
    for (int i = 0; i < TRACKS_STEMS; i++) {
        char a[96], b[96];
        snprintf(a, sizeof a, "%s/%s.wav", one, stems[i]);
        snprintf(b, sizeof b, "%s/%s.wav", other, stems[i]);
        same = same && tracks_same(a, b);
    }
    return same;
}

bool kept_note(const demucs_cache_entry *entry, void *user)
{
    kept_listing *all = user;
    all->entries++;
    all->hits += entry->hits;
    all->bytes += entry->bytes;
    all->files = entry->files_count;
    all->seconds = entry->seconds;
    all->created_unix = entry->created_unix;
    all->used_unix = entry->used_unix;
    snprintf(all->key, sizeof all->key, "%s", entry->key);
    snprintf(all->input, sizeof all->input, "%s", entry->input);
    snprintf(all->settings, sizeof all->settings, "%s", entry->settings);
    if (entry->damage != NULL) all->damaged++;
    if (entry->damage != NULL) snprintf(all->damage, sizeof all->damage, "%s", entry->damage);
    uint64_t sum = 0;
    for (size_t i = 0; i < entry->files_count; i++) {
        sum += entry->files[i]->bytes;
        CHECK(strlen(entry->files[i]->sha256) == 64, "%s", entry->files[i]->sha256);
    }
    CHECK(sum == entry->bytes, "%llu bytes", (unsigned long long)entry->bytes);
    return false;
}

kept_listing kept_list(demucs_cache *cache)
{
    kept_listing all = {0};
    CHECK(demucs_cache_list(cache, NULL, kept_note, &all, &error) == DEMUCS_OK, "%s", error.message);
    return all;
}

const char *kept_file(int number)
{
    static char path[512];
    char command[64];
    snprintf(command, sizeof command, "ls -d cache/entries/*/%d", number);
    FILE *pipe = popen(command, "r");
    path[0] = '\0';
    if (pipe == NULL || fgets(path, sizeof path, pipe) == NULL) CHECK(false, "no file %d", number);
    if (pipe != NULL) pclose(pipe);
    path[strcspn(path, "\n")] = '\0';
    return path;
}
