/* cache_worker.c - cache_worker CACHE OUT LIMIT TRACK...: separate tracks with a cache, a process of its own for
 * test_cache_processes.c. Prints a line "computed TRACK" or "cached TRACK" for each, and each warning of the cache. */
#include "demucs_tracks.h"

#include <stdio.h>
#include <stdlib.h>

static bool on_event(const demucs_tracks_event *event, void *user)
{
    (void)user;
    if (event->kind == DEMUCS_TRACKS_EVENT_CACHE_DAMAGED || event->kind == DEMUCS_TRACKS_EVENT_CACHE_FAILED)
        printf("warning %s\n", event->text);
    return false;
}

static int separate_all(demucs_engine *engine, demucs_cache *cache, const char *folder, char **tracks, int count)
{
    int failed = 0;
    for (int i = 0; i < count; i++) {
        demucs_error error;
        demucs_tracks_request request;
        demucs_tracks_result *result = NULL;
        demucs_tracks_request_init(&request, sizeof request);
        request.engine = engine;
        request.input = tracks[i];
        request.folder = folder;
        request.cache = cache;
        request.event = on_event;
        if (demucs_tracks_separate(&request, &result, &error) == DEMUCS_OK)
            printf("%s %s\n", result->outcome == DEMUCS_TRACKS_CACHED ? "cached" : "computed", tracks[i]);
        else
            printf("failed %s\n", error.message);
        failed += result == NULL;
        fflush(stdout);
        demucs_tracks_result_free(result);
    }
    return failed;
}

int main(int argc, char **argv)
{
    if (argc < 5) return 2;
    demucs_error error = {DEMUCS_OK, ""};
    demucs_model *model = NULL;
    demucs_engine *engine = NULL;
    demucs_cache *cache = NULL;
    demucs_cache_options options;
    demucs_engine_options engine_options;
    demucs_cache_options_init(&options, sizeof options);
    options.limit_bytes = strtoull(argv[3], NULL, 10);
    demucs_default_engine_options(&engine_options, sizeof engine_options);
    engine_options.threads = 1;
    int status = 1;
    if (demucs_model_load(&model, DEMUCS_TEST_DATA "/api/a0000000.safetensors", &error) == DEMUCS_OK &&
        demucs_engine_create(&engine, model, &engine_options, &error) == DEMUCS_OK &&
        demucs_cache_open(&cache, argv[1], &options, &error) == DEMUCS_OK)
        status = separate_all(engine, cache, argv[2], argv + 4, argc - 4) > 0;
    else
        printf("failed %s\n", error.message);
    demucs_cache_free(cache);
    demucs_engine_free(engine);
    demucs_model_free(model);
    return status;
}
