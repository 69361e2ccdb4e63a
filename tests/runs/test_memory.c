/* test_memory.c - a run whose tracks do not all have room at once. */
#include "demucs_runs.h"

#include "tracks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What the caller is told. */
typedef struct record {
    int begun, ended, fewer;
} record;

static bool on_event(const demucs_runs_event *event, void *user)
{
    record *self = user;
    self->begun += event->kind == DEMUCS_RUNS_EVENT_BEGIN;
    self->ended += event->kind == DEMUCS_RUNS_EVENT_END;
    if (event->kind == DEMUCS_RUNS_EVENT_FEWER)
        self->fewer += event->text != NULL && strstr(event->text, "not enough memory for in/") != NULL;
    return false;
}

/* A run of the tracks in the folder "in", three at once. */
static demucs_run *create(const demucs_tracks_request *request, record *told)
{
    demucs_runs_list *list = NULL;
    demucs_runs_options options;
    demucs_run *run = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    demucs_runs_options_init(&options, sizeof options);
    options.at_once = 3;
    options.event = on_event;
    options.event_user = told;
    *told = (record){0};
    if (demucs_runs_list_create(&list, &error) || demucs_runs_list_add(list, "in", NULL, &error) ||
        demucs_run_create(&run, request, list, &options, &error)) {
        printf("%s\n", error.message);
        abort();
    }
    demucs_runs_list_free(list);
    return run;
}

/* An engine for these streams that has room for `streams` of them. */
static demucs_engine *engine_for(const tracks_setup *setup, const demucs_stream_options *separation, double streams)
{
    demucs_engine_options options;
    demucs_needs needs = {.struct_size = sizeof needs};
    demucs_engine *engine = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    demucs_default_engine_options(&options, sizeof options);
    options.threads = 2;
    options.streams = separation;
    CHECK(demucs_engine_measure(setup->model, &options, 0, &needs, &error) == DEMUCS_OK, "%s", error.message);
    options.memory_bytes = needs.engine_bytes + (size_t)(streams * (double)needs.stream_bytes);
    CHECK(demucs_engine_create(&engine, setup->model, &options, &error) == DEMUCS_OK, "%s", error.message);
    return engine;
}

/* Room for one track, and three that begin at once: they come one after the other, it is told once, and each begins
 * once and becomes what it is without that. */
static void test_fewer(void)
{
    const tracks_setup *setup = tracks_begin();
    mkdir("in", 0777);
    tracks_make("in/1.wav", 2, TRACKS_RATE_HZ, 400000, 0.1F);
    tracks_make("in/2.wav", 2, TRACKS_RATE_HZ, 300000, 0.2F);
    tracks_make("in/3.wav", 2, TRACKS_RATE_HZ, 9000, 0.3F);
    tracks_make("in/4.wav", 2, TRACKS_RATE_HZ, 9000, 0.4F);
    demucs_tracks_request request = tracks_request(setup, "plays no part");
    record told;
    request.folder = "roomy";
    demucs_run *run = create(&request, &told);
    CHECK(demucs_run_separate(run, NULL) == DEMUCS_OK && told.fewer == 0, "%d told of fewer", told.fewer);
    demucs_run_free(run);
    request.folder = "short";
    request.engine = engine_for(setup, &setup->separation, 1.5);
    run = create(&request, &told);
    CHECK(demucs_run_separate(run, NULL) == DEMUCS_OK && demucs_run_tally(run, DEMUCS_RUNS_DONE) == 4,
          "%zu of 4 are done", demucs_run_tally(run, DEMUCS_RUNS_DONE));
    CHECK(told.fewer == 1 && told.begun == 4 && told.ended == 4, "told %d times of fewer, %d began, %d ended",
          told.fewer, told.begun, told.ended);
    for (char name[] = "1"; name[0] <= '4'; name[0]++) {
        char one[64], other[64];
        snprintf(one, sizeof one, "roomy/%s/drums.wav", name);
        snprintf(other, sizeof other, "short/%s/drums.wav", name);
        CHECK(tracks_same(one, other), "%s differs", other);
    }
    demucs_run_free(run);
    demucs_engine_free(request.engine);
}

/* No room even for one: each fails, when it is alone, and says why. */
static void test_no_room(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_stream_options shorter = setup->separation;
    mkdir("in", 0777);
    tracks_make("in/1.wav", 2, TRACKS_RATE_HZ, 9000, 0.1F);
    tracks_make("in/2.wav", 2, TRACKS_RATE_HZ, 9000, 0.2F);
    tracks_make("in/3.wav", 2, TRACKS_RATE_HZ, 9000, 0.3F);
    shorter.segment_seconds = 0.1;
    demucs_tracks_request request = tracks_request(setup, "plays no part");
    record told;
    request.engine = engine_for(setup, &shorter, 1);
    demucs_run *run = create(&request, &told);
    CHECK(demucs_run_separate(run, NULL) == DEMUCS_OK && demucs_run_tally(run, DEMUCS_RUNS_FAILED) == 3,
          "%zu of 3 failed", demucs_run_tally(run, DEMUCS_RUNS_FAILED));
    for (size_t i = 0; i < 3; i++) {
        const char *reason = demucs_run_row(run, i)->reason;
        CHECK(reason != NULL && strstr(reason, "are there for it") != NULL, "%s",
              reason != NULL ? reason : "no reason");
    }
    CHECK(told.begun == 3 && told.ended == 3 && told.fewer <= 1, "%d began, %d ended, told %d times of fewer",
          told.begun, told.ended, told.fewer);
    demucs_run_free(run);
    demucs_engine_free(request.engine);
}

TRACKS_MAIN(test_fewer, test_no_room)
