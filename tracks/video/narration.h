/* narration.h - a file with a narration -> a spool. */
#ifndef DMX_VIDEO_NARRATION_H
#define DMX_VIDEO_NARRATION_H

#include "tracks/outputs.h"

/* Read `path`: mono becomes all channels, more than there are channels are mixed down. NULL on failure. */
dmx_spool *dmx_narration_read(const char *path, int sample_rate_hz, const dmx_outputs *outputs, demucs_error *error);

#endif
