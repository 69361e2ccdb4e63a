/* sound.c - noise, filters and rooms; see song.h */
#include "song.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void stem_add(stem *out, size_t frame, double sample, double pan)
{
    if (frame >= out->frames) return;
    const double angle = (pan + 1) * SONG_PI / 4; /* equal power */
    out->planes[0][frame] += (float)(sample * cos(angle));
    out->planes[1][frame] += (float)(sample * sin(angle));
}

double song_noise(uint32_t *state)
{
    uint32_t x = *state; /* xorshift32, Marsaglia 2003 */
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    return x / 2147483648.0 - 1;
}

/* ---- filters: Bristow-Johnson's cookbook, and Klatt's resonator ---- */

static void set_filter(filter *f, double b0, double b1, double b2, double hz, double q)
{
    const double w = 2 * SONG_PI * hz / SONG_RATE_HZ, alpha = sin(w) / (2 * q), a0 = 1 + alpha;
    f->b0 = b0 / a0;
    f->b1 = b1 / a0;
    f->b2 = b2 / a0;
    f->a1 = -2 * cos(w) / a0;
    f->a2 = (1 - alpha) / a0;
}

void filter_lowpass(filter *f, double hz, double q)
{
    const double c = cos(2 * SONG_PI * hz / SONG_RATE_HZ);
    set_filter(f, (1 - c) / 2, 1 - c, (1 - c) / 2, hz, q);
}

void filter_highpass(filter *f, double hz, double q)
{
    const double c = cos(2 * SONG_PI * hz / SONG_RATE_HZ);
    set_filter(f, (1 + c) / 2, -1 - c, (1 + c) / 2, hz, q);
}

void filter_bandpass(filter *f, double hz, double q)
{
    const double alpha = sin(2 * SONG_PI * hz / SONG_RATE_HZ) / (2 * q);
    set_filter(f, alpha, 0, -alpha, hz, q);
}

void filter_resonator(filter *f, double hz, double bandwidth_hz)
{
    const double r = exp(-SONG_PI * bandwidth_hz / SONG_RATE_HZ);
    f->a1 = -2 * r * cos(2 * SONG_PI * hz / SONG_RATE_HZ);
    f->a2 = r * r;
    f->b0 = 1 + f->a1 + f->a2;
    f->b1 = f->b2 = 0;
}

double filter_run(filter *f, double x)
{
    const double y = f->b0 * x + f->b1 * f->x1 + f->b2 * f->x2 - f->a1 * f->y1 - f->a2 * f->y2;
    f->x2 = f->x1;
    f->x1 = x;
    f->y2 = f->y1;
    f->y1 = y;
    return y;
}

double song_polyblep(double phase, double step)
{
    if (phase < step) {
        const double t = phase / step;
        return t + t - t * t - 1;
    }
    if (phase > 1 - step) {
        const double t = (phase - 1) / step;
        return t * t + t + t + 1;
    }
    return 0;
}

/* ---- a room: eight delay lines that feed each other through a Householder matrix (Jot 1991) ---- */

enum { ROOM_LINES = 8, ROOM_LONGEST = 2400 };
static const int room_lengths[ROOM_LINES] = {1031, 1151, 1307, 1447, 1613, 1801, 2017, 2287}; /* primes; 23 to 52 ms */

typedef struct room {
    float lines[ROOM_LINES][ROOM_LONGEST];
    double lowpass[ROOM_LINES], gains[ROOM_LINES];
    int at[ROOM_LINES];
} room;

static void room_step(room *r, double damping, const double in[2], double out[2])
{
    double taps[ROOM_LINES], sum = 0;
    out[0] = out[1] = 0;
    for (int i = 0; i < ROOM_LINES; i++) {
        r->lowpass[i] += (1 - damping) * (r->lines[i][r->at[i]] - r->lowpass[i]);
        taps[i] = r->lowpass[i] * r->gains[i];
        sum += taps[i];
        out[i % 2] += i & 2 ? -taps[i] : taps[i];
    }
    for (int i = 0; i < ROOM_LINES; i++) {
        r->lines[i][r->at[i]] = (float)(taps[i] - sum * 2 / ROOM_LINES + in[i % 2]);
        if (++r->at[i] == room_lengths[i]) r->at[i] = 0;
    }
}

void song_room(stem *out, double seconds, double amount, double damping)
{
    room *r = calloc(1, sizeof *r);
    if (r == NULL) return; /* a dry song is better than none */
    for (int i = 0; i < ROOM_LINES; i++) r->gains[i] = pow(10, -3 * room_lengths[i] / (seconds * SONG_RATE_HZ));
    for (size_t n = 0; n < out->frames; n++) {
        const double in[2] = {out->planes[0][n], out->planes[1][n]};
        double wet[2];
        room_step(r, damping, in, wet);
        for (int c = 0; c < 2; c++) out->planes[c][n] += (float)(amount * wet[c]);
    }
    free(r);
}
