/* tracks.h - what the tests of libdemucs_tracks share: a scratch folder, tracks to separate, a tiny model with an
 * engine, and a record of the events.
 *
 * The model is a four-stem HTDemucs with random weights at 8,000 Hz, with segments of 0.4 s: what it gives means
 * nothing, but is the same every time. */
#ifndef DEMUCS_TESTS_TRACKS_H
#define DEMUCS_TESTS_TRACKS_H

#include "demucs_tracks.h"

#include "support/test.h"

#include <pthread.h>

enum { TRACKS_RATE_HZ = 8000, TRACKS_STEMS = 4 };

/* A model with an engine. */
typedef struct tracks_setup {
    demucs_model *model;
    demucs_engine *engine;
    demucs_stream_options separation; /* no shifts */
} tracks_setup;

/* Begin a test: the current folder, which is a scratch folder, is empty. Returns the model and engine that the tests of
 * a program share: 2 threads. */
const tracks_setup *tracks_begin(void);

/* The same with zeros for all weights: stems are silent, and minus_STEM is the track. */
const tracks_setup *tracks_silent(void);

/* Files, and folders other than `but` (NULL: none), below the current one, hidden ones too. */
int tracks_count(const char *but);

/* Whether two files hold the same bytes. */
bool tracks_same(const char *one, const char *other);

/* Write a wav of noise in [-peak, peak]. */
void tracks_make(const char *path, int channels, int sample_rate_hz, size_t frames, float peak);

/* The defaults, with this engine and separation, this input and the folder "out". */
demucs_tracks_request tracks_request(const tracks_setup *setup, const char *input);

/* Of "song.wav": float samples as they come from the network, in `folder` by the names of the stems. */
demucs_tracks_request tracks_request_floats(const tracks_setup *setup, const char *folder);

/* Separate, and check that it works; the result is the caller's to free. */
demucs_tracks_result *tracks_separate(const demucs_tracks_request *request);

/* A track in a thread of its own: the request, and what came of it. */
typedef struct tracks_worker {
    pthread_t thread;
    demucs_tracks_request request;
    demucs_tracks_result *result; /* the caller's to free */
    demucs_status status;
    demucs_error error;
} tracks_worker;

/* Begin; the caller joins the thread. */
void tracks_start(tracks_worker *worker);

/* Separate all of them at once, and wait for the last. */
void tracks_separate_together(tracks_worker *workers, int count);

/* Whether a call failed with this status and one sentence that has `text` in it. */
bool tracks_failed(demucs_status status, const demucs_error *error, demucs_status expected, const char *text);

/* Check that separating `request` fails like this, without a result. */
void tracks_check_refused(const demucs_tracks_request *request, demucs_status expected, const char *text);

/* What was told. */
typedef struct tracks_record {
    int events, phases, warnings, waits, cache_warnings, notes;
    uint64_t segments_done, segments_total;
    uint64_t counts[24];              /* [demucs_tracks_event_kind] the last event's `count` */
    char text[512];                   /* of the last warning */
    int cancel_at;                    /* event that asks to stop, from 1; 0: none */
    demucs_tracks_phase cancelled_in; /* the phase in which it did */
    bool disorder;                    /* something came when it should not */
} tracks_record;

/* A demucs_tracks_event_fn; `user` is the record. */
bool tracks_on_event(const demucs_tracks_event *event, void *user);

/* TEST_MAIN in a scratch folder. */
void tracks_enter(void);
void tracks_leave(void);
#define TRACKS_MAIN(...)                                                                                               \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        static void (*const functions[])(void) = {__VA_ARGS__};                                                        \
        tracks_enter();                                                                                                \
        const int status =                                                                                             \
            test_main(argc, argv, __FILE__, #__VA_ARGS__, functions, (int)(sizeof functions / sizeof *functions));     \
        tracks_leave();                                                                                                \
        return status;                                                                                                 \
    }

#endif
