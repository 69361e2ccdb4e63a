/* position_embedding.c - see position_embedding.h
 *
 * Phases grow into the thousands of radians, where a float32 has only some 1e-4 of them left: to be near the official
 * result the phase must be rounded to float32 at the same places, and only then may sine and cosine be exact. */
#include "models/layers/position_embedding.h"

#include <math.h>
#include <stddef.h>

void dmx_embedding_1d_divisors(int dim, double max_period, float *divisors)
{
    const int half = dim / 2;
    for (int i = 0; i < half; i++) {
        /* dim 2 divides zero by zero in the official code and gives NaN; here it is the plain position. */
        const float exponent = half > 1 ? (float)i / (float)(half - 1) : 0;
        divisors[i] = (float)pow(max_period, exponent);
    }
}

void dmx_embedding_1d(float position, int dim, const float *divisors, float *out)
{
    const int half = dim / 2;
    for (int i = 0; i < half; i++) {
        const float phase = position / divisors[i];
        out[i] = cosf(phase);
        out[half + i] = sinf(phase);
    }
}

void dmx_embedding_2d_terms(int dim, double max_period, float *terms)
{
    const int half = dim / 2;
    const float slope = (float)-(log(max_period) / half);
    for (int i = 0; i < half / 2; i++) terms[i] = (float)exp((double)((float)(2 * i) * slope));
}

void dmx_embedding_2d(int step, int bins, int dim, const float *terms, float *out)
{
    const int half = dim / 2;
    for (int bin = 0; bin < bins; bin++) {
        float *token = out + (ptrdiff_t)bin * dim;
        for (int i = 0; i < half / 2; i++) {
            const float phase_bin = (float)bin * terms[i], phase_step = (float)step * terms[i];
            token[2 * i] = bin == 0 ? sinf(phase_step) : out[2 * i];
            token[2 * i + 1] = bin == 0 ? cosf(phase_step) : out[2 * i + 1];
            token[half + 2 * i] = sinf(phase_bin);
            token[half + 2 * i + 1] = cosf(phase_bin);
        }
    }
}
