/* test_pipe.c - a track through a FIFO is kept in a temporary file, so that its index may stand at its end. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GAP = 300000 };

/* An m4a whose index stands at its end, too far from its sound for a buffer. */
static bytes far_index(void)
{
    bytes file = load_bytes(DEMUCS_TEST_DATA "/audio/tone.m4a"), out = {NULL, file.size + GAP};
    size_t start = 0;
    while (start + 8 < file.size && memcmp(file.data + start + 4, "moov", 4) != 0) start++;
    out.data = calloc(1, out.size);
    memcpy(out.data, file.data, start);
    memcpy(out.data + start, (unsigned char[]){0, GAP >> 16, GAP >> 8 & 255, GAP & 255, 'f', 'r', 'e', 'e'}, 8);
    memcpy(out.data + start + GAP, file.data + start, file.size - start);
    free(file.data);
    return out;
}

/* Begin to write the file into the FIFO "pipe.m4a", its last `kept_back` bytes never. Returns the writing process. */
static pid_t begin_writing(const bytes *file, size_t kept_back)
{
    if (mkfifo("pipe.m4a", 0600) != 0) return -1;
    const pid_t writer = fork();
    if (writer != 0) return writer;
    FILE *pipe = fopen("pipe.m4a", "wb");
    signal(SIGPIPE, SIG_DFL);
    fwrite(file->data, 1, file->size - kept_back, pipe);
    fflush(pipe);
    if (kept_back > 0) sleep(60);
    fclose(pipe);
    _exit(0);
}

static void end_writing(pid_t writer)
{
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
}

static void test_index_at_the_end(void)
{
    const tracks_setup *setup = tracks_begin();
    bytes file = far_index();
    demucs_error error = {DEMUCS_OK, ""};
    save_bytes("file.m4a", file.data, file.size);
    demucs_tracks_request request = tracks_request(setup, "file.m4a");
    CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_OK, "%s", error.message);
    const pid_t writer = begin_writing(&file, 0);
    REQUIRE(writer > 0, "fork");
    request.input = "pipe.m4a";
    CHECK(demucs_tracks_separate(&request, NULL, &error) == DEMUCS_OK, "%s", error.message);
    end_writing(writer);
    CHECK(tracks_same("out/file/bass.wav", "out/pipe/bass.wav"), "the stems differ");
    CHECK(tracks_count(NULL) == 3 + 2 * (1 + TRACKS_STEMS), "%d files", tracks_count(NULL));
    free(file.data);
}

static void test_no_room(void)
{
    const tracks_setup *setup = tracks_begin();
    bytes file = far_index();
    struct rlimit before, small;
    const pid_t writer = begin_writing(&file, 0);
    REQUIRE(writer > 0 && getrlimit(RLIMIT_FSIZE, &before) == 0, "fork");
    small = (struct rlimit){100000, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    demucs_tracks_request request = tracks_request(setup, "pipe.m4a");
    demucs_error error = {DEMUCS_OK, ""};
    const demucs_status status = demucs_tracks_separate(&request, NULL, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    end_writing(writer);
    CHECK(tracks_failed(status, &error, DEMUCS_ERROR_IO, "cannot write to a temporary file in out: "), "%s",
          error.message);
    CHECK(tracks_count("pipe.m4a") == 0, "%d files are left", tracks_count("pipe.m4a"));
    free(file.data);
}

/* Most has come, and no more does. */
static void test_cancelled(void)
{
    const tracks_setup *setup = tracks_begin();
    bytes file = far_index();
    const pid_t writer = begin_writing(&file, 1000);
    REQUIRE(writer > 0, "fork");
    tracks_record record = {.cancel_at = (GAP / 4096) + 40};
    demucs_tracks_request request = tracks_request(setup, "pipe.m4a");
    request.event = tracks_on_event;
    request.event_user = &record;
    demucs_error error = {DEMUCS_OK, ""};
    const demucs_status status = demucs_tracks_separate(&request, NULL, &error);
    end_writing(writer);
    CHECK(tracks_failed(status, &error, DEMUCS_ERROR_CANCELLED, "cancelled"), "%s", error.message);
    CHECK(record.cancelled_in == DEMUCS_TRACKS_READ, "in phase %d", (int)record.cancelled_in);
    CHECK(tracks_count("pipe.m4a") == 0, "%d files are left", tracks_count("pipe.m4a"));
    free(file.data);
}

TRACKS_MAIN(test_index_at_the_end, test_no_room, test_cancelled)
