/* pipes.c - see pipes.h */
#define _XOPEN_SOURCE 700 /* fcntl's F_DUPFD_CLOEXEC */

#include "pipes.h"

#include "common/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_pipe(const char *name) { return name != NULL && strcmp(name, "-") == 0; }

static bool is_asked_for(const separate_options *options) { return is_pipe(options->request.folder); }

const char *pipes_track(const char *name) { return is_pipe(name) ? "/dev/stdin" : name; }

arguments_result pipes_check(const separate_options *options, const argument_parser *parser)
{
    bool reads = false;
    for (int i = 0; i < options->tracks_count; i++) reads = reads || is_pipe(options->tracks[i]);
    if (reads && is_pipe(options->from))
        return arguments_error(parser, "argument --from: standard input cannot be a list and a track");
    if (reads && isatty(STDIN_FILENO))
        return arguments_error(parser, "argument tracks: standard input is a terminal: send a track through a pipe, or "
                                       "name a file");
    if (is_asked_for(options) && isatty(STDOUT_FILENO))
        return arguments_error(parser, "argument -o/--out: standard output is a terminal: send it through a pipe, or "
                                       "name a folder");
    if (is_asked_for(options) && options->report != NULL)
        return arguments_error(parser, "argument --report: not allowed with --out -, since a page shows files");
    if (is_asked_for(options) && options->replace_audio != NULL)
        return arguments_error(parser, "argument --replace-audio: not allowed with --out -, since a video is a file");
    return ARGUMENTS_RUN;
}

bool pipes_open(separate_options *options, demucs_error *why)
{
    char reason[DMX_REASON];
    if (!is_asked_for(options)) return true;
    if (output_is_closed()) return !dmx_fail(why, DEMUCS_ERROR_IO, "cannot write to standard output: it is closed");
    fflush(stdout);
    options->request.folder = ".";
    options->request.descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return (options->request.descriptor >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) ||
           !dmx_fail(why, DEMUCS_ERROR_IO, "cannot write to standard output: %s", dmx_reason(reason, errno));
}

bool pipes_suit(const separate_options *options, const demucs_runs_list *list, demucs_error *why)
{
    return options->request.descriptor < 0 || demucs_runs_list_count(list) == 1 ||
           !dmx_fail(why, DEMUCS_ERROR_ARGUMENT,
                     "only one track can go to standard output, and there are %zu: name one, or a folder with --out",
                     demucs_runs_list_count(list));
}

bool pipes_reader_left(const separate_options *options)
{
    struct pollfd to = {.fd = options->request.descriptor, .events = POLLOUT};
    return to.fd >= 0 && poll(&to, 1, 0) > 0 && (to.revents & POLLERR) != 0;
}

int pipes_end(const separate_options *options, int status)
{
    if (status == 0 || !pipes_reader_left(options)) return status;
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
    return status;
}
