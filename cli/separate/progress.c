/* progress.c - see progress.h */
#include "progress.h"

#include "common/interrupt.h"

#include <stdio.h>

void progress_begin(progress *self, double audio_seconds)
{
    bar_end(&self->bar);
    bar_begin(&self->bar);
    self->audio_seconds = audio_seconds;
}

bool progress_report(const demucs_progress *report, void *user)
{
    progress *self = user;
    double elapsed = clock_seconds() - self->bar.start;
    double share = report->segments_total > 0 ? (double)report->segments_done / (double)report->segments_total : 0;
    char speed[48] = "";
    if (share > 0 && elapsed > 0)
        snprintf(speed, sizeof speed, "%.1fx real time", share * self->audio_seconds / elapsed);
    bar_update(&self->bar, share, speed);
    return interrupt_signal() != 0;
}

void progress_end(progress *self, bool done)
{
    double elapsed = clock_seconds() - self->bar.start;
    char length[32], took[32];
    bar_end(&self->bar);
    if (done)
        fprintf(stderr, "%s of audio in %s, %.1fx real time\n", clock_text(length, sizeof length, self->audio_seconds),
                clock_text(took, sizeof took, elapsed), elapsed > 0 ? self->audio_seconds / elapsed : 0.0);
}
