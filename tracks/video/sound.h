/* sound.h - a stem at the model's rate -> the sound of a video: at its rate, and in its time. */
#ifndef DMX_VIDEO_SOUND_H
#define DMX_VIDEO_SOUND_H

#include "tracks/video/video.h"

/* A new spool with the sound of `from`, divided by `divisor`, at the rate of the video and with the gaps of the old
 * sound; *start is when it begins. NULL on failure. */
dmx_spool *dmx_video_sound(const dmx_video *self, const dmx_spool *from, float divisor, const dmx_outputs *outputs,
                           int64_t *start, demucs_error *error);

#endif
