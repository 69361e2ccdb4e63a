/* score.c - what is played: four chords in A minor at 100 beats a minute, and a melody with words; see song.h */
#include "song.h"

#include <math.h>

#define BEAT_SECONDS 0.6

#define A_MINOR                                                                                                        \
    {                                                                                                                  \
        45, { 57, 60, 64, 69 }                                                                                         \
    }
#define F_MAJOR                                                                                                        \
    {                                                                                                                  \
        41, { 57, 60, 65, 69 }                                                                                         \
    }
#define C_MAJOR                                                                                                        \
    {                                                                                                                  \
        36, { 55, 60, 64, 67 }                                                                                         \
    }
#define G_MAJOR                                                                                                        \
    {                                                                                                                  \
        43, { 55, 59, 62, 67 }                                                                                         \
    }

const chord song_chords[SONG_BARS] = {A_MINOR, F_MAJOR, C_MAJOR, G_MAJOR, A_MINOR,
                                      F_MAJOR, C_MAJOR, G_MAJOR, F_MAJOR, A_MINOR};

/* "La luna sale, la notte canta, e tu sei qui, vicino a me. La luna tace, il mare dorme, e sono qui, ancora con te." */
const syllable song_melody[] = {
    {3.5, 0.5, 57, "la"},    {4.0, 1.0, 60, "lu"},  {5.0, 0.5, 62, "na"},  {5.5, 1.0, 64, "sa"},
    {6.5, 0.9, 60, "le"},    {7.5, 0.5, 60, "la"},  {8.0, 1.0, 64, "no"},  {9.0, 0.5, 62, "te"},
    {9.5, 1.0, 60, "kan"},   {10.5, 1.0, 55, "ta"}, {12.0, 0.5, 59, "e"},  {12.5, 1.0, 62, "tu"},
    {13.5, 0.5, 60, "se"},   {14.0, 1.4, 59, "ki"}, {15.5, 0.5, 57, "vi"}, {16.0, 0.75, 60, "ci"},
    {16.75, 0.75, 59, "no"}, {17.5, 0.5, 57, "a"},  {18.0, 1.8, 57, "me"}, {20.0, 0.5, 65, "la"},
    {20.5, 1.0, 64, "lu"},   {21.5, 0.5, 62, "na"}, {22.0, 1.0, 60, "ta"}, {23.0, 0.8, 62, "ce"},
    {24.0, 0.5, 64, "il"},   {24.5, 1.0, 67, "ma"}, {25.5, 0.5, 65, "re"}, {26.0, 1.0, 64, "do"},
    {27.0, 0.9, 60, "me"},   {28.0, 0.5, 62, "e"},  {28.5, 1.0, 64, "so"}, {29.5, 0.5, 62, "no"},
    {30.0, 1.5, 59, "ki"},   {31.5, 0.5, 60, "an"}, {32.0, 1.0, 64, "ko"}, {33.0, 0.5, 62, "ra"},
    {33.5, 0.5, 60, "kon"},  {34.0, 3.6, 57, "te"},
};
const size_t song_melody_count = sizeof song_melody / sizeof *song_melody;

double song_hz(double note) { return 440 * exp2((note - 69) / 12); }
double song_seconds(double beat) { return beat * BEAT_SECONDS; }
size_t song_frame(double beat) { return (size_t)(song_seconds(beat) * SONG_RATE_HZ); }
