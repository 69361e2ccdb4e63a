/* song.h - the demonstration song: 25 seconds of a small pop tune that a program plays, so that its true stems are
 * known.
 *
 * Four players each fill one stem, in stereo, each in its own room: drums.c, bass.c, chords.c (guitar and electric
 * piano, the stem "other") and voice.c. score.c says what they play, sound.c has the parts that instruments are made
 * of. The mix is the sum of the stems. Everything is computed from the score and seeded noise: the same every time.
 *
 * The sounds have to pass for real ones, since the networks have only ever heard recordings: hence the strings that are
 * plucked by hand rather than at once, the breath and the vibrato, the rooms. */
#ifndef SONG_SONG_H
#define SONG_SONG_H

#include <stddef.h>
#include <stdint.h>

#define SONG_PI 3.14159265358979323846

enum { SONG_RATE_HZ = 44100, SONG_BEATS = 40, SONG_BARS = SONG_BEATS / 4 };

/* ---- sound.c ---- */

typedef struct stem {
    float *planes[2]; /* [frames] left and right */
    size_t frames;
} stem;

/* Add one sample at a place between the speakers, -1 left .. 1 right; beyond the end it is dropped. */
void stem_add(stem *out, size_t frame, double sample, double pan);

/* Uniform noise in [-1, 1]. The state must not be 0. */
double song_noise(uint32_t *state);

/* Second-order filter. */
typedef struct filter {
    double b0, b1, b2, a1, a2;
    double x1, x2, y1, y2;
} filter;

void filter_lowpass(filter *f, double hz, double q);
void filter_highpass(filter *f, double hz, double q);
void filter_bandpass(filter *f, double hz, double q);             /* peak gain 1 */
void filter_resonator(filter *f, double hz, double bandwidth_hz); /* gain 1 at 0 Hz; a formant */
double filter_run(filter *f, double x);

/* What a sawtooth of step `step` (cycles a sample) has to lose around its jump at phase 0 so that it does not alias. */
double song_polyblep(double phase, double step);

/* The sound of a room, added in place: `seconds` until it has died away by 60 dB, `amount` of it, `damping` 0..1 of its
 * treble. */
void song_room(stem *out, double seconds, double amount, double damping);

/* ---- score.c ---- */

typedef struct chord {
    int root;     /* of the bass, as a MIDI note */
    int notes[4]; /* MIDI notes, upwards */
} chord;

typedef struct syllable {
    double beat, beats;
    int note;           /* MIDI */
    const char *sounds; /* letters of the voice's alphabet; see voice.c */
} syllable;

extern const chord song_chords[SONG_BARS]; /* one a bar */
extern const syllable song_melody[];
extern const size_t song_melody_count;

double song_hz(double note);
double song_seconds(double beat);
size_t song_frame(double beat);

/* ---- the players ---- */

void song_drums(stem *out);
void song_bass(stem *out);
void song_guitar(stem *out);
void song_piano(stem *out);
void song_voice(stem *out);

#endif
