/* output_test.c - a target appears whole or not at all: abort, interrupt, full disk, unusable folders. */
#include "audio_test.h"

#include "base/file.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const audio_format formats[] = {
    {AUDIO_WAV, AUDIO_INT16, 44100, 2, 320, 2, 0, false},    {AUDIO_FLAC, AUDIO_INT24, 44100, 2, 320, 2, 0, false},
    {AUDIO_MP3, AUDIO_INT16, 44100, 2, 320, 2, 0, false},    {AUDIO_OGG, AUDIO_INT16, 44100, 2, 320, 2, 0, false},
    {AUDIO_OPUS, AUDIO_INT16, 48000, 2, 320, 2, 256, false}, {AUDIO_AAC, AUDIO_INT16, 44100, 2, 320, 2, 0, false},
    {AUDIO_ALAC, AUDIO_INT24, 44100, 2, 320, 2, 0, false},   {AUDIO_AIFF, AUDIO_FLOAT32, 44100, 2, 320, 2, 0, false},
};
enum { FORMATS = sizeof formats / sizeof *formats };

/* Write the whole sound in one call. */
static bool write_all(audio_writer *writer, const sound *input, demucs_error *error)
{
    return audio_writer_write(writer, (const float *const *)input->planes, input->frames, error);
}

static bool is_old(const char *path)
{
    bytes file = load_bytes(path);
    bool old = file.data != NULL && file.size == 3 && memcmp(file.data, "old", 3) == 0;
    free(file.data);
    return old;
}

static void test_target_appears_at_the_end(void)
{
    scratch_enter();
    sound noise = sound_noise(2, 44100, 100000, 0.5f);
    for (int i = 0; i < FORMATS; i++) {
        save_bytes("x", "old", 3);
        audio_writer *writer = audio_writer_open("x", &formats[i], NULL);
        REQUIRE(writer != NULL && write_all(writer, &noise, NULL), "write");
        CHECK(is_old("x"), "format %d: the target changed before the end", i);
        CHECK(audio_writer_close(writer, NULL), "close");
        CHECK(!is_old("x"), "format %d: the target did not change", i);
        CHECK(scratch_count() == 1, "format %d: %d files", i, scratch_count());
        struct stat info;
        mode_t mask = umask(0);
        umask(mask);
        CHECK(stat("x", &info) == 0 && (info.st_mode & 0777) == (0666 & ~mask), "mode %o", (unsigned)info.st_mode);
    }
    sound_free(&noise);
    scratch_leave();
}

static void test_abort_leaves_nothing(void)
{
    scratch_enter();
    sound noise = sound_noise(2, 44100, 100000, 0.5f);
    for (int i = 0; i < FORMATS; i++) {
        save_bytes("x", "old", 3);
        audio_writer *writer = audio_writer_open("x", &formats[i], NULL);
        REQUIRE(writer != NULL && write_all(writer, &noise, NULL), "write");
        CHECK(scratch_count() == 2, "no temporary file");
        audio_writer_abort(writer);
        CHECK(scratch_count() == 1 && is_old("x"), "format %d: %d files", i, scratch_count());
    }
    audio_writer_abort(NULL);
    sound_free(&noise);
    scratch_leave();
}

/* ---- a full disk: a limit on the size of files stands in for it ---- */

static void limit_file_size(rlim_t most)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = most;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* Write `frames` frames where no file may exceed `limit` bytes; it must fail, in writing or in closing. */
static void check_full_disk(const audio_format *format, size_t frames, rlim_t limit)
{
    sound noise = sound_noise(2, 44100, frames, 0.5f);
    demucs_error error = {0};
    save_bytes("x", "old", 3);
    limit_file_size(limit);
    audio_writer *writer = audio_writer_open("x", format, &error);
    bool written = writer != NULL && write_all(writer, &noise, &error);
    bool again = written || (writer != NULL && write_all(writer, &noise, NULL));
    bool closed = writer != NULL && audio_writer_close(writer, written ? &error : NULL);
    limit_file_size(RLIM_INFINITY);
    CHECK(!closed && again == written, "container %d, limit %d: success", (int)format->container, (int)limit);
    CHECK(strcmp(error.message, "'x': cannot write: File too large") == 0, "the message is: %s", error.message);
    CHECK(scratch_count() == 1 && is_old("x"), "%d files", scratch_count());
    sound_free(&noise);
}

static void test_full_disk(void)
{
    scratch_enter();
    signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < FORMATS; i++) {
        check_full_disk(&formats[i], 500000, 100000); /* in the middle */
        check_full_disk(&formats[i], 4000, 1000);     /* when the buffer is flushed at the end */
        check_full_disk(&formats[i], 500000, 0);
    }
    signal(SIGXFSZ, SIG_DFL);
    scratch_leave();
}

/* ---- an interrupt ---- */

static void on_signal(int number)
{
    (void)number;
    dmx_files_unlink_all();
    _exit(3);
}

static void interrupted_child(void)
{
    signal(SIGTERM, on_signal);
    sound noise = sound_noise(2, 44100, 100000, 0.5f);
    audio_writer *writers[3];
    static const char *const names[] = {"a.wav", "b.flac", "c.mp3"};
    for (int i = 0; i < 3; i++) {
        writers[i] = audio_writer_open(names[i], &formats[i], NULL);
        if (writers[i] == NULL || !write_all(writers[i], &noise, NULL)) _exit(4);
    }
    if (!audio_writer_close(writers[0], NULL)) _exit(5); /* this one is whole and stays */
    if (scratch_count() != 3) _exit(6);
    raise(SIGTERM);
    _exit(7);
}

static void test_interrupt_removes_open_files(void)
{
    scratch_enter();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) interrupted_child();
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child, "fork");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3, "status %x", (unsigned)status);
    CHECK(scratch_count() == 1 && access("a.wav", F_OK) == 0, "%d files", scratch_count());
    scratch_leave();
}

/* ---- places ---- */

static void check_refused(const char *path, const char *reason)
{
    demucs_error error = {0};
    audio_writer *writer = audio_writer_open(path, &formats[0], &error);
    CHECK(writer == NULL, "%s was accepted", path);
    CHECK(strstr(error.message, path) != NULL && strstr(error.message, reason) != NULL, "the message is: %s",
          error.message);
    audio_writer_abort(writer);
}

static void test_unusable_places(void)
{
    scratch_enter();
    save_bytes("file", "old", 3);
    check_refused("missing/x.wav", "No such file");
    check_refused("file/x.wav", "Not a directory");
    check_refused(".", "not a file");
    check_refused("/dev/null", "not a file");
    mkdir("locked", 0500);
    if (geteuid() != 0) check_refused("locked/x.wav", "Permission denied");
    rmdir("locked");
    CHECK(scratch_count() == 1 && is_old("file"), "%d files", scratch_count());
    scratch_leave();
}

/* A name of the greatest length leaves no room for additions, and still works; many writers do not collide. */
static void test_long_names_and_many_writers(void)
{
    scratch_enter();
    sound noise = sound_noise(2, 44100, 100, 0.5f);
    audio_writer *writers[50];
    for (int i = 0; i < 50; i++) {
        char name[256];
        for (int k = 0; k < 254; k += 2) memcpy(name + k, "\xC3\xA9", 2);
        name[254] = (char)('a' + i / 2); /* each name twice */
        name[255] = '\0';
        demucs_error error = {0};
        writers[i] = audio_writer_open(name, &formats[0], &error);
        REQUIRE(writers[i] != NULL, "%s", error.message);
        CHECK(write_all(writers[i], &noise, &error), "%s", error.message);
    }
    CHECK(scratch_count() == 50, "%d files", scratch_count());
    for (int i = 0; i < 50; i++) CHECK(audio_writer_close(writers[i], NULL), "close %d", i);
    CHECK(scratch_count() == 25, "%d files", scratch_count());
    sound_free(&noise);
    scratch_leave();
}

TEST_MAIN(test_target_appears_at_the_end, test_abort_leaves_nothing, test_full_disk, test_interrupt_removes_open_files,
          test_unusable_places, test_long_names_and_many_writers)
