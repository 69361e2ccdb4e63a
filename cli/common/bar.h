/* bar.h - one progress bar on stderr: a line that redraws itself on a terminal, a few plain lines elsewhere.
 *
 *      37%|##########                  | 1:12 < 2:03, 2.3x real time      done < left; on a terminal, cut to its width
 *     40 %, 1:12 so far, about 1:48 left, 2.3x real time                   in a log: at most ten of them
 *
 * The width is asked for with each frame. A terminal that cannot go back in its line (TERM=dumb) is a log. */
#ifndef CLI_BAR_H
#define CLI_BAR_H

#include <stdbool.h>
#include <stddef.h>

typedef struct progress_bar {
    bool terminal;      /* stderr is one that can redraw a line */
    bool dumb;          /* stderr is one that cannot */
    bool begun;         /* bar_update was called */
    bool shown;         /* something is on the line now */
    int facts_width;    /* the widest so far: the marks keep their place */
    double start;       /* seconds, see dmx_clock_seconds */
    double first_share; /* what was done before: a transfer may go on with what is there */
    double last;        /* when it was drawn last */
    double last_share;  /* and at which share */
} progress_bar;

void bar_begin(progress_bar *bar);

/* Show that `share` (0..1) is done. `speed` is a text such as "2.3x real time", or "". Cheap to call often. */
void bar_update(progress_bar *bar, double share, const char *speed);

/* Show a word instead of a bar while a phase of unknown length runs: "reading". Only on a terminal. */
void bar_phase(progress_bar *bar, const char *word);

/* Clear the line on a terminal, so that what follows starts on a clean one. */
void bar_end(progress_bar *bar);

/* Format seconds as 1:05 or 1:01:05 into `out`. Returns `out`. */
const char *clock_text(char *out, size_t size, double seconds);

#endif
