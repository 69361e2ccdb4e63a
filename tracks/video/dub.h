/* dub.h - a narration over an accompaniment, brought to a loudness. */
#ifndef DMX_VIDEO_DUB_H
#define DMX_VIDEO_DUB_H

#include "tracks/video/video.h"

/* A new spool with the narration of self->options over `bed`, which begins at *start; *start becomes when the new one
 * begins. `picture_start` and `picture_end` are where the narration begins and has to end, all in frames of `rate_hz`.
 * NULL on failure. */
dmx_spool *dmx_dub(const dmx_video *self, const dmx_spool *bed, int rate_hz, int64_t *start, dmx_outputs *outputs,
                   demucs_error *error);

/* Before the network: measure the track, while it is there, and read the narration. */
bool dmx_dub_hear(dmx_video *self, const dmx_spool *mix, dmx_outputs *outputs, demucs_error *error);

#endif
