/* device.h - what is said of the device that computes: which it is, and, where another was asked for, how long the CPU
 * takes. */
#ifndef SEPARATE_DEVICE_H
#define SEPARATE_DEVICE_H

#include "common/progress.h"
#include "options.h"

typedef struct device_notice {
    const char *asked; /* a device that is not there, until it is said how long the CPU takes; else NULL */
    double start;      /* of the network on the first track, see dmx_clock_seconds; 0 before */
} device_notice;

/* At the start. */
void device_announce(device_notice *self, const separate_options *options);

/* An event of the first track: once a segment of it is done, say what follows for the whole. The bar, if any, gives way
 * for that. */
void device_follow(device_notice *self, const demucs_tracks_event *event, progress *bar);

#endif
