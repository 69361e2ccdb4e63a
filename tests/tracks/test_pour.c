/* test_pour.c - the one file of a track that goes to a descriptor: the bytes of a file, as they come where that goes.
 */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FRAMES = 12000 };

static demucs_error error;

static demucs_tracks_request one_stem(const tracks_setup *setup, demucs_tracks_container container)
{
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.stem = "bass";
    request.other = DEMUCS_TRACKS_OTHER_NONE;
    request.container = container;
    return request;
}

/* Of each format, whatever the clip mode and the rate: what a file would hold, and no file. */
static void test_same_bytes(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    for (int container = DEMUCS_TRACKS_WAV; container <= DEMUCS_TRACKS_AIFF; container++)
        for (int kind = 0; kind < 3; kind++) {
            demucs_tracks_request request = one_stem(setup, (demucs_tracks_container)container);
            request.clip = kind == 0 ? DEMUCS_TRACKS_CLIP_RESCALE : DEMUCS_TRACKS_CLIP_NONE;
            request.output_sample_rate_hz = kind == 2 ? 16000 : 0;
            demucs_tracks_result *result = tracks_separate(&request);
            REQUIRE(result != NULL, "a file");
            CHECK(rename(result->files[0]->path, "expected") == 0, "%s", result->files[0]->path);
            demucs_tracks_result_free(result);
            rmdir("out/song"), rmdir("out");
            request.descriptor = open("sent", O_RDWR | O_CREAT | O_TRUNC, 0600);
            result = tracks_separate(&request);
            close(request.descriptor);
            REQUIRE(result != NULL && result->files_count == 1, "a result");
            CHECK(strcmp(result->files[0]->path, "-") == 0 && strcmp(result->files[0]->name, "bass") == 0, "%s",
                  result->files[0]->path);
            CHECK(tracks_same("sent", "expected"), "container %d, kind %d", container, kind);
            demucs_tracks_result_free(result);
            CHECK(tracks_count("out") == 3, "something else was left");
        }
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.container = DEMUCS_TRACKS_STEMS_AAC;
    demucs_tracks_result_free(tracks_separate(&request));
    request.descriptor = open("sent", O_RDWR | O_CREAT | O_TRUNC, 0600);
    demucs_tracks_result_free(tracks_separate(&request));
    close(request.descriptor);
    CHECK(tracks_same("sent", "out/song.stem.mp4"), "all stems in one file");
}

/* What was seen of a pipe on the way. */
typedef struct seen {
    int from, to; /* the pipe */
    int early;    /* bytes in it while the network was at work */
    int blocked;
    bool stop; /* when it is full */
} seen;

static bool look(const demucs_tracks_event *event, void *user)
{
    seen *self = user;
    int there = 0;
    if (event->kind == DEMUCS_TRACKS_EVENT_BLOCKED) self->blocked++;
    if (event->kind == DEMUCS_TRACKS_EVENT_PROGRESS && event->phase == DEMUCS_TRACKS_SEPARATE &&
        event->done < event->total && ioctl(self->from, FIONREAD, &there) == 0 && there > self->early)
        self->early = there;
    return self->stop && self->blocked > 0;
}

static demucs_tracks_request into_pipe(const tracks_setup *setup, seen *self, demucs_tracks_clip clip)
{
    int ends[2] = {-1, -1};
    CHECK(pipe(ends) == 0, "pipe");
    *self = (seen){.from = ends[0], .to = ends[1]};
    demucs_tracks_request request = one_stem(setup, DEMUCS_TRACKS_WAV);
    request.clip = clip;
    request.descriptor = self->to;
    request.event = look;
    request.event_user = self;
    return request;
}

/* Without a gain to wait for, samples go out while the network is at work, behind a header that is right already. */
static void test_as_it_comes(void)
{
    const tracks_setup *setup = tracks_begin();
    seen pipe_seen;
    unsigned char header[44];
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F); /* 48 kB, which a pipe holds */
    demucs_tracks_request request = into_pipe(setup, &pipe_seen, DEMUCS_TRACKS_CLIP_NONE);
    demucs_tracks_result_free(tracks_separate(&request));
    CHECK(pipe_seen.early > 1000, "%d bytes came early", pipe_seen.early);
    CHECK(read(pipe_seen.from, header, sizeof header) == 44 &&
              header[40] + 256U * header[41] + 65536U * header[42] == 4 * FRAMES,
          "%u bytes announced", header[40] + 256U * header[41] + 65536U * header[42]);
    close(pipe_seen.from), close(pipe_seen.to);
    request = into_pipe(setup, &pipe_seen, DEMUCS_TRACKS_CLIP_RESCALE);
    demucs_tracks_result_free(tracks_separate(&request));
    CHECK(pipe_seen.early == 0, "%d bytes came before the gain was known", pipe_seen.early);
    close(pipe_seen.from), close(pipe_seen.to);
}

/* A reader who takes nothing is told of and can be given up; one who is gone is an error; nothing is left. */
static void test_readers(void)
{
    const tracks_setup *setup = tracks_begin();
    seen pipe_seen;
    signal(SIGPIPE, SIG_IGN);
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 4 * FRAMES, 0.5F);
    for (int clip = DEMUCS_TRACKS_CLIP_RESCALE; clip <= DEMUCS_TRACKS_CLIP_NONE; clip += 2) {
        demucs_tracks_request request = into_pipe(setup, &pipe_seen, (demucs_tracks_clip)clip);
        pipe_seen.stop = true;
        CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_ERROR_CANCELLED && pipe_seen.blocked == 1,
              "clip %d: %s, blocked %d times", clip, error.message, pipe_seen.blocked);
        close(pipe_seen.from), close(pipe_seen.to);
        request = into_pipe(setup, &pipe_seen, (demucs_tracks_clip)clip);
        close(pipe_seen.from);
        CHECK(tracks_failed(demucs_tracks_separate(&request, NULL, &error), &error, DEMUCS_ERROR_IO,
                            "'-': cannot write: Broken pipe"),
              "clip %d: %s", clip, error.message);
        CHECK(fcntl(pipe_seen.to, F_GETFD) >= 0, "the descriptor is the caller's");
        close(pipe_seen.to);
        CHECK(tracks_count("song.wav") == 0, "something was left");
    }
    signal(SIGPIPE, SIG_DFL);
}

/* One file, and no path: nothing is compared with other tracks, with what is there, or with a cache. */
static void test_no_path(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    tracks_make("-", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    demucs_tracks_request request = one_stem(setup, DEMUCS_TRACKS_WAV);
    request.descriptor = open("/dev/null", O_WRONLY);
    request.skip_existing = true;
    REQUIRE(demucs_tracks_batch_create(&request.batch, &error) == DEMUCS_OK &&
                demucs_cache_open(&request.cache, "kept", NULL, &error) == DEMUCS_OK,
            "%s", error.message);
    for (int i = 0; i < 2; i++) {
        demucs_tracks_result *result = tracks_separate(&request);
        REQUIRE(result != NULL, "a result");
        CHECK(result->outcome == DEMUCS_TRACKS_COMPUTED && result->files_count == 1, "outcome %d", result->outcome);
        demucs_tracks_result_free(result);
    }
    CHECK(access("-", F_OK) == 0, "a file of that name is none of ours");
    demucs_cache_free(request.cache);
    demucs_tracks_batch_free(request.batch);
    request.cache = NULL, request.batch = NULL;
    request.other = DEMUCS_TRACKS_OTHER_ADD;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "only one file can go to standard output");
    bool needed[TRACKS_STEMS];
    CHECK(demucs_tracks_needs(&request, setup->model, needed, NULL) == DEMUCS_ERROR_ARGUMENT, "known ahead");
    demucs_video_options video;
    demucs_video_options_init(&video, sizeof video);
    request.other = DEMUCS_TRACKS_OTHER_NONE;
    request.video = &video;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "a video is written to a path, and not to a descriptor");
    close(request.descriptor);
}

TRACKS_MAIN(test_same_bytes, test_as_it_comes, test_readers, test_no_path)
