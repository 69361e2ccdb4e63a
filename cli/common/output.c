/* output.c - see output.h */
#include "common/output.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static char buffer[1 << 16];
static int failure; /* the errno of the first flush that failed, or 0 */

static bool is_closed;

bool output_is_closed(void) { return is_closed; }

void output_begin(void)
{
    int file = open("/dev/null", O_RDWR);
    while (file >= 0 && file <= STDERR_FILENO) {
        is_closed = is_closed || file == STDOUT_FILENO;
        file = dup(file);
    }
    if (file > STDERR_FILENO) close(file);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
}

void output_flush(void)
{
    errno = EIO; /* where the buffer went out by itself and failed, and the reason is not known any more */
    if ((fflush(stdout) != 0 || ferror(stdout)) && failure == 0) failure = errno;
}

int output_end(int status)
{
    char reason[DMX_REASON];
    output_flush();
    if (failure == 0 || failure == EPIPE) return status;
    fprintf(stderr, "error: cannot write to standard output: %s\n", dmx_reason(reason, failure));
    return status != 0 ? status : 1;
}
