/* video.h - a video file is copied, packet by packet, with another sound in place of one of its audio streams.
 *
 *     open    what can be known to go wrong: no picture, a container that cannot hold a stream; and what there is
 *     write   the copy, with the sound that the caller hands over
 *
 * Picture, subtitles, chapters, attachments, tags and the other audio streams are copied as they are, with their times.
 * Functions that can fail take a demucs_error, which may be NULL, and write one sentence into it. */
#ifndef DEMUCS_AUDIO_VIDEO_H
#define DEMUCS_AUDIO_VIDEO_H

#include "audio/audio.h"
#include "base/file.h"

typedef struct audio_video audio_video;

typedef struct audio_video_request {
    const char *input;
    int stream;         /* the audio stream that is replaced, from 0 */
    const char *output; /* its ending says the container */
    int codec;          /* an audio_container: its codec; or AUDIO_VIDEO_USUAL, that of the output's container */
    audio_sample sample;
    int channels; /* of the new sound */
    int bitrate_kbps;
    bool drop_other_audio;
} audio_video_request;

enum { AUDIO_VIDEO_USUAL = -1 };

/* Times are frames of the new sound's rate. */
typedef struct audio_video_facts {
    int sample_rate_hz; /* of the new sound: that of the old one, or the nearest that the codec knows */
    int64_t start;      /* when the old sound begins */
    int64_t picture_start, picture_end;
    bool lossy;
    int other_audio; /* streams that are copied */
    int left_out;    /* streams of data that the container cannot hold, such as the motion data of cameras */
} audio_video_facts;

/* Whether a path ends as the files do that can be written: mp4, m4v, mov, mkv, webm. */
bool audio_video_is_name(const char *path);

/* Open a video and try what its copy needs. NULL on failure. */
audio_video *audio_video_open(const audio_video_request *request, audio_video_facts *facts, demucs_error *error);
void audio_video_close(audio_video *self);

/* A place where the old sound has no samples for some time, or more than there is time for. */
typedef struct audio_video_gap {
    int64_t at;     /* frames of the old sound, at facts.sample_rate_hz, that come before it */
    int64_t frames; /* of silence; negative: so many of the sound go */
} audio_video_gap;

/* When the samples of the old sound are heard. */
typedef struct audio_video_timeline {
    int64_t start; /* the first; as facts.start, but for the rounding of times */
    audio_video_gap *gaps;
    size_t gaps_count;
} audio_video_timeline;

/* Read the old sound for its timeline; its gaps are freed with dmx_free. */
bool audio_video_read_timeline(const audio_video *self, audio_video_timeline *out, demucs_error *error);

/* The sound, from its first frame on: fill planes[channel] with up to `frames`. Returns how many, 0 at the end, -1 with
 * a sentence. */
typedef struct audio_video_sound {
    long (*read)(void *user, float *const *planes, size_t frames, demucs_error *error);
    void *user;
    int64_t start; /* when it begins */
} audio_video_sound;

/* Write the copy into an empty file, which the caller commits. */
bool audio_video_write(audio_video *self, const audio_video_sound *sound, dmx_file *file, demucs_error *error);

#endif
