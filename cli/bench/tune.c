/* tune.c - see tune.h
 *
 * Two beats a second, four beats a bar; each bar has a root note, drawn from a scale. Chord and bass are sums of
 * harmonics read from a table of the sine, the drums are noise and a falling tone that die away. */
#include "tune.h"

#include "audio/audio.h"
#include "base/error.h"
#include "common/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { RATE_HZ = 44100, BLOCK = 4410, BEAT_FRAMES = RATE_HZ / 2, BAR_BEATS = 4, VOICES = 4, HARMONICS = 5 };
enum { TABLE_BITS = 10, TABLE = 1 << TABLE_BITS };

typedef struct tune {
    float sine[TABLE];
    uint32_t dice;
    uint32_t steps[VOICES]; /* of phase a frame, 2^32 is a period; [0] is the bass */
    uint32_t phases[VOICES];
    uint32_t kick_phase;
    float left[BLOCK], right[BLOCK];
} tune;

static float sine(const tune *t, uint32_t phase) { return t->sine[phase >> (32 - TABLE_BITS)]; }

static uint32_t roll(tune *t)
{
    t->dice = t->dice * 1664525u + 1013904223u;
    return t->dice >> 8;
}

static float noise(tune *t) { return (float)roll(t) / (float)(1 << 23) - 1; }

static uint32_t step_of(double note) { return (uint32_t)(440 * exp2((note - 69) / 12) / RATE_HZ * 4294967296.0); }

static void begin_bar(tune *t)
{
    static const int roots[] = {33, 36, 38, 41, 43}, intervals[VOICES] = {0, 24, 31, 39};
    const int root = roots[roll(t) % (sizeof roots / sizeof *roots)];
    for (int v = 0; v < VOICES; v++) t->steps[v] = step_of(root + intervals[v]);
}

/* A voice with overtones that fall as 1/n. */
static float voice(tune *t, int v)
{
    float sum = 0;
    t->phases[v] += t->steps[v];
    for (uint32_t n = 1; n <= HARMONICS; n++) sum += sine(t, t->phases[v] * n) / (float)n;
    return sum;
}

static void fill(tune *t, uint64_t first)
{
    for (int i = 0; i < BLOCK; i++) {
        const uint64_t frame = first + (uint64_t)i, beat = frame / BEAT_FRAMES;
        const float age = (float)(frame % BEAT_FRAMES) / RATE_HZ; /* seconds since the beat */
        if (frame % ((uint64_t)BEAT_FRAMES * BAR_BEATS) == 0) begin_bar(t);
        if (frame % BEAT_FRAMES == 0) t->kick_phase = 0;
        t->kick_phase += (uint32_t)((40 + 80 * expf(-30 * age)) / RATE_HZ * 4294967296.0F);
        const float kick = sine(t, t->kick_phase) * expf(-12 * age);
        const float snare = (beat % 2 == 1 ? 1.0F : 0.2F) * expf(-25 * age);
        const float middle = 0.35F * kick + 0.12F * voice(t, 0);
        const float a = voice(t, 1), b = voice(t, 2), c = voice(t, 3);
        t->left[i] = middle + 0.15F * snare * noise(t) + 0.05F * a + 0.03F * b + 0.02F * c;
        t->right[i] = middle + 0.15F * snare * noise(t) + 0.02F * a + 0.03F * b + 0.05F * c;
    }
}

bool tune_write(const char *path, double seconds, demucs_error *why)
{
    const audio_format format = {
        .container = AUDIO_WAV, .sample = AUDIO_INT16, .sample_rate_hz = RATE_HZ, .channels = 2};
    const uint64_t frames = (uint64_t)(seconds * RATE_HZ);
    audio_writer *writer = audio_writer_open(path, &format, why);
    tune *t = memory_new(1, sizeof *t);
    const float *planes[] = {t->left, t->right};
    bool done = writer != NULL;
    t->dice = 1;
    for (int i = 0; i < TABLE; i++) t->sine[i] = sinf((float)i * 6.2831853F / TABLE);
    for (uint64_t first = 0; done && first < frames; first += BLOCK) {
        fill(t, first);
        const uint64_t left = frames - first;
        done = audio_writer_write(writer, planes, left < BLOCK ? (size_t)left : BLOCK, why);
    }
    free(t);
    if (done) return audio_writer_close(writer, why);
    if (writer != NULL) audio_writer_abort(writer);
    return false;
}
