/* bar_lines.c - see bar_lines.h */
#include "common/bar_lines.h"

#include "base/clock.h"
#include "common/bar.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS = 120 }; /* of a line, as there */

/* Minutes and seconds with two digits each, hours only where there are any. */
static const char *long_clock(char *out, size_t size, double seconds)
{
    const long whole = seconds > 0 && seconds < 1e8 ? (long)seconds : 0;
    if (whole >= 3600)
        snprintf(out, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(out, size, "%02ld:%02ld", whole / 60, whole % 60);
    return out;
}

static void draw(bar_lines *self, size_t count, size_t total, double track_seconds)
{
    char marks[COLUMNS + 1], facts[160], before[32], after[32] = "?", rate[32] = "?seconds/s";
    const double share = (double)count / (double)total, elapsed = dmx_clock_seconds() - self->start;
    const double speed = elapsed > 0 ? share * track_seconds / elapsed : 0;
    if (speed > 0) {
        long_clock(after, sizeof after, (1 - share) * track_seconds / speed);
        snprintf(rate, sizeof rate, "%5.2fseconds/s", speed);
    }
    snprintf(facts, sizeof facts, "| %.2f/%.2f [%s<%s, %s]", share * track_seconds, track_seconds,
             long_clock(before, sizeof before, elapsed), after, rate);
    const int percent = (int)(100 * share), room = COLUMNS - 5 - (int)strlen(facts);
    const int width = room > 0 ? room : 0;
    memset(marks, '#', sizeof marks - 1);
    marks[sizeof marks - 1] = '\0';
    fprintf(stderr, "\r%3d%%|%-*.*s%s", percent, width, (int)(share * width), marks, facts);
    fflush(stderr);
    self->shown = true;
    self->shown_count = count;
}

void bar_lines_end(bar_lines *self)
{
    if (self->shown) fputc('\n', stderr);
    self->shown = false;
}

void bar_lines_update(bar_lines *self, size_t done, size_t total, int bars, double track_seconds)
{
    while (self->bar < bars) {
        const size_t first = total * (size_t)self->bar / (size_t)bars;
        const size_t size = total * ((size_t)self->bar + 1) / (size_t)bars - first;
        if (done < first || size == 0) return;
        const size_t count = done - first < size ? done - first : size;
        if (self->start == 0) {
            self->start = dmx_clock_seconds();
            draw(self, 0, size, track_seconds);
        }
        if (count != self->shown_count || !self->shown) draw(self, count, size, track_seconds);
        if (count < size) return;
        bar_lines_end(self);
        *self = (bar_lines){.bar = self->bar + 1};
    }
}
