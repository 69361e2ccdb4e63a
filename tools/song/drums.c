/* drums.c - a kick whose pitch falls, a snare of two tones and noise, hats and a crash of metal, toms; see song.h */
#include "song.h"

#include <math.h>

static uint32_t seed = 20240;

/* A membrane: a sine that starts `fall` times higher than `hz` and settles, with the click of the stick. */
static void membrane(stem *out, double beat, double hz, double fall, double decay_s, double click, double gain,
                     double pan)
{
    const size_t start = song_frame(beat);
    filter tap = {0};
    filter_bandpass(&tap, 2800, 0.7);
    double phase = 0;
    for (size_t i = 0; i < (size_t)ceil(decay_s * 5 * SONG_RATE_HZ); i++) {
        const double t = (double)i / SONG_RATE_HZ;
        phase += 2 * SONG_PI * hz * (1 + (fall - 1) * exp(-t / 0.022)) / SONG_RATE_HZ;
        const double body = sin(phase) * exp(-t / decay_s) * (1 - exp(-t / 0.0008));
        const double stick = filter_run(&tap, song_noise(&seed)) * exp(-t / 0.004);
        stem_add(out, start + i, gain * (tanh(1.6 * body) + click * stick), pan);
    }
}

static void snare(stem *out, double beat, double gain)
{
    const size_t start = song_frame(beat);
    filter wires = {0}, crack = {0};
    filter_highpass(&wires, 1400, 0.7);
    filter_bandpass(&crack, 3200, 0.6);
    for (size_t i = 0; i < SONG_RATE_HZ / 2; i++) {
        const double t = (double)i / SONG_RATE_HZ, noise = song_noise(&seed);
        const double bend = 1 + 0.4 * exp(-t / 0.01);
        double shell = sin(2 * SONG_PI * 186 * bend * t) * exp(-t / 0.055) +
                       0.6 * sin(2 * SONG_PI * 331 * bend * t) * exp(-t / 0.035);
        shell += 0.25 * sin(2 * SONG_PI * 512 * t) * exp(-t / 0.02);
        const double rattle = filter_run(&wires, noise) * exp(-t / 0.085) * (1 - exp(-t / 0.0015));
        const double hit = filter_run(&crack, noise) * exp(-t / 0.012);
        stem_add(out, start + i, gain * (0.75 * shell + 0.5 * rattle + 0.9 * hit), 0.05);
    }
}

/* Cymbals: six square waves that fit no scale (the trick of the TR-808) and noise, with only the treble left. */
static void metal(stem *out, double beat, double decay_s, double highpass_hz, double gain, double pan)
{
    static const double ratios[6] = {2.0, 3.0, 4.16, 5.43, 6.79, 8.21};
    const size_t start = song_frame(beat);
    filter first = {0}, second = {0};
    filter_highpass(&first, highpass_hz, 0.8);
    filter_highpass(&second, highpass_hz * 0.9, 0.7);
    double phases[6];
    for (int k = 0; k < 6; k++) phases[k] = (song_noise(&seed) + 1) / 2;
    for (size_t i = 0; i < (size_t)ceil(decay_s * 6 * SONG_RATE_HZ); i++) {
        const double t = (double)i / SONG_RATE_HZ;
        double sum = 0;
        for (int k = 0; k < 6; k++) {
            phases[k] = fmod(phases[k] + 219 * ratios[k] / SONG_RATE_HZ, 1);
            sum += phases[k] < 0.5 ? 1 : -1;
        }
        const double x = filter_run(&second, filter_run(&first, 0.12 * sum + song_noise(&seed)));
        stem_add(out, start + i, gain * x * exp(-t / decay_s) * (1 - exp(-t / 0.0006)), pan);
    }
}

static double human(double amount) { return 1 + amount * song_noise(&seed); }

static void bar(stem *out, int number)
{
    const double b = 4 * number;
    const int last = number == SONG_BARS - 1, fill = number % 4 == 3;
    if (number % 4 == 0 || last) metal(out, b, 0.55, 4200, 0.22, -0.3);
    membrane(out, b, 52, 3.6, 0.11, 0.5, 0.95, 0);
    if (last) return;
    membrane(out, b + 1.5, 52, 3.6, 0.10, 0.4, 0.75 * human(0.05), 0);
    membrane(out, b + 2.5, 52, 3.6, 0.11, 0.5, 0.9 * human(0.05), 0);
    snare(out, b + 1, 0.55 * human(0.05));
    snare(out, b + 3, 0.58 * human(0.05));
    for (int i = 0; i < (fill ? 6 : 8); i++) {
        const double accent = i % 2 ? 0.6 : 1;
        metal(out, b + 0.5 * i + 0.006 * song_noise(&seed), i == 7 ? 0.11 : 0.032, 7200, 0.17 * accent * human(0.15),
              0.35);
    }
    if (!fill) return;
    snare(out, b + 2.75, 0.25);
    membrane(out, b + 3.25, 130, 1.7, 0.12, 0.3, 0.5, -0.4);
    membrane(out, b + 3.5, 105, 1.7, 0.13, 0.3, 0.55, 0);
    membrane(out, b + 3.75, 84, 1.7, 0.15, 0.3, 0.6, 0.4);
}

void song_drums(stem *out)
{
    for (int i = 0; i < SONG_BARS; i++) bar(out, i);
    song_room(out, 0.35, 0.07, 0.35);
}
