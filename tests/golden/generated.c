/* generated.c - see generated.h */
#include "generated.h"

#include "checkpoint/reader.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- random numbers ---- */

uint64_t generated_word(uint64_t key, uint64_t index)
{
    uint64_t z = key + (index + 1) * 0x9E3779B97F4A7C15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

uint64_t generated_key(const char *name)
{
    uint64_t key = 0xCBF29CE484222325u; /* FNV-1a */
    for (; *name != '\0'; name++) key = (key ^ (unsigned char)*name) * 0x100000001B3u;
    return key;
}

/* The sum of four uniform numbers of 16 bits, less its mean: a bell of which BELL is the standard deviation. */
#define BELL 37837.0

static int bell(uint64_t word)
{
    return (int)(word & 0xFFFF) + (int)(word >> 16 & 0xFFFF) + (int)(word >> 32 & 0xFFFF) + (int)(word >> 48) - 131070;
}

/* ---- weights ---- */

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The mean of a tensor's values and their standard deviation. */
static void spread(const char *name, int rank, const int64_t *shape, double *mean, double *deviation)
{
    double count = 1;
    for (int i = 0; i < rank; i++) count *= (double)shape[i];
    *mean = 0;
    if (ends_with(name, ".scale")) { /* LayerScale */
        *mean = 0.3;
        *deviation = 0.1;
    } else if (ends_with(name, "query_decay.bias")) {
        *mean = -2;
        *deviation = 0.5;
    } else if (rank == 1 && ends_with(name, ".weight")) { /* a norm */
        *mean = 1;
        *deviation = 0.2;
    } else if (rank == 1) {
        *deviation = 0.1;
    } else if (strstr(name, "embedding.weight") != NULL) {
        *deviation = 0.12;
    } else if (strstr(name, "lstm.weight") != NULL) {
        *deviation = 1.2 / sqrt((double)shape[1]);
    } else {
        *deviation = 1.5 / sqrt(count / (double)shape[0]);
    }
}

void generated_tensor(const char *model, const char *name, int rank, const int64_t *shape, float *values)
{
    char text[300];
    double mean, deviation;
    size_t count = 1;
    for (int i = 0; i < rank; i++) count *= (size_t)shape[i];
    snprintf(text, sizeof text, "%s/%s", model, name);
    const uint64_t key = generated_key(text);
    spread(name, rank, shape, &mean, &deviation);
    const float middle = (float)mean, step = (float)(deviation / BELL);
    for (size_t i = 0; i < count; i++) {
        const float scaled = (float)bell(generated_word(key, i)) * step;
        values[i] = dmx_half_to_float(dmx_float_to_half(middle + scaled));
    }
}

/* ---- signals ---- */

enum { TONES = 6 };

/* A tone is two arcs of a parabola, near enough to a sine; its loudness falls as 1 / (1 + decay * time). */
typedef struct tone {
    uint32_t phase, step; /* of a period of 2^32 */
    double decay;         /* per frame */
} tone;

static tone make_tone(uint64_t key, uint64_t number, bool low)
{
    const uint64_t pitch = generated_word(key, 3 * number), fall = generated_word(key, 3 * number + 2);
    return (tone){.phase = (uint32_t)generated_word(key, 3 * number + 1),
                  .step = (uint32_t)(5000000 + pitch % 850000000) / (low ? 16 : 1), /* 51 Hz to 8.8 kHz at 44.1 kHz */
                  .decay = (double)(1 + fall % 30) / 44100.0};
}

static double tone_at(const tone *t, size_t frame)
{
    const double p = (double)(uint32_t)(t->phase + t->step * (uint32_t)frame) / 4294967296.0 - 0.5;
    return 0.15 * (16 * p * (0.5 - fabs(p))) / (1 + t->decay * (double)frame);
}

void generated_signal(const char *name, int channels, size_t frames, float *planes)
{
    unsigned long silent_from = 0, silent_to = 0;
    char stem[64], text[96];
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(name, "~"), name);
    sscanf(name + strlen(stem), "~%lu-%lu", &silent_from, &silent_to);
    const bool low = ends_with(stem, ".low");
    for (int c = 0; c < channels; c++) {
        tone tones[TONES];
        snprintf(text, sizeof text, "%s:%d", stem, c);
        const uint64_t key = generated_key(text);
        for (uint64_t t = 0; t < TONES; t++) tones[t] = make_tone(key, t, low);
        for (size_t i = 0; i < frames; i++) {
            double sum = 0.002 + (low ? 0.001 : 0.03) * ((double)bell(generated_word(key, 1000 + i)) / BELL);
            for (int t = 0; t < TONES; t++) sum += tone_at(&tones[t], i);
            planes[(size_t)c * frames + i] = i >= silent_from && i < silent_to ? 0 : (float)sum;
        }
    }
}
