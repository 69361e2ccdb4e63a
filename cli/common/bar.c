/* bar.c - see bar.h */
#include "common/bar.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LONGEST_LINE = 120, SHORTEST_BAR = 10, USUAL_FACTS = 30 };

/* A terminal is redrawn at most ten times a second; a log gets a line for each tenth of the work, two seconds apart. */
static const double redraw_seconds = 0.1, log_seconds = 2.0, log_share = 0.1;

const char *clock_text(char *out, size_t size, double seconds)
{
    long whole = seconds > 0 && seconds < 1e8 ? (long)(seconds + 0.5) : 0;
    if (whole >= 3600)
        snprintf(out, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(out, size, "%ld:%02ld", whole / 60, whole % 60);
    return out;
}

static int terminal_width(void)
{
    struct winsize window;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0) return 80;
    return window.ws_col < LONGEST_LINE ? window.ws_col : LONGEST_LINE;
}

void bar_begin(progress_bar *bar)
{
    const char *kind = getenv("TERM");
    const bool there = isatty(STDERR_FILENO) == 1, dumb = kind != NULL && strcmp(kind, "dumb") == 0;
    *bar = (struct progress_bar){.terminal = there && !dumb, .dumb = there && dumb, .start = dmx_clock_seconds()};
    bar->facts_width = USUAL_FACTS;
    bar->last = bar->start;
}

void bar_end(progress_bar *bar)
{
    if (bar->shown) fprintf(stderr, "\r%*s\r", terminal_width() - 1, "");
    bar->shown = false;
}

/* 100 only once all is done. */
static int percent(double share) { return (int)(100 * share); }

static void draw(progress_bar *bar, double share, const char *facts)
{
    char line[LONGEST_LINE * 2], marks[LONGEST_LINE + 1];
    int width = terminal_width() - 1; /* the last column would make some terminals wrap */
    if ((int)strlen(facts) > bar->facts_width) bar->facts_width = (int)strlen(facts);
    int room = width - 7 - bar->facts_width;
    if (room >= SHORTEST_BAR) {
        memset(marks, '#', sizeof marks - 1);
        marks[sizeof marks - 1] = '\0';
        snprintf(line, sizeof line, "%3d%%|%-*.*s| %s", percent(share), room, (int)(share * room), marks, facts);
    } else {
        const bool fits = (int)strlen(facts) + 5 <= width; /* or only the times */
        snprintf(line, sizeof line, "%3d%% %.*s", percent(share), (int)strcspn(facts, fits ? "" : ","), facts);
    }
    fprintf(stderr, "\r%-*.*s", width, width, line);
    fflush(stderr);
    bar->shown = true;
}

static bool is_due(const progress_bar *bar, double share, double now)
{
    if (bar->terminal) return now - bar->last >= redraw_seconds || share >= 1 || !bar->shown;
    return now - bar->last >= log_seconds && share - bar->last_share >= log_share && share < 1;
}

void bar_update(progress_bar *bar, double share, const char *speed)
{
    double now = dmx_clock_seconds(), elapsed = now - bar->start;
    char before[32], after[32], facts[96];
    if (!bar->begun) bar->first_share = share;
    bar->begun = true;
    if (!is_due(bar, share, now)) return;
    const double gained = share - bar->first_share;
    const char *comma = speed[0] != '\0' ? ", " : "";
    clock_text(before, sizeof before, elapsed);
    clock_text(after, sizeof after, gained > 0 ? elapsed * (1 - share) / gained : 0);
    if (bar->terminal) {
        snprintf(facts, sizeof facts, "%s < %s%s%s", before, gained > 0 || share >= 1 ? after : "?", comma, speed);
        draw(bar, share, facts);
    } else {
        fprintf(stderr, "%d %%, %s so far, about %s left%s%s\n", percent(share), before, after, comma, speed);
    }
    bar->last = now;
    bar->last_share = share;
}

void bar_phase(progress_bar *bar, const char *word)
{
    if (!bar->terminal) return;
    int width = terminal_width() - 1;
    fprintf(stderr, "\r%-*.*s", width, width, word);
    fflush(stderr);
    bar->shown = true;
}
