/* bar_lines.h - progress on stderr as the official program shows it, for programs that read it through a pipe:
 *
 *     \r 25%|######            | 5.85/23.40 [00:01<00:05,  3.32seconds/s]
 *
 * drawn again after each segment, from 0 % to 100 %, one bar for each member and shift, each ended by a newline. */
#ifndef CLI_BAR_LINES_H
#define CLI_BAR_LINES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bar_lines {
    int bar;            /* the one under way, from 0 */
    bool shown;         /* something is on the line now */
    size_t shown_count; /* segments that it shows as done */
    double start;       /* of the bar, see dmx_clock_seconds */
} bar_lines;

/* `done` of `total` segments of all `bars` together are done, of a track of so many seconds. */
void bar_lines_update(bar_lines *self, size_t done, size_t total, int bars, double track_seconds);

/* End the line, where one is under way. */
void bar_lines_end(bar_lines *self);

#endif
