/* interrupt.c - see interrupt.h */
#include "common/interrupt.h"

#include "base/file.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t first_signal;

static void say(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written <= 0) return;
        text += written;
        length -= (size_t)written;
    }
}

/* End by the signal, as a program without a handler does. Only where that is not possible it comes back. */
static void die_of(int signal_number)
{
    sigset_t just_it;
    sigemptyset(&just_it);
    sigaddset(&just_it, signal_number);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
    pthread_sigmask(SIG_UNBLOCK, &just_it, NULL); /* it is blocked inside its own handler */
}

static void on_signal(int signal_number)
{
    static const char first[] = "\nStopping after the segment under way; interrupt again to end at once.\n";
    int kept_errno = errno;
    if (first_signal != 0) {
        dmx_files_unlink_all();
        die_of(signal_number);
        _exit(128 + signal_number);
    }
    first_signal = signal_number;
    say(first, sizeof first - 1);
    errno = kept_errno;
}

void interrupt_install(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        /* nohup and shells that start jobs in the background ignore some of them on purpose: leave those alone */
        struct sigaction old;
        if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN) continue;
        sigaction(ending[i], &action, NULL);
    }
}

int interrupt_signal(void) { return first_signal; }

int interrupt_end(int status)
{
    if (first_signal == 0) return status;
    fflush(NULL);
    dmx_files_unlink_all();
    die_of(first_signal);
    return 128 + first_signal;
}
