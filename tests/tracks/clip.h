/* clip.h - small videos for the tests, made with FFmpeg's libraries, and what a player would make of a video: its
 * packets, and its sound at the times at which it is heard. */
#ifndef DEMUCS_TESTS_CLIP_H
#define DEMUCS_TESTS_CLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct clip {
    const char *path; /* its ending says the container */
    int fps_num, fps_den;
    int frames;          /* of the picture */
    int b_frames;        /* between two others */
    bool uneven;         /* the frames come at uneven times */
    const char *encoder; /* of the sound, by libavcodec's name */
    int sample_rate_hz;
    double seconds;        /* of sound */
    double late;           /* when the sound begins */
    double gap_at, gap;    /* after so much sound nothing comes for so long */
    bool second_sound;     /* another audio stream, the first in the file, of 440 Hz */
    const char *subtitles; /* NULL, or their codec by name */
    bool chapters;
    bool attachment;
} clip;

/* Defaults: 29.97 pictures a second for 3 seconds, 2 B-frames, AAC of 48 kHz. */
clip clip_usual(const char *path);

/* False when this FFmpeg has no such encoder. Ends the program on any other failure. */
bool clip_make(const clip *it);

/* The clicks that the sound is made of, `seconds` from its beginning. */
double clip_click(double seconds);

/* ---- looking ---- */

typedef struct clip_packet {
    int stream, size, flags;
    double pts, dts; /* seconds; NAN for none */
    uint64_t sum;    /* of the bytes */
} clip_packet;

typedef struct clip_facts {
    int streams, pictures, sounds, subtitles, attachments, chapters;
    int sound_rate_hz; /* of the stream that is asked for */
    char sound_codec[32], language[16], title[64], chapter[64];
    int disposition;
} clip_facts;

/* Of the audio stream `sound`, from 0. */
clip_facts clip_look(const char *path, int sound);

/* The packets of all streams of a kind ('v', 'a', 's') but the audio stream `but`, in their order. Free with free(). */
clip_packet *clip_packets(const char *path, char kind, int but, size_t *count);

/* What is heard of an audio stream between 0 and `seconds`, the first channel, at `rate_hz`, which is the stream's.
 * Free with free(). */
float *clip_heard(const char *path, int sound, int rate_hz, double seconds, size_t *frames);

/* By how many seconds `b` comes later than `a`, within 25 ms; NAN when they are not alike. */
double clip_lag(const float *a, const float *b, size_t frames, int rate_hz);

#endif
