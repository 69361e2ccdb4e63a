/* model.c - see model.h */
#include "common/model.h"

#include "base/clock.h"
#include "base/error.h"
#include "common/bar.h"
#include "common/export.h"
#include "common/interrupt.h"
#include "common/say.h"
#include "hub/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct transfer {
    progress_bar bar;
    char file_name[256]; /* the file that the bar is for */
} transfer;

/* `total` is 0 while something else than a download runs: npm, or waiting for another process. */
static bool on_progress(const char *file_name, uint64_t done, uint64_t total, void *user)
{
    transfer *self = user;
    char text[64];
    if (strncmp(self->file_name, file_name, sizeof self->file_name - 1) != 0) {
        bar_end(&self->bar);
        bar_begin(&self->bar);
        snprintf(self->file_name, sizeof self->file_name, "%s", file_name);
    }
    double elapsed = dmx_clock_seconds() - self->bar.start;
    if (total > 0) {
        snprintf(text, sizeof text, "%.0f MB", (double)total / 1e6);
        bar_update(&self->bar, (double)done / (double)total, text);
    } else if (elapsed > 0.5) {
        snprintf(text, sizeof text, "fetching, %.0f s", elapsed);
        bar_phase(&self->bar, text);
    }
    return interrupt_signal() != 0;
}

static void on_note(const char *text, void *user)
{
    transfer *self = user;
    bar_end(&self->bar);
    say_at(SAY_INFO, "%s", text);
    self->file_name[0] = '\0';
}

char *model_find(const model_request *request, demucs_error *why)
{
    transfer self = {.file_name = ""};
    hub_options options = {.repo = request->repo,
                           .offline = request->offline,
                           .force = request->force,
                           .progress = on_progress,
                           .progress_user = &self,
                           .note = on_note,
                           .convert = export_convert,
                           .accept = export_accept};
    bar_begin(&self.bar);
    char *path = hub_resolve(request->name, &options, why);
    bar_end(&self.bar);
    return path;
}

/* A damaged file in the cache stays in the way until somebody says --force. A path or a --repo folder is the user's. */
static void name_force(const model_request *request, demucs_error *why)
{
    demucs_error before = *why;
    if (why->status != DEMUCS_ERROR_FORMAT || request->repo != NULL || !hub_can_fetch(request->name)) return;
    dmx_error_clear(why);
    dmx_fail(why, before.status, "%s 'demucs-models fetch --force %s' brings the model again", before.message,
             request->name);
}

bool model_open(demucs_model **model, char **path, const model_request *request, demucs_error *why)
{
    *model = NULL;
    *path = model_find(request, why);
    if (*path == NULL) return false;
    if (demucs_fit_load(model, *path, request->fit, why) != DEMUCS_OK) {
        name_force(request, why);
        return false;
    }
    for (int i = 0; i < demucs_model_warnings(*model); i++)
        say_at(SAY_WARNING, "warning: %s", demucs_model_warning(*model, i));
    return true;
}
