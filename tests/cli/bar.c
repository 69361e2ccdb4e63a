/* bar.c - the progress bar on a terminal, read from the other end of a pseudo-terminal: frames of any width, no 100 %
 * before the end, and words where a line cannot be redrawn. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "common/bar.h"

#include "common/progress.h"
#include "support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The two ends of the terminal that stderr is for now. */
static int there = -1, here = -1, kept = -1;

static void open_terminal(void)
{
    there = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (there < 0 || grantpt(there) != 0 || unlockpt(there) != 0) abort();
    here = open(ptsname(there), O_RDWR | O_NOCTTY);
    kept = dup(STDERR_FILENO);
    if (here < 0 || kept < 0 || dup2(here, STDERR_FILENO) < 0) abort();
    setenv("TERM", "xterm", 1);
}

static void set_width(unsigned short columns)
{
    ioctl(there, TIOCSWINSZ, &(struct winsize){.ws_row = 24, .ws_col = columns});
}

typedef struct screen {
    char text[2048];
} screen;

/* What came since the last call. */
static screen seen(void)
{
    screen now;
    size_t used = 0;
    ssize_t got;
    fflush(stderr);
    while ((got = read(there, now.text + used, sizeof now.text - 1 - used)) > 0) used += (size_t)got;
    now.text[used] = '\0';
    return now;
}

static void close_terminal(void)
{
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(here);
    close(there);
}

/* One frame of the bar, whatever the clock says. */
static screen frame(progress_bar *bar, double share, const char *speed)
{
    bar->last -= 10;
    bar_update(bar, share, speed);
    return seen();
}

static void test_frames(void)
{
    progress_bar bar;
    open_terminal();
    set_width(80);
    bar_begin(&bar);
    bar_update(&bar, 0, "");
    const screen first = seen(), later = frame(&bar, 0.25, "12.5x real time");
    const screen almost = frame(&bar, 0.9999, "12.5x real time"), last = frame(&bar, 1, "");
    bar_end(&bar);
    const screen cleared = seen();
    close_terminal();
    const long first_end = strrchr(first.text, '|') - first.text, later_end = strrchr(later.text, '|') - later.text;
    CHECK(strncmp(first.text, "\r  0%|", 6) == 0 && strstr(first.text, "0:00 < ?") != NULL, "'%s'", first.text + 1);
    CHECK(strncmp(later.text, "\r 25%|", 6) == 0 && strstr(later.text, "12.5x real time") != NULL, "'%s'",
          later.text + 1);
    CHECK(first_end == later_end, "the end of the bar jumps from %ld to %ld", first_end, later_end);
    CHECK(strncmp(almost.text, "\r 99%|", 6) == 0, "'%s'", almost.text + 1);
    CHECK(strncmp(last.text, "\r100%|", 6) == 0, "'%s'", last.text + 1);
    CHECK(strlen(cleared.text) == 81 && cleared.text[80] == '\r', "the line is not cleared");
}

/* Any width, and another one with each frame: a frame never reaches the last column, where a terminal may wrap. */
static void test_widths(void)
{
    progress_bar bar;
    int bad = 0, short_of = 0;
    open_terminal();
    bar_begin(&bar);
    for (unsigned short columns = 1; columns <= 130; columns++) {
        set_width(columns);
        const screen now = frame(&bar, 0.42, "2.3x real time");
        const int expected = (columns < 120 ? columns : 120) - 1;
        bad += columns > 20 && (strstr(now.text, "real") != NULL) != (strstr(now.text, "real time") != NULL);
        bad += now.text[0] != '\r' || (int)strlen(now.text + 1) != expected;
        short_of += columns > 5 && strncmp(now.text, "\r 42%", 5) != 0;
    }
    close_terminal();
    CHECK(bad == 0 && short_of == 0, "%d frames of another length or with half a word, %d without the number", bad,
          short_of);
}

/* What was there before a transfer went on says nothing about its speed. */
static void test_resumed(void)
{
    progress_bar bar;
    open_terminal();
    set_width(80);
    bar_begin(&bar);
    const screen first = frame(&bar, 0.5, "160 MB");
    bar.start -= 10;
    const screen later = frame(&bar, 0.6, "160 MB");
    close_terminal();
    CHECK(strstr(first.text, "0:00 < ?") != NULL, "'%s'", first.text + 1);
    CHECK(strstr(later.text, "0:10 < 0:40") != NULL, "'%s'", later.text + 1);
}

/* A terminal that cannot go back in its line gets words, one line after the other. */
static void test_dumb(void)
{
    progress self = {.words = false};
    const demucs_progress segment = {.members = 1, .shifts = 1};
    demucs_tracks_event event = {.phase = DEMUCS_TRACKS_SEPARATE, .seconds = 60, .total = 4};
    open_terminal();
    setenv("TERM", "dumb", 1);
    event.kind = DEMUCS_TRACKS_EVENT_PHASE;
    progress_begin(&self);
    progress_event(&event, &self);
    event.kind = DEMUCS_TRACKS_EVENT_PROGRESS;
    event.segment = &segment;
    for (event.done = 0; event.done <= event.total; event.done++) {
        self.bar.last -= 10;
        progress_event(&event, &self);
    }
    progress_end(&self, true);
    screen now = seen();
    char *text = now.text;
    close_terminal();
    for (char *end = text; (end = strstr(end, "\r\n")) != NULL;) *end = ' '; /* which the terminal makes of \n */
    CHECK(strchr(text, '\r') == NULL, "it goes back in its line: %s", text);
    CHECK(strstr(text, "25 %, ") != NULL && strstr(text, "75 %, ") != NULL && strstr(text, "100 %") == NULL, "%s",
          text);
    CHECK(strstr(text, "1:00 of audio in ") != NULL, "%s", text);
}

TEST_MAIN(test_frames, test_widths, test_resumed, test_dumb)
