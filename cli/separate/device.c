/* device.c - see device.h. The time that a track will take is not known before a segment of it is done, and differs
 * from machine to machine: so it is measured here, and said when it can be. */
#include "device.h"

#include "base/clock.h"
#include "common/say.h"

#include <string.h>

/* As PyTorch names it: "cpu", or with a number, "cpu:0". */
static bool is_cpu(const char *device)
{
    return strncmp(device, "cpu", 3) == 0 && (device[3] == '\0' || device[3] == ':');
}

/* Programs that ask for lines of JSON, or for nothing, get warnings and errors besides. */
static bool shows_no_words(const separate_options *options)
{
    return strcmp(options->progress, "json") == 0 || strcmp(options->progress, "none") == 0;
}

void device_announce(device_notice *self, const separate_options *options)
{
    char origin[160];
    const char *device = demucs_settings_get(options->settings, "device");
    const demucs_settings_source source = demucs_settings_origin(options->settings, "device", origin, sizeof origin);
    *self = (device_notice){.asked = is_cpu(device) ? NULL : device};
    if (self->asked != NULL)
        say_at(
            SAY_WARNING,
            "warning: this program computes on the CPU, and not on %s, which was asked for (%s). How long that takes "
            "is said after the first segment.",
            device, origin);
    else if (source == DEMUCS_SETTINGS_DEFAULT && !shows_no_words(options))
        say_at(SAY_INFO, "Auto-detected device: cpu");
}

void device_follow(device_notice *self, const demucs_tracks_event *event, progress *bar)
{
    char whole[32], length[32];
    if (self->asked == NULL || event->phase != DEMUCS_TRACKS_SEPARATE) return;
    if (event->kind == DEMUCS_TRACKS_EVENT_PHASE && self->start == 0) self->start = dmx_clock_seconds();
    if (event->kind != DEMUCS_TRACKS_EVENT_PROGRESS || event->done == 0 || event->total == 0 || self->start == 0)
        return;
    const double seconds = (dmx_clock_seconds() - self->start) * (double)event->total / (double)event->done;
    self->asked = NULL;
    progress_pause(bar);
    say_at(SAY_WARNING, "warning: the CPU takes about %s for this track of %s, %.1fx real time.",
           clock_text(whole, sizeof whole, seconds), clock_text(length, sizeof length, event->seconds),
           seconds > 0 ? event->seconds / seconds : 0.0);
}
