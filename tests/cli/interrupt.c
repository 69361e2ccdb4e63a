/* interrupt.c - a mapped file that is cut ends a program with a sentence, and without leaving temporary files. */
#include "common/interrupt.h"

#include "base/file.h"
#include "support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAPPED_BYTES = 1 << 20 };

/* Read the end of a file that was cut after it was mapped, with a temporary file open. */
static void read_cut_file(const char *folder)
{
    char path[128];
    dmx_file *open_one = NULL;
    snprintf(path, sizeof path, "%s/stem.wav", folder);
    FILE *file = tmpfile();
    interrupt_install();
    if (file == NULL || ftruncate(fileno(file), MAPPED_BYTES) != 0 || dmx_file_create(&open_one, path, NULL)) _exit(4);
    const volatile char *bytes = mmap(NULL, MAPPED_BYTES, PROT_READ, MAP_PRIVATE, fileno(file), 0);
    if (bytes == MAP_FAILED || ftruncate(fileno(file), 0) != 0) _exit(5);
    _exit(bytes[MAPPED_BYTES - 1] == 0 ? 6 : 7);
}

/* Run it in a child whose words on stderr go to `said`; its status as wait gives it. */
static int status_of_child(void (*run)(const char *folder), const char *folder, char *said, size_t size)
{
    int ends[2], status = -1;
    if (pipe(ends) != 0) abort();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        run(folder);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], said, size - 1);
    said[got > 0 ? got : 0] = '\0';
    close(ends[0]);
    waitpid(child, &status, 0);
    return status;
}

static void test_cut_file(void)
{
    char folder[] = "/tmp/test_cli_interrupt_XXXXXX", said[512];
    if (mkdtemp(folder) == NULL) abort();
    int status = status_of_child(read_cut_file, folder, said, sizeof said);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %x", (unsigned)status);
    CHECK(strncmp(said, "error: a model file changed", 27) == 0, "%s", said);
    CHECK(rmdir(folder) == 0, "a temporary file is left");
}

static void ask_for_sigbus(const char *folder)
{
    (void)folder;
    interrupt_install();
    kill(getpid(), SIGBUS);
    _exit(4);
}

/* Sent by somebody, it is what it always was. */
static void test_sent_signal(void)
{
    char said[512];
    int status = status_of_child(ask_for_sigbus, "", said, sizeof said);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS, "status %x", (unsigned)status);
    CHECK(said[0] == '\0', "%s", said);
}

TEST_MAIN(test_cut_file, test_sent_signal)
