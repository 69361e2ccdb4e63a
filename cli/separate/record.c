/* record.c - see record.h. A line is one write to the end of the file, so that several programs may share it, and what
 * was written stays when the program is killed. */
#include "record.h"

#include "base/error.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USUAL_LINE = 32 << 10 };

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

static void make_room(record *self, size_t size)
{
    free(self->line);
    self->line = memory_new(size + 1, 1);
    self->size = size;
}

void record_event(record *self, const demucs_run *run, const demucs_runs_event *event)
{
    if (self->file < 0 && !self->on_stderr) return;
    if (self->line == NULL) make_room(self, USUAL_LINE);
    size_t length = demucs_run_event_line(run, event, self->names, self->line, self->size);
    if (length >= self->size) {
        make_room(self, length + 1);
        length = demucs_run_event_line(run, event, self->names, self->line, self->size);
    }
    if (length == 0 || length >= self->size) return;
    self->line[length] = '\n';
    if (self->on_stderr) fwrite(self->line, 1, length + 1, stderr);
    if (self->file >= 0) append(self, self->line, length + 1);
}

bool record_close(record *self, demucs_error *why)
{
    char reason[DMX_REASON];
    if (self->file >= 0 && close(self->file) != 0 && self->failure == 0) self->failure = errno;
    self->file = -1;
    free(self->line);
    self->line = NULL;
    self->size = 0;
    return self->failure == 0 ||
           !dmx_fail(why, DEMUCS_ERROR_IO, "the log is not complete: %s", dmx_reason(reason, self->failure));
}
