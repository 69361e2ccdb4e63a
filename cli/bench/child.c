/* child.c - see child.h */
#define _DEFAULT_SOURCE /* wait4 */
#ifdef __APPLE__
#define _DARWIN_C_SOURCE
#endif
#include "child.h"

#include "base/clock.h"
#include "base/error.h"
#include "common/interrupt.h"
#include "common/memory.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static const int poll_milliseconds = 200;

/* The pipe carries the failure, empty when all went well, and then the result. */

static bool send_all(int file, const void *from, size_t size)
{
    const char *bytes = from;
    while (size > 0) {
        const ssize_t written = write(file, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* Wait for the child's words. Ctrl-C reaches it by itself; a signal to this process only is passed on, once. */
static void wait_to_read(int file, pid_t child, bool *told)
{
    struct pollfd pipe_end = {.fd = file, .events = POLLIN};
    while (poll(&pipe_end, 1, poll_milliseconds) <= 0) {
        const int signal_number = interrupt_signal();
        if (*told || signal_number == 0 || signal_number == SIGINT) continue;
        *told = true;
        kill(child, SIGTERM);
    }
}

static bool receive_all(int file, pid_t child, void *to, size_t size)
{
    char *bytes = to;
    bool told = false;
    while (size > 0) {
        wait_to_read(file, child, &told);
        const ssize_t count = read(file, bytes, size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

static _Noreturn void run_and_leave(child_work work, void *context, size_t size, int file)
{
    demucs_error why = {0};
    void *result = memory_new(1, size);
    if (!work(result, context, &why)) dmx_fail(&why, DEMUCS_ERROR_IO, "the measurement failed");
    const bool sent = send_all(file, &why, sizeof why) && send_all(file, result, size);
    free(result);
    fflush(NULL);
    _exit(sent ? 0 : 1);
}

static bool wait_for(pid_t child, int *status, struct rusage *rusage)
{
    pid_t ended;
    do {
        ended = wait4(child, status, 0, rusage);
    } while (ended < 0 && errno == EINTR);
    return ended == child;
}

static double seconds_of(struct timeval time) { return (double)time.tv_sec + 1e-6 * (double)time.tv_usec; }

static void fill_usage(child_usage *usage, const struct rusage *rusage, double start)
{
#ifdef __APPLE__
    const double unit = 1; /* of ru_maxrss, in bytes */
#else
    const double unit = 1024;
#endif
    usage->seconds = dmx_clock_seconds() - start;
    usage->cpu_seconds = seconds_of(rusage->ru_utime) + seconds_of(rusage->ru_stime);
    usage->peak_bytes = (double)rusage->ru_maxrss * unit;
}

bool child_run(child_work work, void *context, void *result, size_t size, child_usage *usage, demucs_error *why)
{
    int ends[2], status = 0;
    struct rusage rusage;
    demucs_error told;
    char reason[DMX_REASON];
    if (pipe(ends) != 0) return !dmx_fail(why, DEMUCS_ERROR_IO, "cannot make a pipe: %s", dmx_reason(reason, errno));
    fflush(NULL); /* or the child would write it once more */
    const double start = dmx_clock_seconds();
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_and_leave(work, context, size, ends[1]);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return !dmx_fail(why, DEMUCS_ERROR_IO, "cannot start a process: %s", dmx_reason(reason, errno));
    }
    const bool received = receive_all(ends[0], child, &told, sizeof told) && receive_all(ends[0], child, result, size);
    close(ends[0]);
    const bool ended = wait_for(child, &status, &rusage);
    if (usage != NULL && ended) fill_usage(usage, &rusage, start);
    if (received && told.message[0] != '\0') return !dmx_fail(why, told.status, "%s", told.message);
    if (ended && WIFSIGNALED(status))
        return !dmx_fail(why, DEMUCS_ERROR_IO, "the measuring process was ended by signal %d", WTERMSIG(status));
    return (received && ended && status == 0) ||
           !dmx_fail(why, DEMUCS_ERROR_IO, "the measuring process ended without a result");
}
