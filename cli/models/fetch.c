/* fetch.c - `demucs-models fetch NAME...`: bring models into the cache, with a bar for each file. */
#include "commands.h"
#include "common/bar.h"
#include "common/interrupt.h"
#include "export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct transfer {
    progress_bar bar;
    char file_name[160]; /* the file that the bar is for */
} transfer;

/* Called with nothing known (0 of 0) while something else than a download runs: npm, or waiting for a lock. */
static bool on_progress(const char *file_name, uint64_t done, uint64_t total, void *user)
{
    transfer *self = user;
    char speed[48];
    if (strncmp(self->file_name, file_name, sizeof self->file_name - 1) != 0) {
        bar_end(&self->bar);
        bar_begin(&self->bar);
        snprintf(self->file_name, sizeof self->file_name, "%s", file_name);
    }
    double elapsed = clock_seconds() - self->bar.start;
    if (total > 0) {
        snprintf(speed, sizeof speed, "%.0f MB", (double)total / 1e6);
        bar_update(&self->bar, (double)done / (double)total, speed);
    } else if (elapsed > 0.5) {
        snprintf(speed, sizeof speed, "%.0f s", elapsed);
        bar_phase(&self->bar, speed);
    }
    return interrupt_signal() != 0;
}

static void on_note(const char *text, void *user)
{
    transfer *self = user;
    bar_end(&self->bar);
    fprintf(stderr, "%s\n", text);
    self->file_name[0] = '\0';
}

static bool fetch_one(const models_options *options, const char *name)
{
    transfer self = {.file_name = ""};
    const hub_options hub = {.force = options->force,
                             .progress = on_progress,
                             .progress_user = &self,
                             .note = on_note,
                             .convert = export_convert};
    hub_error error = {""};
    bar_begin(&self.bar);
    char *path = hub_resolve(name, &hub, &error);
    bar_end(&self.bar);
    if (path == NULL)
        fprintf(stderr, "error: %s\n", error.message);
    else
        printf("%s: %s\n", name, path);
    free(path);
    return path != NULL;
}

int models_fetch(const models_options *options)
{
    int failed = 0;
    for (int i = 0; i < options->count && interrupt_signal() == 0; i++)
        failed += !fetch_one(options, options->names[i]);
    if (interrupt_signal() != 0) return interrupt_exit_status();
    return failed > 0;
}
