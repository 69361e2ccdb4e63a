/* video.h - the file of a track is a copy of its video: instead of a writer of samples. */
#ifndef DMX_VIDEO_VIDEO_H
#define DMX_VIDEO_VIDEO_H

#include "audio/video.h"
#include "tracks/outputs.h"

typedef struct dmx_video {
    demucs_video_options options;
    audio_video *file; /* NULL: a narration over sound without pictures */
    audio_video_facts facts;
    dmx_spool *narration; /* at the rate of the file; NULL before the track is read */
    double track_lufs, narration_lufs;
} dmx_video;

/* Copy a caller's options over the defaults, and check them. */
bool dmx_video_options_read(demucs_video_options *options, const demucs_video_options *given, demucs_error *error);

/* Check what a request with a video asks for, and set what plays no part. One without is left alone. */
bool dmx_video_request_read(demucs_tracks_request *request, demucs_error *error);

/* Open the video of a track whose files are planned, and try what its copy needs. On failure, too, dmx_video_close
 * frees. */
bool dmx_video_open(dmx_video *self, const dmx_outputs *outputs, demucs_error *error);
void dmx_video_close(dmx_video *self);

/* The track was read, into `mix`: look at it, and at what else can be wrong, before the network. */
bool dmx_video_hear(dmx_video *self, const dmx_spool *mix, dmx_outputs *outputs, demucs_error *error);

/* Instead of dmx_outputs_commit: write the copy with the sound that waits, and let it appear. */
bool dmx_video_commit(dmx_video *self, dmx_outputs *outputs, demucs_error *error);

#endif
