/* test_threads.c - several tracks at once, in threads of their own, with one engine: each gives what it gives alone,
 * and what fails or stops leaves the others be. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRACKS = 4 };

static const char *name_of(int track)
{
    static const char *const names[TRACKS] = {"a.wav", "b.wav", "c.wav", "d.wav"};
    return names[track];
}

static void make_tracks(void)
{
    for (int i = 0; i < TRACKS; i++)
        tracks_make(name_of(i), 2, TRACKS_RATE_HZ, 9000 + 5000 * (size_t)i, 0.1F * (float)(i + 1));
}

static bool same_stems(const char *folder, int track)
{
    static const char *const stems[] = {"drums", "bass", "other", "vocals"};
    bool same = true;
    for (int i = 0; i < TRACKS_STEMS; i++) {
        char one[64], other[64];
        snprintf(one, sizeof one, "%s/%c/%s.wav", folder, 'a' + track, stems[i]);
        snprintf(other, sizeof other, "alone/%c/%s.wav", 'a' + track, stems[i]);
        same = same && tracks_same(one, other);
    }
    return same;
}

static void separate_alone(const tracks_setup *setup)
{
    make_tracks();
    for (int i = 0; i < TRACKS; i++) {
        demucs_tracks_request request = tracks_request(setup, name_of(i));
        request.folder = "alone";
        CHECK(demucs_tracks_separate(&request, NULL, NULL) == DEMUCS_OK, "%s alone", name_of(i));
    }
}

static void test_together(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_worker workers[TRACKS] = {0};
    demucs_tracks_batch *batch = NULL;
    separate_alone(setup);
    REQUIRE(demucs_tracks_batch_create(&batch, NULL) == DEMUCS_OK, "a batch");
    for (int i = 0; i < TRACKS; i++) {
        workers[i].request = tracks_request(setup, name_of(i));
        workers[i].request.batch = batch;
    }
    tracks_separate_together(workers, TRACKS);
    for (int i = 0; i < TRACKS; i++) {
        CHECK(workers[i].status == DEMUCS_OK, "%s: %s", name_of(i), workers[i].error.message);
        CHECK(workers[i].result != NULL && workers[i].result->input_frames == (uint64_t)(9000 + 5000 * i),
              "its figures");
        CHECK(same_stems("out", i), "%s: other samples than alone", name_of(i));
        demucs_tracks_result_free(workers[i].result);
    }
    demucs_tracks_batch_free(batch);
}

static bool stop_soon(const demucs_tracks_event *event, void *user)
{
    (void)user;
    return event->phase == DEMUCS_TRACKS_SEPARATE && event->done >= 3;
}

/* One is cancelled, one is no music; the two others come through unchanged. */
static void test_apart(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_worker workers[TRACKS] = {0};
    separate_alone(setup);
    save_bytes("b.wav", "no music", 8);
    for (int i = 0; i < TRACKS; i++) workers[i].request = tracks_request(setup, name_of(i));
    workers[3].request.event = stop_soon;
    tracks_separate_together(workers, TRACKS);
    CHECK(workers[0].status == DEMUCS_OK && same_stems("out", 0), "a.wav: %s", workers[0].error.message);
    CHECK(workers[2].status == DEMUCS_OK && same_stems("out", 2), "c.wav: %s", workers[2].error.message);
    CHECK(workers[1].status == DEMUCS_ERROR_FORMAT && access("out/b", F_OK) != 0, "b.wav: %s",
          workers[1].error.message);
    CHECK(workers[3].status == DEMUCS_ERROR_CANCELLED && access("out/d", F_OK) != 0, "d.wav: %s",
          workers[3].error.message);
    for (int i = 0; i < TRACKS; i++) demucs_tracks_result_free(workers[i].result);
}

/* Several threads want the same paths: one has them, the others are told whose they are. */
static void test_one_path(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_worker workers[TRACKS] = {0};
    demucs_tracks_batch *batch = NULL;
    make_tracks();
    REQUIRE(demucs_tracks_batch_create(&batch, NULL) == DEMUCS_OK, "a batch");
    for (int i = 0; i < TRACKS; i++) {
        workers[i].request = tracks_request(setup, name_of(i));
        workers[i].request.pattern = "{stem}.{ext}";
        workers[i].request.batch = batch;
    }
    tracks_separate_together(workers, TRACKS);
    int done = 0;
    for (int i = 0; i < TRACKS; i++) {
        done += workers[i].status == DEMUCS_OK;
        CHECK(workers[i].status == DEMUCS_OK ||
                  tracks_failed(workers[i].status, &workers[i].error, DEMUCS_ERROR_ARGUMENT,
                                "would both be written to out/drums.wav"),
              "%s: %s", name_of(i), workers[i].error.message);
        demucs_tracks_result_free(workers[i].result);
    }
    CHECK(done == 1, "%d tracks have the same paths", done);
    demucs_tracks_batch_free(batch);
}

TRACKS_MAIN(test_together, test_apart, test_one_path)
