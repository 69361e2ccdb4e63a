/* gains.c - see gains.h */
#include "tracks/video/gains.h"

#include <math.h>

/* ---- under a narration ---- */

static size_t units_of(double seconds)
{
    const double units = ceil(seconds / DMX_UNIT_SECONDS);
    return units > 1 ? (size_t)units : 1;
}

void dmx_gains_duck(float *gains, const float *levels, size_t units, double least, const demucs_video_options *options)
{
    const size_t attack = units_of(options->duck_attack_seconds), hold = units_of(options->duck_hold_seconds),
                 release = units_of(options->duck_release_seconds);
    const double depth = options->duck_db;
    size_t next = 0, heard = 0; /* the next unit with narration, and when it was heard last */
    bool any = false;
    double decibels = 0;
    for (size_t k = 0; k <= units; k++) {
        if (k > 0 && levels[k - 1] > least) {
            heard = k - 1;
            any = true;
        }
        if (next < k) next = k;
        while (next < units && !(levels[next] > least)) next++;
        const bool down = (next < units && next - k <= attack) || (any && k - heard <= hold);
        gains[k] = (float)pow(10, -decibels / 20);
        decibels += down ? depth / (double)attack : -depth / (double)release;
        decibels = decibels > depth ? depth : decibels < 0 ? 0 : decibels;
    }
}

/* ---- a limiter ---- */

/* How fast the gain of the limiter falls and rises, in dB for each unit: 200 and 20 dB a second. It falls before the
 * peak, so that it is down when that comes. */
#define FALL_DB 1.0
#define RISE_DB 0.1

static double bound(const float *peaks, size_t units, size_t k, double ceiling)
{
    return k < units && peaks[k] > ceiling ? ceiling / peaks[k] : 1;
}

void dmx_gains_limit(float *gains, const float *peaks, size_t units, double ceiling)
{
    const double fall = pow(10, FALL_DB / 20), rise = pow(10, RISE_DB / 20);
    for (size_t k = 0; k <= units; k++) {
        /* what the meter finds in a unit may lie a few frames before it */
        double least = bound(peaks, units, k, ceiling);
        least = fmin(least, bound(peaks, units, k + 1, ceiling));
        if (k > 0) least = fmin(least, fmin(bound(peaks, units, k - 1, ceiling), (double)gains[k - 1] * rise));
        gains[k] = (float)least;
    }
    for (size_t k = units; k-- > 0;) gains[k] = (float)fmin(gains[k], (double)gains[k + 1] * fall);
}

/* ---- both ---- */

void dmx_gains_apply(float *samples, size_t frames, size_t length, float first, float last, double factor)
{
    for (size_t i = 0; i < frames; i++)
        samples[i] = (float)(samples[i] * factor *
                             ((double)first + ((double)last - (double)first) * (double)i / (double)length));
}
