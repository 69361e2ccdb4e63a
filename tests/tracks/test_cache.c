/* test_cache.c - results that are kept, by the public headers: what is found, and what is not. */
#include "kept.h"

#include "../audio/audio_test.h"

#include <fcntl.h>
#include <math.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static demucs_error error;

static void test_found(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_record record;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    demucs_cache *cache = kept_open(0, false);
    CHECK(kept_separate(setup, cache, "song.wav", "first", &record) == DEMUCS_TRACKS_COMPUTED, "there was nothing");
    CHECK(record.phases == 3 && !record.disorder && record.cache_warnings == 0, "%s", record.text);
    CHECK(system("mv song.wav renamed.wav") == 0, "mv");
    CHECK(kept_separate(setup, cache, "renamed.wav", "second", &record) == DEMUCS_TRACKS_CACHED, "under another name");
    CHECK(record.phases == 2 && record.cache_warnings == 0, "%s", record.text);
    CHECK(kept_same_stems("first/song", "second/renamed"), "the same bytes");
    demucs_cache_free(cache);

    cache = kept_open(0, false);
    CHECK(kept_separate(setup, cache, "renamed.wav", "third", NULL) == DEMUCS_TRACKS_CACHED,
          "after the cache was closed");
    CHECK(kept_same_stems("first/song", "third/renamed"), "the same bytes");
    const kept_listing all = kept_list(cache);
    CHECK(all.entries == 1 && all.hits == 2 && all.files == 4, "%zu entries, %llu hits, %zu files", all.entries,
          (unsigned long long)all.hits, all.files);
    CHECK(strcmp(all.input, "song.wav") == 0 && all.seconds > 0 && all.created_unix > 1600000000 &&
              all.used_unix >= all.created_unix,
          "%s, %g s", all.input, all.seconds);
    CHECK(strstr(all.settings, "\nshifts 0\noverlap 0.25\n") != NULL, "%s", all.settings);
    demucs_cache_free(cache);
}

/* An edited stem is a file of its own: the cache has the old one. */
static void test_edited_stem(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    demucs_cache *cache = kept_open(0, false);
    kept_separate(setup, cache, "song.wav", "first", NULL);
    kept_separate(setup, cache, "song.wav", "second", NULL);
    for (int i = 0; i < 2; i++) {
        const int file = open(i == 0 ? "first/song/drums.wav" : "second/song/drums.wav", O_WRONLY);
        CHECK(pwrite(file, "edited", 6, 100) == 6, "edit");
        close(file);
    }
    CHECK(kept_separate(setup, cache, "song.wav", "third", NULL) == DEMUCS_TRACKS_CACHED, "it is still there");
    CHECK(!tracks_same("third/song/drums.wav", "first/song/drums.wav"), "the edit went into the cache");
    demucs_cache_free(cache);
}

/* The result is what it was, and what was told is told again. */
static void test_same_result(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_record records[2] = {{0}};
    demucs_tracks_result *results[2] = {NULL};
    const audio_format format = {
        .container = AUDIO_WAV, .sample = AUDIO_FLOAT32, .sample_rate_hz = 16000, .channels = 1};
    sound noise = sound_noise(1, 16000, 16001, 20);
    noise.planes[0][7] = INFINITY;
    REQUIRE(sound_write("mono.wav", &format, &noise, &error), "%s", error.message);
    sound_free(&noise);
    demucs_cache *cache = kept_open(0, false);
    for (int i = 0; i < 2; i++) {
        demucs_tracks_request request = tracks_request(setup, "mono.wav");
        request.clip = DEMUCS_TRACKS_CLIP_CLAMP;
        request.cache = cache;
        request.event = tracks_on_event;
        request.event_user = &records[i];
        REQUIRE(demucs_tracks_separate(&request, &results[i], &error) == DEMUCS_OK, "%s", error.message);
    }
    const demucs_tracks_result *a = results[0], *b = results[1];
    CHECK(a->outcome == DEMUCS_TRACKS_COMPUTED && a->computed_unix == 0 && b->outcome == DEMUCS_TRACKS_CACHED &&
              b->computed_unix > 0,
          "where they come from");
    CHECK(a->input_channels == b->input_channels && a->input_sample_rate_hz == b->input_sample_rate_hz &&
              a->input_frames == b->input_frames && a->seconds == b->seconds && a->channels == b->channels &&
              a->sample_rate_hz == b->sample_rate_hz && a->damaged == b->damaged && a->not_finite == b->not_finite &&
              a->missing_frames == b->missing_frames &&
              memcmp(a->phase_seconds, b->phase_seconds, sizeof a->phase_seconds) == 0,
          "facts of the track");
    for (size_t i = 0; i < a->files_count; i++) {
        const demucs_tracks_file *x = a->files[i], *y = b->files[i];
        CHECK(strcmp(x->path, y->path) == 0 && strcmp(x->name, y->name) == 0 && x->kind == y->kind &&
                  x->source == y->source && x->container == y->container && x->frames == y->frames &&
                  x->seconds == y->seconds && x->peak == y->peak && x->rms == y->rms && x->gain == y->gain &&
                  x->clipped == y->clipped && x->clipped > 0,
              "facts of %s", x->path);
    }
    CHECK(records[0].warnings == records[1].warnings && records[1].warnings > 1 &&
              memcmp(records[0].counts, records[1].counts, sizeof records[0].counts) == 0,
          "%d and %d warnings", records[0].warnings, records[1].warnings);
    CHECK(records[1].phases == 2, "reading and writing");
    demucs_tracks_result_free(results[0]);
    demucs_tracks_result_free(results[1]);
    demucs_cache_free(cache);
}

/* So is what was told at the beginning: that not all channels are taken. */
static void test_channels(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("many.wav", 4, TRACKS_RATE_HZ, 9000, 0.5F);
    demucs_cache *cache = kept_open(0, false);
    for (int i = 0; i < 2; i++) {
        tracks_record record;
        CHECK(kept_separate(setup, cache, "many.wav", "out", &record) == i, "run %d", i);
        CHECK(record.warnings == 1 && record.counts[DEMUCS_TRACKS_EVENT_CHANNELS] == 2, "run %d: %s", i, record.text);
    }
    demucs_cache_free(cache);
}

/* Cancelled at the n-th event of a hit: nothing is there but what was before. */
static void test_cancel_everywhere(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    demucs_cache *cache = kept_open(0, false);
    kept_separate(setup, cache, "song.wav", "first", NULL);
    demucs_status status = DEMUCS_ERROR_CANCELLED;
    for (int at = 1; status == DEMUCS_ERROR_CANCELLED; at++) {
        tracks_record record = {.cancel_at = at};
        demucs_tracks_request request = tracks_request(setup, "song.wav");
        request.folder = "second";
        request.cache = cache;
        request.event = tracks_on_event;
        request.event_user = &record;
        status = demucs_tracks_separate(&request, NULL, &error);
        CHECK((access("second", F_OK) == 0) == (status == DEMUCS_OK), "event %d: %s", at, error.message);
        CHECK(at > 6 || status == DEMUCS_ERROR_CANCELLED, "event %d: %s", at, demucs_status_name(status));
    }
    CHECK(status == DEMUCS_OK && kept_same_stems("first/song", "second/song"), "%s", error.message);
    demucs_cache_free(cache);
}

/* Two models that differ in one weight, and two precisions of the same. */
static void test_other_model(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_model *model = NULL;
    demucs_engine *engine = NULL;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    demucs_cache *cache = kept_open(0, false);
    kept_separate(setup, cache, "song.wav", "first", NULL);
    bytes file = load_bytes(DEMUCS_TEST_DATA "/api/a0000000.safetensors");
    file.data[file.size - 2] ^= 1;
    CHECK(demucs_model_load_memory(&model, file.data, file.size, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_engine_create(&engine, model, NULL, &error) == DEMUCS_OK, "%s", error.message);
    free(file.data);
    const tracks_setup other = {.model = model, .engine = engine, .separation = setup->separation};
    CHECK(kept_separate(&other, cache, "song.wav", "second", NULL) == DEMUCS_TRACKS_COMPUTED, "another model");
    CHECK(kept_separate(&other, cache, "song.wav", "third", NULL) == DEMUCS_TRACKS_CACHED, "the same model");
    CHECK(kept_separate(setup, cache, "song.wav", "fourth", NULL) == DEMUCS_TRACKS_CACHED, "the first model");
    CHECK(kept_list(cache).entries == 2, "%zu entries", kept_list(cache).entries);
    demucs_cache_free(cache);
    demucs_engine_free(engine);
    demucs_model_free(model);
}

/* A pipe can be read only once; a track that changes while it is separated is not what was summed up. */
static bool change_input(const demucs_tracks_event *event, void *user)
{
    if (event->kind != DEMUCS_TRACKS_EVENT_PHASE || event->phase != DEMUCS_TRACKS_SEPARATE)
        return tracks_on_event(event, user);
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9500, 0.4F);
    return tracks_on_event(event, user);
}

static void test_changing_input(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_record record = {0};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    demucs_cache *cache = kept_open(0, false);
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.cache = cache;
    request.event = change_input;
    request.event_user = &record;
    CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(record.cache_warnings == 1 && strstr(record.text, "changed while it was separated") != NULL, "%s",
          record.text);
    CHECK(kept_list(cache).entries == 0, "it was kept");
    CHECK(mkfifo("pipe.wav", 0600) == 0 && system("cat song.wav > pipe.wav &") == 0, "pipe");
    CHECK(kept_separate(setup, cache, "pipe.wav", "second", NULL) == DEMUCS_TRACKS_COMPUTED, "a pipe");
    CHECK(kept_list(cache).entries == 0, "it was kept");
    demucs_cache_free(cache);
}

static void test_refresh(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    demucs_cache *cache = kept_open(0, false), *refreshing = kept_open(0, true);
    kept_separate(setup, cache, "song.wav", "first", NULL);
    CHECK(kept_separate(setup, refreshing, "song.wav", "second", NULL) == DEMUCS_TRACKS_COMPUTED, "asked to");
    CHECK(kept_separate(setup, cache, "song.wav", "third", NULL) == DEMUCS_TRACKS_CACHED, "the new one");
    CHECK(kept_same_stems("first/song", "third/song"), "the same bytes");
    CHECK(kept_list(cache).entries == 1 && tracks_count(NULL) == tracks_count(NULL), "one entry");
    CHECK(system("test $(ls cache/entries | wc -l) = 1") == 0, "the old files are gone");
    demucs_cache_free(cache);
    demucs_cache_free(refreshing);
}

/* ---- threads ---- */

enum { THREADS = 6 };

/* The same content under several names at once, in threads that share engine and cache: one computes, the others wait.
 * Two contents, so that there are two who compute. */
static void test_threads(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const names[THREADS] = {"a.wav", "b.wav", "c.wav", "d.wav", "e.wav", "f.wav"};
    tracks_worker workers[THREADS];
    int computed = 0;
    for (int i = 0; i < THREADS; i++) tracks_make(names[i], 2, TRACKS_RATE_HZ, 20000, i % 2 == 0 ? 0.5F : 0.4F);
    demucs_cache *cache = kept_open(0, false);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (tracks_worker){.request = tracks_request(setup, names[i])};
        workers[i].request.cache = cache;
    }
    tracks_separate_together(workers, THREADS);
    for (int i = 0; i < THREADS; i++) {
        CHECK(workers[i].status == DEMUCS_OK, "%s: %s", names[i], workers[i].error.message);
        if (workers[i].result != NULL) computed += workers[i].result->outcome == DEMUCS_TRACKS_COMPUTED;
        demucs_tracks_result_free(workers[i].result);
    }
    CHECK(computed == 2 && kept_list(cache).entries == 2, "%d were computed", computed);
    CHECK(kept_same_stems("out/a", "out/e") && kept_same_stems("out/b", "out/f"), "the same bytes");
    demucs_cache_free(cache);
}

/* Whoever computes holds on once the network is to begin, till the other one has waited. */
typedef struct holding {
    sem_t begun, go;
} holding;

static bool hold(const demucs_tracks_event *event, void *user)
{
    holding *self = user;
    if (event->kind != DEMUCS_TRACKS_EVENT_PHASE || event->phase != DEMUCS_TRACKS_SEPARATE) return false;
    sem_post(&self->begun);
    while (sem_wait(&self->go) != 0) continue;
    return false;
}

/* Sets its own flag as soon as it is told that it waits. */
typedef struct waiting {
    tracks_record record;
    demucs_tracks_cancel *flag;
} waiting;

static bool cancel_waiting(const demucs_tracks_event *event, void *user)
{
    waiting *self = user;
    if (event->kind == DEMUCS_TRACKS_EVENT_CACHE_WAITING) demucs_tracks_cancel_set(self->flag);
    return tracks_on_event(event, &self->record);
}

/* Whoever waits can be cancelled, and the one who computes does not notice. */
static void test_cancelled_waiting(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_worker first = {.request = tracks_request(setup, "a.wav")}, second;
    holding held;
    waiting waits = {.flag = NULL};
    tracks_make("a.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    tracks_make("b.wav", 2, TRACKS_RATE_HZ, 9000, 0.5F);
    REQUIRE(demucs_tracks_cancel_create(&waits.flag, &error) == DEMUCS_OK && sem_init(&held.begun, 0, 0) == 0 &&
                sem_init(&held.go, 0, 0) == 0,
            "a flag and two semaphores");
    first.request.cache = kept_open(0, false);
    second = first;
    first.request.event = hold;
    first.request.event_user = &held;
    second.request.input = "b.wav";
    second.request.cancel = waits.flag;
    second.request.event = cancel_waiting;
    second.request.event_user = &waits;
    tracks_start(&first);
    while (sem_wait(&held.begun) != 0) continue;
    tracks_start(&second);
    pthread_join(second.thread, NULL);
    CHECK(tracks_failed(second.status, &second.error, DEMUCS_ERROR_CANCELLED, "b.wav was cancelled"), "%s",
          second.error.message);
    CHECK(waits.record.waits > 0 && waits.record.cache_warnings == 0, "it waited %d times", waits.record.waits);
    sem_post(&held.go);
    pthread_join(first.thread, NULL);
    CHECK(first.status == DEMUCS_OK && first.result->outcome == DEMUCS_TRACKS_COMPUTED, "%s", first.error.message);
    demucs_tracks_result_free(first.result);
    demucs_cache_free(first.request.cache);
    demucs_tracks_cancel_free(waits.flag);
    sem_destroy(&held.begun);
    sem_destroy(&held.go);
}

TRACKS_MAIN(test_found, test_edited_stem, test_same_result, test_channels, test_cancel_everywhere, test_other_model,
            test_changing_input, test_refresh, test_threads, test_cancelled_waiting)
