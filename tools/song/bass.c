/* bass.c - an electric bass: two detuned sawtooths through a filter that closes as the string calms down, the octave
 * below as a sine, and the noise of the finger; see song.h */
#include "song.h"

#include <math.h>

static uint32_t seed = 777;

/* A low-pass of four poles, the "ladder" without its resonance. */
static double ladder(double poles[4], double x, double hz)
{
    const double g = 1 - exp(-2 * SONG_PI * hz / SONG_RATE_HZ);
    for (int i = 0; i < 4; i++) x = poles[i] += g * (x - poles[i]);
    return x;
}

static void note(stem *out, double beat, double beats, int midi, double velocity)
{
    const size_t start = song_frame(beat), length = song_frame(beats);
    const double hz = song_hz(midi);
    double phases[2] = {0.1, 0.6}, poles[4] = {0}, sine = 0;
    filter finger = {0};
    filter_bandpass(&finger, 1400, 0.8);
    for (size_t i = 0; i < length + SONG_RATE_HZ / 12; i++) {
        const double t = (double)i / SONG_RATE_HZ;
        const double held = i < length ? 1 : exp(-(double)(i - length) / (0.018 * SONG_RATE_HZ));
        const double bent = hz * (1 + 0.004 * exp(-t / 0.03));
        double saw = 0;
        for (int k = 0; k < 2; k++) {
            const double step = bent * (k ? 1.0013 : 0.9991) / SONG_RATE_HZ;
            phases[k] = fmod(phases[k] + step, 1);
            saw += 2 * phases[k] - 1 - song_polyblep(phases[k], step);
        }
        sine += 2 * SONG_PI * bent / SONG_RATE_HZ;
        const double opening = 5.5 * hz + 1500 * velocity * exp(-t / 0.09);
        double x = ladder(poles, 0.45 * saw, opening) + 0.55 * sin(sine);
        x += 0.12 * filter_run(&finger, song_noise(&seed)) * exp(-t / 0.012);
        const double envelope = (1 - exp(-t / 0.003)) * (0.35 + 0.65 * exp(-t / 0.5)) * held;
        stem_add(out, start + i, velocity * envelope * tanh(1.2 * x), 0);
    }
}

/* Root, fifth and octave, with a step to the next root at the end of the bar. */
static void bar(stem *out, int number)
{
    const double b = 4 * number;
    const int root = song_chords[number].root;
    if (number == SONG_BARS - 1) {
        note(out, b, 3.4, root, 0.9);
        return;
    }
    const int next = song_chords[number + 1].root;
    note(out, b, 1.4, root, 0.95);
    note(out, b + 1.5, 0.45, root, 0.8);
    note(out, b + 2, 0.45, root + 7, 0.75);
    note(out, b + 2.5, 0.95, root, 0.9);
    note(out, b + 3.5, 0.45, next > root ? next - 2 : next + 2, 0.75);
}

void song_bass(stem *out)
{
    for (int i = 0; i < SONG_BARS; i++) bar(out, i);
}
