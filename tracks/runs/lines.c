/* lines.c - see lines.h. What comes through a pipe may come slowly, so the lines are taken as they come. */
#include "tracks/runs/lines.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST = 64 << 10 }; /* bytes of a line with its end */

/* What is read and not yet taken. */
typedef struct reader {
    int file;
    const char *name;  /* for sentences */
    size_t start, end; /* where that lies in `bytes` */
    size_t line;       /* number of the next one, from 1 */
    bool ended;
    char bytes[LONGEST + 1];
} reader;

static char *find(const reader *self, char wanted)
{
    return memchr(self->bytes + self->start, wanted, self->end - self->start);
}

/* Read on, until there is a line's end or no room. */
static bool fill(reader *self, demucs_error *error)
{
    if (self->ended || find(self, '\n') != NULL) return true;
    memmove(self->bytes, self->bytes + self->start, self->end - self->start);
    self->end -= self->start;
    self->start = 0;
    while (!self->ended && self->end < LONGEST && find(self, '\n') == NULL) {
        const ssize_t count = read(self->file, self->bytes + self->end, LONGEST - self->end);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            char reason[DMX_REASON];
            return !dmx_refuse(self->name, error, DEMUCS_ERROR_IO, "this list cannot be read: %s",
                               dmx_reason(reason, errno));
        }
        self->ended = count == 0;
        self->end += (size_t)count;
    }
    return true;
}

/* A name, a comment or nothing. */
static bool take_line(const reader *self, demucs_runs_list *list, char *line, const demucs_runs_search *search,
                      demucs_error *error)
{
    if (self->line == 1 && strncmp(line, "\xEF\xBB\xBF", 3) == 0) line += 3;
    if (line[0] == '#' || line[strspn(line, " \t")] == '\0') return true;
    return dmx_runs_list_take(list, line, search, error);
}

static bool take_lines(reader *self, demucs_runs_list *list, const demucs_runs_search *search, demucs_error *error)
{
    for (self->line = 1;; self->line++) {
        if (!fill(self, error)) return false;
        if (self->start == self->end) return true;
        char *line = self->bytes + self->start, *end = find(self, '\n');
        const bool whole = end != NULL || self->ended;
        if (end == NULL) end = self->bytes + self->end;
        if (!whole || memchr(line, '\0', (size_t)(end - line)) != NULL)
            return !dmx_refuse(self->name, error, DEMUCS_ERROR_FORMAT,
                               "line %zu is no name of a file: a list is a text file with one name a line", self->line);
        self->start = (size_t)(end - self->bytes) + (end < self->bytes + self->end);
        *end = '\0';
        if (end > line && end[-1] == '\r') end[-1] = '\0';
        if (!take_line(self, list, line, search, error)) return false;
    }
}

bool dmx_runs_read_lines(demucs_runs_list *list, const char *file, const demucs_runs_search *search,
                         demucs_error *error)
{
    const bool standard = strcmp(file, "-") == 0;
    reader *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the list of tracks");
    self->name = standard ? "standard input" : file;
    self->file = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    bool done = self->file >= 0;
    if (!done) {
        char reason[DMX_REASON];
        dmx_refuse(file, error, DEMUCS_ERROR_IO, "this list cannot be read: %s", dmx_reason(reason, errno));
    }
    done = done && take_lines(self, list, search, error);
    if (!standard && self->file >= 0) close(self->file);
    dmx_free(self);
    return done;
}
