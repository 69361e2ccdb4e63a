/* test_run.c - many tracks: what becomes of each, the same whether one or several run at once, and how a run ends. */
#include "demucs_runs.h"

#include "tracks.h"

#include "../audio/audio_test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the caller is told. */
typedef struct record {
    int begun, ended, collisions;
    size_t order[16];  /* of the tracks that began */
    size_t stop_at;    /* track at whose first segment the run is to end; SIZE_MAX: none */
    bool inside, torn; /* two calls at the same time */
    bool row_of_other; /* a row that is not the one of the index */
    const demucs_run *run;
} record;

static bool on_event(const demucs_runs_event *event, void *user)
{
    record *self = user;
    self->torn = self->torn || self->inside;
    self->inside = true;
    self->row_of_other = self->row_of_other || event->row != demucs_run_row(self->run, event->index);
    if (event->kind == DEMUCS_RUNS_EVENT_BEGIN && self->begun < 16) self->order[self->begun++] = event->index;
    if (event->kind == DEMUCS_RUNS_EVENT_END) self->ended++;
    const demucs_tracks_event *track = event->track;
    if (track != NULL && track->kind == DEMUCS_TRACKS_EVENT_COLLISION) self->collisions++;
    const bool stop = track != NULL && track->phase == DEMUCS_TRACKS_SEPARATE && event->index == self->stop_at;
    self->inside = false;
    return stop;
}

static demucs_run *create(const demucs_tracks_request *request, const demucs_runs_list *list, int at_once, record *told)
{
    demucs_runs_options options;
    demucs_run *run = NULL;
    demucs_error error;
    demucs_runs_options_init(&options, sizeof options);
    options.at_once = at_once;
    options.event = on_event;
    options.event_user = told;
    memset(told, 0, sizeof *told);
    told->stop_at = SIZE_MAX;
    if (demucs_run_create(&run, request, list, &options, &error) != DEMUCS_OK) {
        printf("%s\n", error.message);
        abort();
    }
    told->run = run;
    return run;
}

static demucs_runs_list *list_of(const char *const *paths, size_t count)
{
    demucs_runs_list *list = NULL;
    demucs_runs_search search;
    demucs_runs_search_init(&search, sizeof search);
    search.recursive = true;
    if (demucs_runs_list_create(&list, NULL) != DEMUCS_OK) abort();
    for (size_t i = 0; i < count; i++)
        if (demucs_runs_list_add(list, paths[i], &search, NULL) != DEMUCS_OK) abort();
    return list;
}

static bool is(const demucs_run *run, size_t index, demucs_runs_outcome outcome, const char *reason)
{
    const demucs_runs_row *row = demucs_run_row(run, index);
    const bool same = row->outcome == outcome && (reason == NULL) == (row->reason == NULL) &&
                      (reason == NULL || strstr(row->reason, reason) != NULL) &&
                      (outcome == DEMUCS_RUNS_DONE) == (row->result != NULL);
    if (!same) printf("%s: outcome %d, %s\n", row->path, (int)row->outcome, row->reason ? row->reason : "no reason");
    return same;
}

static void make_tracks(void)
{
    mkdir("in", 0777);
    mkdir("in/x", 0777);
    mkdir("in/y", 0777);
    tracks_make("in/a.wav", 2, TRACKS_RATE_HZ, 9000, 0.1F);
    tracks_make("in/x/a.wav", 2, TRACKS_RATE_HZ, 14000, 0.2F);
    tracks_make("in/y/a.wav", 2, TRACKS_RATE_HZ, 19000, 0.3F);
    tracks_make("in/y/b.wav", 2, TRACKS_RATE_HZ, 12000, 0.4F);
    save_bytes("in/y/no music.wav", "no music", 8);
}

/* Songs of one name in several folders stay apart; a bad file and one that is not there stop nothing; and all is the
 * same with several at once. */
static void test_apart(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const paths[] = {"in", "none.wav"};
    static const char *const stems[] = {"a/drums.wav", "x/a/bass.wav", "y/a/other.wav", "y/b/vocals.wav"};
    make_tracks();
    demucs_runs_list *list = list_of(paths, 2);
    for (int at_once = 1; at_once <= 4; at_once += 3) {
        record told;
        demucs_tracks_request request = tracks_request(setup, "plays no part");
        request.folder = at_once == 1 ? "one" : "four";
        demucs_run *run = create(&request, list, at_once, &told);
        CHECK(demucs_run_separate(run, NULL) == DEMUCS_OK, "the run came to its end");
        CHECK(demucs_run_count(run) == 6 && demucs_run_tally(run, DEMUCS_RUNS_DONE) == 4 &&
                  demucs_run_tally(run, DEMUCS_RUNS_FAILED) == 2,
              "outcomes");
        CHECK(is(run, 4, DEMUCS_RUNS_FAILED, "'in/y/no music.wav': not an audio file") &&
                  is(run, 5, DEMUCS_RUNS_FAILED, "File none.wav does not exist.") && demucs_run_row(run, 5)->missing,
              "reasons");
        CHECK(is(run, 2, DEMUCS_RUNS_DONE, NULL) && demucs_run_row(run, 2)->result->input_frames == 19000 &&
                  demucs_run_row(run, 2)->seconds > 0 && strcmp(demucs_run_row(run, 2)->folder, "y") == 0,
              "figures");
        CHECK(told.begun == 5 && told.ended == 6 && !told.torn && !told.row_of_other, "events");
        for (size_t i = 0; i < 5; i++) CHECK(told.order[i] == i, "they begin in order");
        demucs_run_free(run);
    }
    for (size_t i = 0; i < 4; i++) {
        char one[64], four[64];
        snprintf(one, sizeof one, "one/%s", stems[i]);
        snprintf(four, sizeof four, "four/%s", stems[i]);
        CHECK(tracks_same(one, four), "%s", stems[i]);
    }
    CHECK(access("four/y/no music", F_OK) != 0, "nothing of what failed");
    demucs_runs_list_free(list);
}

/* The event function, or a flag that is set before: what is under way is cancelled, nothing else begins, nothing is
 * left half-written. */
static void test_stopped(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const paths[] = {"in/a.wav", "in/x/a.wav", "in/y/b.wav"};
    make_tracks();
    demucs_runs_list *list = list_of(paths, 3);
    for (int at_once = 1; at_once <= 2; at_once++) {
        record told;
        demucs_error error;
        demucs_tracks_request request = tracks_request(setup, NULL);
        request.collision = DEMUCS_TRACKS_COLLISION_RENAME;
        demucs_run *run = create(&request, list, at_once, &told);
        told.stop_at = 1;
        CHECK(tracks_failed(demucs_run_separate(run, &error), &error, DEMUCS_ERROR_CANCELLED, "cancelled"), "%s",
              error.message);
        CHECK(demucs_run_tally(run, DEMUCS_RUNS_DONE) + demucs_run_tally(run, DEMUCS_RUNS_CANCELLED) == 3,
              "no other outcome");
        CHECK(demucs_run_row(run, 1)->outcome == DEMUCS_RUNS_CANCELLED &&
                  is(run, 2, DEMUCS_RUNS_CANCELLED, at_once == 1 ? "ended before" : ""),
              "the second and the third");
        CHECK(access("out/a-2", F_OK) != 0 && access("out/b", F_OK) != 0, "nothing of them");
        CHECK(tracks_failed(demucs_run_separate(run, &error), &error, DEMUCS_ERROR_ARGUMENT, "used before"), "%s",
              error.message);
        demucs_run_free(run);
    }
    record told;
    demucs_tracks_cancel *cancel = NULL;
    demucs_tracks_request request = tracks_request(setup, NULL);
    REQUIRE(demucs_tracks_cancel_create(&cancel, NULL) == DEMUCS_OK, "a flag");
    demucs_tracks_cancel_set(cancel);
    request.cancel = cancel;
    demucs_run *run = create(&request, list, 1, &told);
    CHECK(demucs_run_separate(run, NULL) == DEMUCS_ERROR_CANCELLED && told.begun == 0 &&
              demucs_run_tally(run, DEMUCS_RUNS_CANCELLED) == 3,
          "none begins");
    demucs_run_free(run);
    demucs_tracks_cancel_free(cancel);
    demucs_runs_list_free(list);
}

/* A file twice, and tracks that meet in one place, with each of the answers; several at once give what one gives. */
static void test_meeting(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const paths[] = {"in/a.wav", "in/x/a.wav", "in/../in/a.wav", "in/y/a.wav"};
    make_tracks();
    demucs_runs_list *list = list_of(paths, 4);
    for (int at_once = 1; at_once <= 3; at_once += 2) {
        record told;
        demucs_error error;
        demucs_tracks_request request = tracks_request(setup, NULL);
        request.collision = DEMUCS_TRACKS_COLLISION_RENAME;
        demucs_run *run = create(&request, list, at_once, &told);
        CHECK(demucs_run_separate(run, &error) == DEMUCS_OK, "%s", error.message);
        CHECK(is(run, 2, DEMUCS_RUNS_SKIPPED, "in/../in/a.wav is the same file as in/a.wav") && told.collisions == 2,
              "twice");
        CHECK(strcmp(demucs_run_row(run, 1)->result->files[0]->path, "out/a-2/drums.wav") == 0 &&
                  strcmp(demucs_run_row(run, 3)->result->files[0]->path, "out/a-3/drums.wav") == 0,
              "numbers follow from the order of the list");
        demucs_run_free(run);

        request.collision = DEMUCS_TRACKS_COLLISION_SKIP;
        run = create(&request, list, at_once, &told);
        CHECK(demucs_run_separate(run, &error) == DEMUCS_OK, "%s", error.message);
        CHECK(is(run, 0, DEMUCS_RUNS_DONE, NULL) && is(run, 1, DEMUCS_RUNS_SKIPPED, "the second is left out") &&
                  is(run, 3, DEMUCS_RUNS_SKIPPED, "the second is left out"),
              "left out");
        demucs_run_free(run);

        request.collision = DEMUCS_TRACKS_COLLISION_OVERWRITE;
        request.folder = "over";
        run = create(&request, list, at_once, &told);
        CHECK(demucs_run_separate(run, &error) == DEMUCS_OK, "%s", error.message);
        CHECK(demucs_run_tally(run, DEMUCS_RUNS_DONE) == 3, "all of them");
        CHECK(tracks_same("over/a/drums.wav", "out/a-3/drums.wav"), "the last one wins");
        demucs_run_free(run);

        request.collision = DEMUCS_TRACKS_COLLISION_FAIL;
        request.folder = "none";
        run = create(&request, list, at_once, &told);
        CHECK(tracks_failed(demucs_run_separate(run, &error), &error, DEMUCS_ERROR_ARGUMENT, "2 tracks cannot"), "%s",
              error.message);
        CHECK(told.begun == 0 && is(run, 0, DEMUCS_RUNS_CANCELLED, "ended before") &&
                  is(run, 1, DEMUCS_RUNS_FAILED, "would both be written to none/a/drums.wav"),
              "none began");
        CHECK(access("none", F_OK) != 0, "nothing was made");
        demucs_run_free(run);
    }
    demucs_runs_list_free(list);
}

static bool file_has(const char *path, const char *text)
{
    static char all[16384];
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    const size_t count = fread(all, 1, sizeof all - 1, file);
    all[count] = '\0';
    fclose(file);
    return strstr(all, text) != NULL;
}

static demucs_run *create_with(const tracks_setup *setup, const demucs_runs_list *list, const char *summary,
                               double timeout)
{
    demucs_runs_options options;
    demucs_run *run = NULL;
    demucs_error error;
    const demucs_tracks_request request = tracks_request(setup, NULL);
    demucs_runs_options_init(&options, sizeof options);
    options.summary = summary;
    options.timeout_seconds = timeout;
    CHECK(demucs_run_create(&run, &request, list, &options, &error) == DEMUCS_OK, "%s", error.message);
    return run;
}

/* The summary: there at the end, however the run ends; never in the place of a track. */
static void test_summary(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const paths[] = {"in/a.wav", "none.wav"};
    demucs_error error;
    make_tracks();
    demucs_runs_list *list = list_of(paths, 2);
    demucs_run *run = create_with(setup, list, "run.json", 0);
    CHECK(demucs_run_separate(run, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(file_has("run.json", "\"outcome\": \"done\"") && file_has("run.json", "File none.wav does not exist.") &&
              file_has("run.json", "out/a/drums.wav"),
          "rows");
    demucs_run_free(run);
    const demucs_tracks_request request = tracks_request(setup, NULL);
    demucs_runs_options options;
    demucs_runs_options_init(&options, sizeof options);
    options.summary = "in/../in/a.wav";
    CHECK(tracks_failed(demucs_run_create(&run, &request, list, &options, &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "'in/../in/a.wav': this is a track to separate"),
          "%s", error.message);
    CHECK(run == NULL, "no run");
    run = create_with(setup, list, "no folder/run.json", 0);
    CHECK(tracks_failed(demucs_run_separate(run, &error), &error, DEMUCS_ERROR_IO, "no folder"), "%s", error.message);
    CHECK(demucs_run_tally(run, DEMUCS_RUNS_CANCELLED) == 2, "nothing was done");
    demucs_run_free(run);
    demucs_runs_list_free(list);
}

/* A track that takes too long fails, and the next one begins. */
static void test_timeout(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const paths[] = {"in/a.wav", "none.wav"};
    make_tracks();
    demucs_runs_list *list = list_of(paths, 2);
    demucs_run *run = create_with(setup, list, NULL, 1e-6);
    CHECK(demucs_run_separate(run, NULL) == DEMUCS_OK, "the run came to its end");
    CHECK(is(run, 0, DEMUCS_RUNS_FAILED, "in/a.wav took longer than 1e-06 s") &&
              is(run, 1, DEMUCS_RUNS_FAILED, "does not exist"),
          "both failed");
    CHECK(access("out/a", F_OK) != 0, "nothing of it");
    demucs_run_free(run);
    run = create_with(setup, list, NULL, 1000);
    CHECK(demucs_run_separate(run, NULL) == DEMUCS_OK && is(run, 0, DEMUCS_RUNS_DONE, NULL), "enough time");
    demucs_run_free(run);
    demucs_runs_list_free(list);
}

static void test_refused(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_runs_list *list = list_of(NULL, 0);
    demucs_tracks_request request = tracks_request(setup, NULL);
    demucs_runs_options options;
    demucs_run *run = NULL;
    demucs_error error;
    demucs_runs_options_init(&options, sizeof options);
    CHECK(demucs_run_create(&run, &request, list, NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_run_separate(run, &error) == DEMUCS_OK && demucs_run_count(run) == 0, "an empty one");
    demucs_run_free(run);
    options.timeout_seconds = -1;
    CHECK(tracks_failed(demucs_run_create(&run, &request, list, &options, &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "timeout_seconds is -1"),
          "%s", error.message);
    options.timeout_seconds = 0;
    options.at_once = 0;
    CHECK(tracks_failed(demucs_run_create(&run, &request, list, &options, &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "at_once is 0"),
          "%s", error.message);
    CHECK(run == NULL, "no run");
    const demucs_tracks_target target = {DEMUCS_TRACKS_STEM, "drums", "drums.wav"};
    request.targets = &target;
    request.targets_count = 1;
    CHECK(tracks_failed(demucs_run_create(&run, &request, list, NULL, &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "files of one track"),
          "%s", error.message);
    request = tracks_request(setup, NULL);
    request.engine = NULL;
    CHECK(tracks_failed(demucs_run_create(&run, &request, list, NULL, &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "no engine"),
          "%s", error.message);
    demucs_run_free(NULL);
    demucs_runs_list_free(list);
}

TRACKS_MAIN(test_apart, test_stopped, test_meeting, test_summary, test_timeout, test_refused)
