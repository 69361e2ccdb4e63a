/* tracks.c - separate files with libdemucs_tracks: the whole of its use, for any number of tracks one after the other.
 *
 *     tracks htdemucs.safetensors stems song.mp3 video.mp4      writes stems/song/{drums,bass,other,vocals}.wav, ...
 *
 * Ctrl-C ends it; the track under way leaves nothing behind. For tracks side by side, call demucs_tracks_separate in
 * several threads, with the same engine and the same batch. */
#include <demucs_tracks.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static demucs_tracks_cancel *cancel;

static void on_interrupt(int number)
{
    (void)number;
    demucs_tracks_cancel_set(cancel); /* a signal handler may do this */
}

static bool on_event(const demucs_tracks_event *event, void *user)
{
    (void)user;
    if (event->text != NULL) fprintf(stderr, "%s\n", event->text); /* a warning */
    if (event->kind == DEMUCS_TRACKS_EVENT_PROGRESS && event->segment != NULL && event->segment->finished)
        fprintf(stderr, "%s: segment %d of %d\n", event->input, (int)event->done, (int)event->total);
    return false; /* true would stop it, too */
}

static void print_result(const demucs_tracks_result *result)
{
    for (size_t i = 0; i < result->files_count; i++) {
        const demucs_tracks_file *file = result->files[i];
        printf("%s: %.1f s, peak %.1f dB, RMS %.1f dB\n", file->path, file->seconds, 20 * log10(file->peak),
               20 * log10(file->rms));
    }
}

/* Separate the tracks; how many could not be? */
static int separate_all(demucs_engine *engine, const char *folder, char **tracks, int count, demucs_error *error)
{
    demucs_tracks_request request;
    int failed = 0;
    demucs_tracks_request_init(&request, sizeof request);
    request.engine = engine;
    request.folder = folder;
    request.cancel = cancel;
    request.event = on_event;
    if (demucs_tracks_batch_create(&request.batch, error) != DEMUCS_OK) return count;
    for (int i = 0; i < count && !demucs_tracks_cancel_is_set(cancel); i++) {
        demucs_tracks_result *result = NULL;
        demucs_error why;
        request.input = tracks[i];
        if (demucs_tracks_separate(&request, &result, &why) == DEMUCS_OK) {
            print_result(result);
        } else {
            fprintf(stderr, "%s\n", why.message);
            failed++;
        }
        demucs_tracks_result_free(result);
    }
    demucs_tracks_batch_free(request.batch);
    return failed;
}

int main(int argc, char **argv)
{
    demucs_model *model = NULL;
    demucs_engine *engine = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    int failed = 1;
    if (argc < 4) {
        fprintf(stderr, "usage: tracks MODEL FOLDER TRACK...\n");
        return 2;
    }
    if (demucs_tracks_cancel_create(&cancel, &error) == DEMUCS_OK) {
        const struct sigaction action = {.sa_handler = on_interrupt};
        sigaction(SIGINT, &action, NULL);
        if (demucs_model_load(&model, argv[1], &error) == DEMUCS_OK &&
            demucs_engine_create(&engine, model, NULL, &error) == DEMUCS_OK)
            failed = separate_all(engine, argv[2], argv + 3, argc - 3, &error);
    }
    if (error.status != DEMUCS_OK) fprintf(stderr, "%s\n", error.message);
    demucs_engine_free(engine); /* before its model */
    demucs_model_free(model);
    signal(SIGINT, SIG_DFL);
    demucs_tracks_cancel_free(cancel);
    return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
