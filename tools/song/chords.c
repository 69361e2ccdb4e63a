/* chords.c - the stem "other": a strummed guitar of plucked strings and an electric piano of tuned forks; see song.h */
#include "song.h"

#include <math.h>
#include <string.h>

static uint32_t seed = 4711;

/* ---- guitar: Karplus and Strong 1983, with Jaffe and Smith's fractional delay and pick position ---- */

enum { STRING_LONGEST = 1024 };

typedef struct guitar_body {
    filter air, top, wood;
} guitar_body;

static double body_run(guitar_body *body, double x)
{
    return 0.6 * x + 0.9 * filter_run(&body->air, x) + 0.6 * filter_run(&body->top, x) +
           0.25 * filter_run(&body->wood, x);
}

static void pluck(stem *out, double seconds, double held_s, double hz, double gain, double pan)
{
    float line[STRING_LONGEST] = {0};
    const double exact = SONG_RATE_HZ / hz - 0.5; /* the averaging below delays by half a sample */
    const int length = (int)(exact - 0.1);
    const double fraction = exact - length, allpass = (1 - fraction) / (1 + fraction);
    const int pick = (int)(length * 0.17);
    double soft = 0, last = 0, x1 = 0, y1 = 0;
    for (int i = 0; i < length; i++) {
        soft += 0.55 * (song_noise(&seed) - soft);
        line[i] = (float)soft;
    }
    for (int i = length - 1; i >= pick; i--) line[i] -= line[i - pick]; /* no harmonics with a node at the pick */
    guitar_body body;
    memset(&body, 0, sizeof body);
    filter_bandpass(&body.air, 105, 3);
    filter_bandpass(&body.top, 210, 3);
    filter_bandpass(&body.wood, 2400, 1.5);
    const double loss = pow(10, -3 / (hz * 2.6)); /* 60 dB in 2.6 s */
    const size_t start = (size_t)(seconds * SONG_RATE_HZ), held = (size_t)(held_s * SONG_RATE_HZ);
    int at = 0;
    for (size_t i = 0; i < held + SONG_RATE_HZ / 10; i++) {
        const double x = line[at];
        const double damped = i < held ? loss : loss * 0.90;
        const double mean = damped * (0.52 * x + 0.48 * last);
        last = x;
        const double y = allpass * (mean - y1) + x1;
        x1 = mean;
        y1 = y;
        line[at] = (float)y;
        if (++at == length) at = 0;
        stem_add(out, start + i, gain * body_run(&body, x), pan);
    }
}

/* A stroke over the strings, the lowest first on the way down. */
static void strum(stem *out, int number, double beat, double beats, int up, double gain, double pan)
{
    static const int open[6] = {-12, 0, 0, 0, 0, 12}; /* which octave of which note of the chord a string takes */
    static const int which[6] = {3, 0, 1, 2, 3, 1};
    for (int k = 0; k < 6; k++) {
        const int string = up ? 5 - k : k;
        if (up && k > 3) break;
        const int midi = song_chords[number].notes[which[string]] + open[string];
        const double lag = 0.009 * k + 0.002 * song_noise(&seed);
        const double loudness = gain * (1 + 0.15 * song_noise(&seed)) * (up ? 0.8 : 1);
        pluck(out, song_seconds(beat) + 0.004 + lag, song_seconds(beats), song_hz(midi + 0.03 * song_noise(&seed)),
              loudness, pan);
    }
}

void song_guitar(stem *out)
{
    static const struct {
        double beat, beats;
        int up;
    } strokes[] = {{0, 0.95, 0}, {1, 0.45, 0}, {1.5, 0.45, 1}, {2.5, 0.45, 1}, {3, 0.45, 0}, {3.5, 0.45, 1}};
    for (int number = 0; number < SONG_BARS; number++) {
        for (size_t i = 0; i < sizeof strokes / sizeof *strokes; i++) {
            const int last = number == SONG_BARS - 1;
            if (last && i > 0) break;
            const double beats = last ? 3.6 : strokes[i].beats, beat = 4 * number + strokes[i].beat;
            strum(out, number, beat, beats, strokes[i].up, 0.20, -0.65);
            strum(out, number, beat + 0.01, beats, strokes[i].up, 0.20, 0.65); /* played twice, left and right */
        }
    }
}

/* ---- electric piano: two operators of frequency modulation for the bar, two for the tine ---- */

static void fork(stem *out, double beat, double beats, int midi, double velocity, double pan)
{
    const size_t start = song_frame(beat), length = song_frame(beats);
    const double hz = song_hz(midi);
    for (size_t i = 0; i < length + SONG_RATE_HZ / 4; i++) {
        const double t = (double)i / SONG_RATE_HZ, w = 2 * SONG_PI * hz * t;
        const double held = i < length ? 1 : exp(-(double)(i - length) / (0.05 * SONG_RATE_HZ));
        const double bar = sin(w + 1.1 * velocity * exp(-t / 0.7) * sin(w));
        const double tine = sin(w + 0.45 * velocity * exp(-t / 0.12) * sin(14 * w));
        const double envelope = (1 - exp(-t / 0.002)) * exp(-t / 1.3) * held;
        const double tremolo = 0.25 * sin(2 * SONG_PI * 4.6 * (song_seconds(beat) + t));
        stem_add(out, start + i, velocity * envelope * (0.6 * bar + 0.4 * tine), pan + tremolo);
    }
}

void song_piano(stem *out)
{
    for (int number = 0; number < SONG_BARS; number++) {
        const double b = 4 * number;
        const int *notes = song_chords[number].notes;
        for (int k = 0; k < 4; k++) {
            const double lag = 0.012 * k;
            fork(out, b + lag, number == SONG_BARS - 1 ? 3.5 : 2.3, notes[k], 0.12, 0.1);
            if (number < SONG_BARS - 1) fork(out, b + 2.5 + lag, 1.3, notes[k], 0.10, 0.1);
        }
    }
}
