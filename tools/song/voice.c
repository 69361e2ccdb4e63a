/* voice.c - a singer: a larynx that pulses and breathes, and a throat of five resonances that moves from sound to sound
 *
 *     glottis (pulses, vibrato, jitter, breath) --> five resonators in a row --> + hiss of s, t, k, c, v --> room
 *
 * The words of the score are cut into sounds; each sound is a posture of throat and larynx, and the singer moves
 * smoothly from one to the next: that is most of what makes it a voice (Klatt 1980 has the method and the vowels). */
#include "song.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FORMANTS = 5, MAX_SOUNDS = 256, CONTROL_FRAMES = 32 };

typedef struct posture {
    char letter;
    double seconds;       /* a consonant's length; 0: a vowel, which takes what is left */
    double formants[4];   /* Hz */
    double voice, breath; /* of the larynx */
    double hiss, hiss_hz; /* behind the teeth */
    char then;            /* the second half of a sound that has two */
} posture;

static const posture alphabet[] = {
    {'a', 0, {760, 1220, 2550, 3350}, 1.00, 0.30, 0, 5000, 0},
    {'e', 0, {470, 1880, 2560, 3450}, 1.00, 0.30, 0, 5000, 0},
    {'i', 0, {310, 2200, 2950, 3500}, 0.95, 0.28, 0, 5000, 0},
    {'o', 0, {480, 860, 2450, 3250}, 1.00, 0.28, 0, 5000, 0},
    {'u', 0, {340, 760, 2300, 3200}, 0.95, 0.26, 0, 5000, 0},
    {'m', 0.075, {260, 1050, 2200, 3100}, 0.40, 0.05, 0, 5000, 0},
    {'n', 0.065, {270, 1600, 2500, 3200}, 0.45, 0.05, 0, 5000, 0},
    {'l', 0.060, {360, 1250, 2700, 3300}, 0.65, 0.10, 0, 5000, 0},
    {'r', 0.035, {420, 1450, 2200, 3200}, 0.35, 0.15, 0.02, 3000, 0},
    {'v', 0.070, {290, 1100, 2300, 3200}, 0.40, 0.10, 0.05, 6000, 0},
    {'d', 0.045, {280, 1700, 2600, 3300}, 0.20, 0.00, 0, 4000, 'D'},
    {'D', 0.015, {350, 1700, 2600, 3300}, 0.60, 0.30, 0.25, 4300, 0},
    {'s', 0.120, {320, 1500, 2600, 3400}, 0.00, 0.25, 0.42, 6800, 0},
    {'t', 0.055, {320, 1700, 2600, 3400}, 0.00, 0.00, 0, 4500, 'T'},
    {'T', 0.025, {420, 1700, 2600, 3400}, 0.05, 0.70, 0.55, 4600, 0},
    {'k', 0.060, {320, 1900, 2300, 3400}, 0.00, 0.00, 0, 2200, 'K'},
    {'K', 0.030, {450, 1900, 2300, 3400}, 0.05, 0.90, 0.50, 2300, 0},
    {'c', 0.055, {320, 1800, 2500, 3400}, 0.00, 0.00, 0, 3600, 'C'},
    {'C', 0.070, {340, 1900, 2600, 3400}, 0.00, 0.40, 0.45, 3700, 0},
    {'_', 0, {500, 1500, 2500, 3400}, 0.00, 0.00, 0, 5000, 0}, /* silence */
};

/* ---- the words as a row of sounds ---- */

typedef struct sound {
    const posture *posture;
    double start; /* seconds */
    double hz;    /* of the note it is sung on */
    double note_start, note_seconds;
} sound;

typedef struct words {
    sound sounds[MAX_SOUNDS];
    size_t count;
} words;

static const posture *find(char letter)
{
    for (size_t i = 0; i < sizeof alphabet / sizeof *alphabet; i++)
        if (alphabet[i].letter == letter) return &alphabet[i];
    return &alphabet[sizeof alphabet / sizeof *alphabet - 1];
}

static double sound_seconds(char letter)
{
    const posture *p = find(letter);
    return p->seconds + (p->then ? find(p->then)->seconds : 0);
}

static void say(words *w, char letter, double start, const sound *note)
{
    for (const posture *p = find(letter); w->count < MAX_SOUNDS; start += p->seconds, p = find(p->then)) {
        sound *s = &w->sounds[w->count++];
        *s = *note;
        s->posture = p;
        s->start = start;
        if (p->then == 0) break;
    }
}

/* The vowel falls on the beat, so the consonants before it come early; one after it ends the note. */
static void say_syllable(words *w, const syllable *s, const syllable *next)
{
    const char *vowel = strpbrk(s->sounds, "aeiou");
    const double start = song_seconds(s->beat) + 0.012, end = song_seconds(s->beat + s->beats);
    const sound note = {.hz = song_hz(s->note), .note_start = start, .note_seconds = end - start};
    double onset = 0, coda = 0;
    for (const char *c = s->sounds; c < vowel; c++) onset += sound_seconds(*c);
    for (const char *c = vowel + 1; *c != '\0'; c++) coda += sound_seconds(*c);
    double t = start - onset;
    for (const char *c = s->sounds; c < vowel; t += sound_seconds(*c++)) say(w, *c, t, &note);
    say(w, *vowel, start, &note);
    double next_onset = 0;
    if (next != NULL && next->beat - (s->beat + s->beats) < 0.1)
        for (const char *c = next->sounds; strchr("aeiou", *c) == NULL; c++) next_onset += sound_seconds(*c);
    t = end - coda - next_onset;
    for (const char *c = vowel + 1; *c != '\0'; t += sound_seconds(*c++)) say(w, *c, t, &note);
    if (next_onset == 0 && (next == NULL || next->beat - (s->beat + s->beats) >= 0.1)) say(w, '_', end, &note);
}

static void say_all(words *w)
{
    const sound silence = {.hz = song_hz(song_melody[0].note)};
    w->count = 0;
    say(w, '_', 0, &silence);
    for (size_t i = 0; i < song_melody_count; i++)
        say_syllable(w, &song_melody[i], i + 1 < song_melody_count ? &song_melody[i + 1] : NULL);
}

/* ---- the singer ---- */

typedef struct singer {
    uint32_t seed;
    double phase; /* of the larynx, 0..1 */
    double period_jitter, shimmer;
    double wander;                                               /* slow uncertainty of the pitch */
    double hz, voice, breath, hiss, hiss_hz, formants[FORMANTS]; /* where the muscles are */
    filter throat[FORMANTS], throat_of_breath[FORMANTS];
    filter teeth, chest, lips;
} singer;

static double approach(double from, double to, double seconds, double step_s)
{
    return from + (to - from) * (1 - exp(-step_s / seconds));
}

/* Pitch with the scoop into a note, and the vibrato that comes in when it is held. */
static double target_hz(singer *s, const sound *now, double t)
{
    const double since = t - now->note_start;
    const double depth = since > 0.18 ? 1 - exp(-(since - 0.18) / 0.22) : 0;
    s->wander += 0.02 * (0.5 * song_noise(&s->seed) - s->wander * 0.2);
    const double vibrato = 0.42 * depth * sin(2 * SONG_PI * (5.3 + 0.25 * sin(1.3 * t)) * since);
    const double scoop = since < 0 ? -0.5 : -0.8 * exp(-since / 0.05);
    return now->hz * exp2((vibrato + scoop + 0.6 * s->wander) / 12);
}

static void move(singer *s, const sound *now, double t)
{
    static const double widths[FORMANTS] = {70, 90, 130, 190, 260};
    const double step = (double)CONTROL_FRAMES / SONG_RATE_HZ;
    const posture *p = now->posture;
    const int quick = p->seconds > 0 && p->seconds < 0.04;
    const double since = t - now->note_start;
    const double swell =
        0.75 + 0.25 * (1 - exp(-fmax(since, 0) / 0.15)) - 0.15 * fmax(0, since / (now->note_seconds + 0.1));
    s->hz = approach(s->hz, target_hz(s, now, t), 0.018, step);
    s->voice = approach(s->voice, p->voice * swell, p->voice > s->voice ? 0.016 : 0.022, step);
    s->breath = approach(s->breath, p->breath, quick ? 0.004 : 0.02, step);
    s->hiss = approach(s->hiss, p->hiss, quick ? 0.003 : 0.012, step);
    s->hiss_hz = p->hiss > 0 ? p->hiss_hz : s->hiss_hz;
    for (int i = 0; i < FORMANTS; i++) {
        const double target = i < 4 ? p->formants[i] : 4300;
        s->formants[i] = approach(s->formants[i], fmax(target, i == 0 ? s->hz * 1.02 : 0), 0.024, step);
        filter_resonator(&s->throat[i], s->formants[i], widths[i]);
        filter_resonator(&s->throat_of_breath[i], s->formants[i], widths[i] * 1.5);
    }
    filter_bandpass(&s->teeth, s->hiss_hz, 1.1);
}

/* The derivative of the flow through the vocal folds (Rosenberg 1971): slow opening, quick closing, and a corner when
 * they meet, which is what the throat rings with. `open` says whether air passes. */
static double larynx(singer *s, double *open)
{
    const double opening = 0.42, closing = 0.17;
    const double step = s->hz * (1 + s->period_jitter) / SONG_RATE_HZ;
    s->phase += step;
    if (s->phase >= 1) {
        s->phase -= 1;
        s->period_jitter = 0.006 * song_noise(&s->seed);
        s->shimmer = 1 + 0.06 * song_noise(&s->seed);
    }
    const double p = s->phase, corner = 1 / closing;
    double flow = 0;
    if (p < opening)
        flow = 0.5 / opening * sin(SONG_PI * p / opening) * 2;
    else if (p < opening + closing)
        flow = -corner * sin(SONG_PI / 2 * (p - opening) / closing);
    *open = p < opening + closing ? 1 : 0.25;
    double since = p - opening - closing;
    if (since < 0) since += 1;
    flow += corner / 2 * song_polyblep(since, step);
    return flow * s->shimmer;
}

static double sing_sample(singer *s)
{
    double open;
    double x = s->voice * larynx(s, &open) * 0.22;
    double air = s->breath * open * song_noise(&s->seed) * 0.10;
    for (int i = 0; i < FORMANTS; i++) {
        x = filter_run(&s->throat[i], x);
        air = filter_run(&s->throat_of_breath[i], air);
    }
    const double hiss = s->hiss * filter_run(&s->teeth, song_noise(&s->seed));
    const double breathed = filter_run(&s->lips, s->voice * open * song_noise(&s->seed)) * 0.012;
    return filter_run(&s->chest, x + air + breathed) + 0.35 * hiss;
}

/* One take of the whole song. */
static void sing(stem *out, const words *w, uint32_t seed, double late_s, double cents, double gain, double pan)
{
    singer s = {.seed = seed, .hz = w->sounds[0].hz, .hiss_hz = 5000, .shimmer = 1};
    for (int i = 0; i < FORMANTS; i++) s.formants[i] = 500 + 1000 * i;
    filter_highpass(&s.chest, 90, 0.7);
    filter_highpass(&s.lips, 4000, 0.6);
    size_t now = 0;
    for (size_t n = 0; n < out->frames; n++) {
        const double t = (double)n / SONG_RATE_HZ - late_s;
        while (now + 1 < w->count && w->sounds[now + 1].start <= t) now++;
        if (n % CONTROL_FRAMES == 0) move(&s, &w->sounds[now], t);
        const double x = sing_sample(&s) * exp2(cents / 1200);
        stem_add(out, n, gain * tanh(1.2 * x) / 1.2, pan);
    }
}

void song_voice(stem *out)
{
    words *w = malloc(sizeof *w);
    if (w == NULL) return;
    say_all(w);
    sing(out, w, 99, 0, 0, 1, 0);
    free(w);
    song_room(out, 1.1, 0.055, 0.4);
}
