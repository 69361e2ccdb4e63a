/* tracks.c - see tracks.h */
#define _XOPEN_SOURCE 700 /* nftw */

#include "tracks.h"

#include "../audio/audio_test.h"
#include "base/folder.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[256];
static tracks_setup shared, silent;

static void open_shared(void)
{
    demucs_error error;
    demucs_engine_options options;
    demucs_default_engine_options(&options, sizeof options);
    options.threads = 2;
    demucs_default_stream_options(&shared.separation, sizeof shared.separation);
    shared.separation.shifts = 0;
    if (demucs_model_load(&shared.model, DEMUCS_TEST_DATA "/api/a0000000.safetensors", &error) == DEMUCS_OK &&
        demucs_engine_create(&shared.engine, shared.model, &options, &error) == DEMUCS_OK)
        return;
    fprintf(stderr, "%s\n", error.message);
    exit(2);
}

void tracks_enter(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%s/demucs-tracks-XXXXXX", base != NULL ? base : "/tmp");
    unsetenv("TMPDIR"); /* spools are to lie where the request says */
    if (mkdtemp(scratch) == NULL) {
        perror(scratch);
        exit(2);
    }
    open_shared();
}

void tracks_leave(void)
{
    if (chdir("/") != 0) abort();
    dmx_folder_remove(scratch);
    demucs_engine_free(shared.engine);
    demucs_model_free(shared.model);
    demucs_engine_free(silent.engine);
    demucs_model_free(silent.model);
}

const tracks_setup *tracks_begin(void)
{
    if (chdir("/") != 0) abort();
    dmx_folder_remove(scratch);
    if (mkdir(scratch, 0777) != 0 || chdir(scratch) != 0) abort();
    return &shared;
}

const tracks_setup *tracks_silent(void)
{
    static const char path[] = "silent.safetensors"; /* in the scratch folder, until it is read */
    demucs_error error;
    if (silent.engine != NULL) return &silent;
    bytes file = load_bytes(DEMUCS_TEST_DATA "/api/a0000000.safetensors");
    uint64_t header = 0;
    for (int i = 0; i < 8; i++) header |= (uint64_t)file.data[i] << (8 * i);
    memset(file.data + 8 + header, 0, file.size - 8 - header);
    if (!save_bytes(path, file.data, file.size) || demucs_model_load(&silent.model, path, &error) != DEMUCS_OK ||
        demucs_engine_create(&silent.engine, silent.model, NULL, &error) != DEMUCS_OK)
        abort();
    free(file.data);
    unlink(path);
    silent.separation = shared.separation;
    return &silent;
}

/* ---- files ---- */

static int counted;
static const char *left_out;

static int count_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind;
    if (place->level > 0 && (left_out == NULL || strcmp(path + 2, left_out) != 0)) counted++;
    return 0;
}

int tracks_count(const char *but)
{
    counted = 0;
    left_out = but;
    if (nftw(".", count_one, 16, FTW_PHYS) != 0) abort();
    return counted;
}

bool tracks_same(const char *one, const char *other)
{
    bytes a = load_bytes(one), b = load_bytes(other);
    const bool same = a.data != NULL && b.data != NULL && a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
    free(a.data);
    free(b.data);
    return same;
}

void tracks_make(const char *path, int channels, int sample_rate_hz, size_t frames, float peak)
{
    sound noise = sound_noise(channels, sample_rate_hz, frames, peak);
    const audio_format format = {
        .container = AUDIO_WAV, .sample = AUDIO_FLOAT32, .sample_rate_hz = sample_rate_hz, .channels = channels};
    demucs_error error;
    if (!sound_write(path, &format, &noise, &error)) {
        fprintf(stderr, "%s\n", error.message);
        exit(2);
    }
    sound_free(&noise);
}

/* ---- requests ---- */

demucs_tracks_request tracks_request(const tracks_setup *setup, const char *input)
{
    demucs_tracks_request request;
    demucs_tracks_request_init(&request, sizeof request);
    request.engine = setup->engine;
    request.separation = &setup->separation;
    request.input = input;
    request.folder = "out";
    return request;
}

demucs_tracks_request tracks_request_floats(const tracks_setup *setup, const char *folder)
{
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.folder = folder;
    request.pattern = "{stem}.{ext}";
    request.sample = DEMUCS_TRACKS_FLOAT32;
    request.clip = DEMUCS_TRACKS_CLIP_NONE;
    return request;
}

bool tracks_failed(demucs_status status, const demucs_error *error, demucs_status expected, const char *text)
{
    return status == expected && error->status == expected && strstr(error->message, text) != NULL &&
           strchr(error->message, '\n') == NULL;
}

void tracks_check_refused(const demucs_tracks_request *request, demucs_status expected, const char *text)
{
    demucs_tracks_result *result = (demucs_tracks_result *)request; /* must become NULL */
    demucs_error error = {DEMUCS_OK, ""};
    const demucs_status status = demucs_tracks_separate(request, &result, &error);
    CHECK(tracks_failed(status, &error, expected, text), "%s: %s (not %s, \"%s\")", demucs_status_name(status),
          error.message, demucs_status_name(expected), text);
    CHECK(result == NULL, "a result after a failure");
    CHECK(demucs_tracks_separate(request, NULL, NULL) == expected, "the same without result and error");
}

demucs_tracks_result *tracks_separate(const demucs_tracks_request *request)
{
    demucs_tracks_result *result = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    const demucs_status status = demucs_tracks_separate(request, &result, &error);
    CHECK(status == DEMUCS_OK && result != NULL, "%s: %s", demucs_status_name(status), error.message);
    return result;
}

static void *work(void *user)
{
    tracks_worker *self = user;
    self->status = demucs_tracks_separate(&self->request, &self->result, &self->error);
    return NULL;
}

void tracks_start(tracks_worker *worker)
{
    if (pthread_create(&worker->thread, NULL, work, worker) != 0) abort();
}

void tracks_separate_together(tracks_worker *workers, int count)
{
    for (int i = 0; i < count; i++) tracks_start(&workers[i]);
    for (int i = 0; i < count; i++) pthread_join(workers[i].thread, NULL);
}

/* ---- events ---- */

bool tracks_on_event(const demucs_tracks_event *event, void *user)
{
    tracks_record *record = user;
    record->events++;
    record->counts[event->kind] = event->count;
    if (event->input == NULL) record->disorder = true;
    switch (event->kind) {
    case DEMUCS_TRACKS_EVENT_PHASE:
        if ((int)event->phase != record->phases++) record->disorder = true;
        break;
    case DEMUCS_TRACKS_EVENT_PROGRESS:
        if ((int)event->phase != record->phases - 1 || (event->total > 0 && event->done > event->total) ||
            (event->segment != NULL) != (event->phase == DEMUCS_TRACKS_SEPARATE))
            record->disorder = true;
        if (event->phase == DEMUCS_TRACKS_SEPARATE) {
            if (event->done < record->segments_done) record->disorder = true;
            record->segments_done = event->done;
            record->segments_total = event->total;
        }
        break;
    case DEMUCS_TRACKS_EVENT_CACHE_WAITING: record->waits++; break;
    case DEMUCS_TRACKS_EVENT_CACHE_DAMAGED:
    case DEMUCS_TRACKS_EVENT_CACHE_FAILED:
        record->cache_warnings++;
        if (event->path == NULL || event->text == NULL) record->disorder = true;
        if (event->text != NULL) snprintf(record->text, sizeof record->text, "%s", event->text);
        break;
    case DEMUCS_TRACKS_EVENT_NOTE:
        record->notes++;
        if (event->text == NULL) record->disorder = true;
        if (event->text != NULL) snprintf(record->text, sizeof record->text, "%s", event->text);
        break;
    default:
        record->warnings++;
        if (event->path == NULL || event->text == NULL || event->count == 0) record->disorder = true;
        if (event->text != NULL) snprintf(record->text, sizeof record->text, "%s", event->text);
    }
    if ((event->seconds > 0) != (record->phases > 1)) record->disorder = true;
    if (record->events != record->cancel_at) return false;
    record->cancelled_in = event->phase;
    return true;
}
