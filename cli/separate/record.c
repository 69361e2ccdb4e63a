/* record.c - see record.h. A line is one write to the end of the file, so that several programs may share it, and what
 * was written stays when the program is killed. */
#include "record.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 32 << 10 };

bool record_open(record *self, const separate_options *options, const demucs_runs_list *list,
                 demucs_tracks_batch *batch, demucs_error *why)
{
    char reason[DMX_REASON];
    *self = (record){.file = -1, .on_stderr = strcmp(options->progress, "json") == 0, .names = options->log_names};
    if (options->log == NULL) return true;
    if (demucs_runs_list_check_target(list, options->log, why) != DEMUCS_OK ||
        demucs_tracks_batch_protect(batch, options->log, why) != DEMUCS_OK)
        return false;
    self->file = open(options->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    return self->file >= 0 ||
           !dmx_refuse(options->log, why, DEMUCS_ERROR_IO, "the log cannot be opened: %s", dmx_reason(reason, errno));
}

static void append(record *self, const char *line, size_t length)
{
    while (length > 0 && self->failure == 0) {
        const ssize_t written = write(self->file, line, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            self->failure = errno;
            return;
        }
        line += written;
        length -= (size_t)written;
    }
}

void record_event(record *self, const demucs_run *run, const demucs_runs_event *event)
{
    char line[LINE];
    if (self->file < 0 && !self->on_stderr) return;
    const size_t length = demucs_run_event_line(run, event, self->names, line, sizeof line - 1);
    if (length == 0) return;
    line[length] = '\n';
    if (self->on_stderr) fwrite(line, 1, length + 1, stderr);
    if (self->file >= 0) append(self, line, length + 1);
}

bool record_close(record *self, demucs_error *why)
{
    char reason[DMX_REASON];
    if (self->file >= 0 && close(self->file) != 0 && self->failure == 0) self->failure = errno;
    self->file = -1;
    return self->failure == 0 ||
           !dmx_fail(why, DEMUCS_ERROR_IO, "the log is not complete: %s", dmx_reason(reason, self->failure));
}
