/* test_events.c - what is told on the way, and a track that is cancelled at every place where it can be: nothing is
 * left of it, and older files stay. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES = 24000, SEGMENTS = 10 };

static demucs_tracks_request watched(const tracks_setup *setup, tracks_record *record)
{
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    *record = (tracks_record){0};
    request.event = tracks_on_event;
    request.event_user = record;
    return request;
}

/* The stream's own report: told, and heard when it asks to stop. */
static bool on_progress(const demucs_progress *report, void *user)
{
    int *left = user;
    return report->finished && --*left == 0;
}

static void test_own_progress(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_stream_options separation = setup->separation;
    demucs_error error = {DEMUCS_OK, ""};
    tracks_record record;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    demucs_tracks_request request = watched(setup, &record);
    request.separation = &separation;
    int left = SEGMENTS + 1;
    separation.progress = on_progress;
    separation.progress_user = &left;
    CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_OK && left == 1, "%d left, %s", left, error.message);
    request = watched(setup, &record);
    request.separation = &separation;
    left = 3;
    const demucs_status status = demucs_tracks_separate(&request, NULL, &error);
    CHECK(tracks_failed(status, &error, DEMUCS_ERROR_CANCELLED, "cancelled"), "%s", error.message);
    CHECK(record.segments_done == 3, "%d segments", (int)record.segments_done);
}

static void test_order(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_record record;
    demucs_error error = {DEMUCS_OK, ""};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    demucs_tracks_request request = watched(setup, &record);
    CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(!record.disorder, "something came when it should not");
    CHECK(record.phases == DEMUCS_TRACKS_PHASES, "%d phases", record.phases);
    CHECK(record.segments_total == SEGMENTS && record.segments_done == SEGMENTS, "%llu of %llu segments",
          (unsigned long long)record.segments_done, (unsigned long long)record.segments_total);
    CHECK(record.warnings == 0, "a warning: %s", record.text);
}

static void test_warnings(void)
{
    const tracks_setup *setup = tracks_begin();
    const audio_format format = {
        .container = AUDIO_WAV, .sample = AUDIO_FLOAT32, .sample_rate_hz = TRACKS_RATE_HZ, .channels = 2};
    tracks_record record;
    demucs_error error = {DEMUCS_OK, ""};
    sound noise = sound_noise(2, TRACKS_RATE_HZ, 5000, 20);
    noise.planes[1][3] = NAN;
    REQUIRE(sound_write("song.wav", &format, &noise, &error), "%s", error.message);
    sound_free(&noise);
    demucs_tracks_request request = watched(setup, &record);
    request.clip = DEMUCS_TRACKS_CLIP_NONE;
    request.stem = "drums";
    request.other = DEMUCS_TRACKS_OTHER_NONE;
    CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(!record.disorder && record.warnings == 2, "%d warnings", record.warnings);
    CHECK(record.counts[DEMUCS_TRACKS_EVENT_NOT_FINITE] == 1, "one sample is no number");
    CHECK(record.counts[DEMUCS_TRACKS_EVENT_CLIPPED] > 100, "and many are too loud");
    CHECK(strstr(record.text, "out/song/drums.wav") != NULL, "%s", record.text);
}

/* Cancelled at the n-th event, for every n: in each phase, and nothing is there but what was before. */
static void test_cancel_everywhere(void)
{
    const tracks_setup *setup = tracks_begin();
    int cancelled[DEMUCS_TRACKS_PHASES] = {0};
    tracks_record record;
    demucs_status status = DEMUCS_ERROR_CANCELLED;
    for (int clip = 0; clip < 2; clip++) {
        tracks_begin();
        tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
        for (int n = 1; n < 1000; n++) {
            demucs_error error = {DEMUCS_OK, ""};
            demucs_tracks_request request = watched(setup, &record);
            request.clip = (demucs_tracks_clip)clip;
            record.cancel_at = n;
            status = demucs_tracks_separate(&request, NULL, &error);
            if (status == DEMUCS_OK) break;
            CHECK(tracks_failed(status, &error, DEMUCS_ERROR_CANCELLED, "song.wav was cancelled"), "event %d: %s", n,
                  error.message);
            CHECK(record.events == n, "%d events after the wish to stop at %d", record.events, n);
            CHECK(tracks_count("song.wav") == 0, "event %d left something behind", n);
            cancelled[record.cancelled_in]++;
        }
        CHECK(status == DEMUCS_OK && tracks_count("song.wav") == 2 + TRACKS_STEMS, "in the end it comes through");
    }
    for (int phase = 0; phase < DEMUCS_TRACKS_PHASES; phase++)
        CHECK(cancelled[phase] > 0, "never cancelled in phase %d", phase);
}

/* An older result, and the folders, stay as they were. */
static void test_older_files_stay(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_record record;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    demucs_tracks_request request = watched(setup, &record);
    REQUIRE(demucs_tracks_separate(&request, NULL, NULL) == DEMUCS_OK, "a first time");
    REQUIRE(rename("song.wav", "kept.wav") == 0 && rename("out/song/drums.wav", "drums.wav") == 0, "move things");
    REQUIRE(symlink("../../drums.wav", "out/song/drums.wav") == 0, "an old file of the same name");
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.1F);
    const int before = tracks_count(NULL);
    const int events = record.events;
    for (int back = 0; back < 6; back++) {
        request = watched(setup, &record);
        record.cancel_at = events - back;
        CHECK(demucs_tracks_separate(&request, NULL, NULL) == DEMUCS_ERROR_CANCELLED, "event %d", events - back);
        CHECK(tracks_count(NULL) == before, "something came or went");
        CHECK(tracks_same("drums.wav", "out/song/drums.wav"), "the old file changed");
    }
}

/* ------------------------------------------------------------------------------------------------- the flag ---- */

static demucs_tracks_cancel *flag;

static void on_signal(int number)
{
    (void)number;
    demucs_tracks_cancel_set(flag);
}

static void sleep_a_little(void) { nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); }

static void *set_later(void *started)
{
    while (atomic_load((atomic_int *)started) == 0) sleep_a_little();
    demucs_tracks_cancel_set(flag);
    return NULL;
}

enum { BY_NOBODY, BEFORE, BY_THREAD, BY_SIGNAL };

typedef struct hand {
    int way;
    atomic_int started;
    int later; /* segments that ran after the flag was set */
} hand;

static bool on_event(const demucs_tracks_event *event, void *user)
{
    hand *self = user;
    if (event->segment == NULL || !event->segment->finished) return false;
    if (demucs_tracks_cancel_is_set(flag)) self->later++;
    if (self->way == BY_SIGNAL && event->done == 2) raise(SIGUSR1);
    if (self->way == BY_THREAD && event->done == 2) {
        self->started = 1;
        while (!demucs_tracks_cancel_is_set(flag)) sleep_a_little();
    }
    return false;
}

static void check_flag(const tracks_setup *setup, int way)
{
    hand self = {.way = way};
    pthread_t thread;
    demucs_error error = {DEMUCS_OK, ""};
    REQUIRE(demucs_tracks_cancel_create(&flag, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(!demucs_tracks_cancel_is_set(flag), "a new flag is set");
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.cancel = flag;
    request.event = on_event;
    request.event_user = &self;
    if (way == BEFORE) demucs_tracks_cancel_set(flag);
    if (way == BY_THREAD && pthread_create(&thread, NULL, set_later, &self.started) != 0) abort();
    const demucs_status status = demucs_tracks_separate(&request, NULL, &error);
    self.started = 1; /* whatever happened */
    if (way == BY_THREAD) pthread_join(thread, NULL);
    if (way == BY_NOBODY)
        CHECK(status == DEMUCS_OK && tracks_count("song.wav") == 2 + TRACKS_STEMS, "%s", error.message);
    else
        CHECK(tracks_failed(status, &error, DEMUCS_ERROR_CANCELLED, "cancelled") && tracks_count("song.wav") == 0,
              "way %d: %s", way, error.message);
    CHECK(self.later <= 1, "%d segments ran after the flag was set", self.later);
    demucs_tracks_cancel_free(flag);
    flag = NULL;
}

static void test_flag(void)
{
    const tracks_setup *setup = tracks_begin();
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    check_flag(setup, BEFORE);
    check_flag(setup, BY_THREAD);
    check_flag(setup, BY_SIGNAL);
    check_flag(setup, BY_NOBODY);
    demucs_tracks_cancel_set(NULL);
    CHECK(!demucs_tracks_cancel_is_set(NULL), "no flag is not set");
    demucs_tracks_cancel_free(NULL);
    CHECK(demucs_tracks_cancel_create(NULL, NULL) == DEMUCS_ERROR_ARGUMENT, "nowhere to put it");
}

/* In the middle of a segment: a track that is not split has only one, and that does not come to its end. The model is
 * one of the waveform network, which takes any length. */
static bool on_segment(const demucs_tracks_event *event, void *user)
{
    hand *self = user;
    if (event->segment == NULL) return false;
    self->started = 1;
    self->later += event->segment->finished;
    return false;
}

static void test_flag_in_a_segment(void)
{
    tracks_setup own = {0};
    tracks_begin();
    hand self = {.way = BY_THREAD};
    pthread_t thread;
    demucs_error error = {DEMUCS_OK, ""};
    demucs_default_stream_options(&own.separation, sizeof own.separation);
    own.separation.split = false;
    own.separation.shifts = 0;
    REQUIRE(demucs_model_load(&own.model, DEMUCS_TEST_DATA "/checkpoint/good/b72453dc.safetensors", &error) ==
                    DEMUCS_OK &&
                demucs_engine_create(&own.engine, own.model, NULL, &error) == DEMUCS_OK &&
                demucs_tracks_cancel_create(&flag, &error) == DEMUCS_OK,
            "%s", error.message);
    const int rate = demucs_model_sample_rate_hz(own.model);
    tracks_make("song.wav", demucs_model_channels(own.model), rate, 120 * (size_t)rate, 0.5F);
    demucs_tracks_request request = tracks_request(&own, "song.wav");
    request.cancel = flag;
    request.event = on_segment;
    request.event_user = &self;
    if (pthread_create(&thread, NULL, set_later, &self.started) != 0) abort();
    const demucs_status status = demucs_tracks_separate(&request, NULL, &error);
    self.started = 1; /* whatever happened */
    pthread_join(thread, NULL);
    CHECK(tracks_failed(status, &error, DEMUCS_ERROR_CANCELLED, "cancelled"), "%s", error.message);
    CHECK(self.later == 0, "the segment came to its end");
    CHECK(tracks_count("song.wav") == 0, "something is left");
    demucs_tracks_cancel_free(flag);
    flag = NULL;
    demucs_engine_free(own.engine);
    demucs_model_free(own.model);
}

/* One block of a file becomes many at the model's rate: the caller is asked with each of them. */
static void test_cancel_inside_resampling(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("slow.wav", 1, 1000, 16000, 0.5F);
    tracks_record record = {.cancel_at = 7};
    demucs_tracks_request request = tracks_request(setup, "slow.wav");
    request.event = tracks_on_event;
    request.event_user = &record;
    demucs_error error = {DEMUCS_OK, ""};
    const demucs_status status = demucs_tracks_separate(&request, NULL, &error);
    CHECK(tracks_failed(status, &error, DEMUCS_ERROR_CANCELLED, "cancelled"), "%s", error.message);
    CHECK(record.cancelled_in == DEMUCS_TRACKS_READ, "in phase %d", (int)record.cancelled_in);
}

TRACKS_MAIN(test_cancel_inside_resampling, test_own_progress, test_order, test_warnings, test_cancel_everywhere,
            test_older_files_stay, test_flag, test_flag_in_a_segment)
