/* test_quality_leak.c [SHARED] - does the leak grow with the leak? Stems that are known are mixed with some of the
 * vocals left in the accompaniment, and the figure is printed beside what is true; docs/quality.md has these tables.
 *
 * A small band is made up here: voice, guitar, bass and drums that start their notes together, so that their envelopes
 * are alike. The real stems are those of SHARED, the folder beside the checkout; without it they are left out. */
#include "demucs_quality.h"

#include "../audio/audio_test.h"
#include "support/npy.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 2, RATE = 44100, SECONDS = 20, BLEEDS = 7 };

/* Level of what is put in; the first is nothing. */
static const double bleeds[BLEEDS] = {-INFINITY, -40, -30, -20, -15, -10, -6};
static const char *shared;
static const double pi = 3.14159265358979323846;

/* Voice and accompaniment. */
typedef struct pair {
    size_t frames;
    float *voice[CHANNELS], *rest[CHANNELS];
} pair;

static pair pair_new(size_t frames)
{
    pair it = {.frames = frames};
    for (int i = 0; i < CHANNELS; i++) {
        it.voice[i] = calloc(frames, sizeof(float));
        it.rest[i] = calloc(frames, sizeof(float));
        if (it.voice[i] == NULL || it.rest[i] == NULL) abort();
    }
    return it;
}

static void pair_free(pair *it)
{
    for (int i = 0; i < CHANNELS; i++) {
        free(it->voice[i]);
        free(it->rest[i]);
    }
}

/* The leak of the voice into the rest, where `into_rest` of the voice is added to the rest, and `into_voice` the other
 * way. */
static double leak_of(const pair *it, double into_rest, double into_voice)
{
    static const char *const names[] = {"vocals", "rest"};
    const demucs_quality_format format = {CHANNELS, RATE, names, 2, true};
    demucs_quality_meter *meter = NULL;
    enum { BLOCK = 4096 };
    static float mix[CHANNELS][BLOCK], stems[2 * CHANNELS][BLOCK];
    const float *mix_planes[CHANNELS] = {mix[0], mix[1]};
    const float *stem_planes[2 * CHANNELS] = {stems[0], stems[1], stems[2], stems[3]};
    if (demucs_quality_meter_create(&meter, &format, NULL, NULL) != DEMUCS_OK) abort();
    for (size_t start = 0; start < it->frames; start += BLOCK) {
        const size_t count = it->frames - start < BLOCK ? it->frames - start : BLOCK;
        for (int c = 0; c < CHANNELS; c++)
            for (size_t i = 0; i < count; i++) {
                const float voice = it->voice[c][start + i], rest = it->rest[c][start + i];
                stems[c][i] = voice + (float)into_voice * rest;
                stems[CHANNELS + c][i] = rest + (float)into_rest * voice;
                mix[c][i] = voice + rest;
            }
        demucs_quality_meter_add(meter, mix_planes, stem_planes, count);
    }
    demucs_quality *q = demucs_quality_meter_finish(meter);
    const double leak = q->stems[0]->leak_db;
    demucs_quality_free(q);
    demucs_quality_meter_free(meter);
    return leak;
}

static double gain_of(double db) { return isinf(db) ? 0 : pow(10, db / 20); }

/* Print a row of the table, and check that it grows. With stems that are known, `none` is the most that may be found
 * where there is no leak, and from -30 dB on it is right within 3 dB. */
static void check_row(const char *what, const pair *it, bool known, double none)
{
    double found[BLEEDS];
    printf("| %s |", what);
    for (int i = 0; i < BLEEDS; i++) {
        found[i] = leak_of(it, gain_of(bleeds[i]), 0);
        printf(" %.1f |", found[i]);
    }
    printf("\n");
    CHECK(found[0] <= none, "%s: %.1f dB without a leak", what, found[0]);
    for (int i = 1; i < BLEEDS; i++) {
        CHECK(found[i] > found[i - 1], "%s: %.1f dB at %g, but %.1f at %g", what, found[i], bleeds[i], found[i - 1],
              bleeds[i - 1]);
        CHECK(!known || bleeds[i] < -30 || fabs(found[i] - bleeds[i]) < 3, "%s: %.1f dB instead of %g", what, found[i],
              bleeds[i]);
    }
}

static void print_head(const char *first, int from)
{
    printf("\n| %s |", first);
    for (int i = from; i < BLEEDS; i++) printf(isinf(bleeds[i]) ? " none |" : " %g |", bleeds[i]);
    printf("\n|---|");
    for (int i = from; i < BLEEDS; i++) printf("---|");
    printf("\n");
}

/* ------------------------------------------------------------------------------------------------ a small band ---- */

/* A tone with overtones that fall off; it begins at each beat and dies away. No two are tuned quite alike: instruments
 * never are in phase. */
static double note(double t, double hz, double start, double decay, int overtones)
{
    const double since = t - start;
    double value = 0;
    for (int k = 1; k <= overtones; k++) value += sin(2 * pi * hz * k * t) / k;
    return value * exp(-decay * since) * (1 - exp(-200 * since));
}

static pair make_band(void)
{
    static const double scale[] = {220, 261.63, 293.66, 329.63, 392, 329.63, 293.66, 246.94};
    pair it = pair_new((size_t)SECONDS * RATE);
    unsigned random = 7;
    for (size_t i = 0; i < it.frames; i++) {
        const double t = (double)i / RATE, start = floor(t * 2) / 2;
        const int beat = (int)(t * 2);
        const double hz = scale[beat % 8], root = 1.003 * scale[beat / 4 * 4 % 8];
        const double vibrato = 0.02 * sin(2 * pi * 5.5 * t) / (2 * pi * 5.5); /* by a third of a semitone */
        const double turn = sin(beat * beat); /* each note of the voice has a phase of its own */
        const double voice = note(t + vibrato + turn, hz * 2, start + turn, 1.5, 12);
        const double chord =
            note(t, root, start, 3, 10) + note(t, root * 1.263, start, 3, 10) + note(t, root * 1.504, start, 3, 10);
        const double bass = note(t, 0.996 * root / 4, start, 2, 6);
        random = random * 1664525u + 1013904223u;
        const double drums = ((double)(random >> 8) / 8388608.0 - 1) * exp(-12 * (t - start));
        for (int c = 0; c < CHANNELS; c++) {
            it.voice[c][i] = (float)(0.15 * voice);
            it.rest[c][i] = (float)(0.05 * chord * (c == 0 ? 1.2 : 0.8) + 0.15 * bass + 0.3 * drums);
        }
    }
    return it;
}

static void test_band(void)
{
    pair it = make_band();
    print_head("a leak was put in at ... dB", 0);
    check_row("voice and band, synthetic", &it, true, -40);
    pair_free(&it);
}

/* ------------------------------------------------------------------------------------------------- real stems ---- */

static const char *in_shared(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", shared, name);
    return path;
}

static bool is_shared(void)
{
    FILE *there = shared != NULL ? fopen(in_shared("testdata/demucs_test.mp3"), "rb") : NULL;
    if (there != NULL) fclose(there);
    return there != NULL;
}

static bool read_into(const char *path, int stream, float *const *planes, size_t frames)
{
    demucs_error error = {DEMUCS_OK, ""};
    sound it = sound_read(path, stream, 4096, &error);
    const bool good = it.channels == CHANNELS && it.frames >= frames;
    CHECK(good, "%s, stream %d: %s", path, stream, error.message);
    for (int c = 0; good && c < CHANNELS; c++)
        for (size_t i = 0; i < frames; i++) planes[c][i] += it.planes[c][i];
    sound_free(&it);
    return good;
}

static bool read_reference(const char *path, const char *name, float *const *planes, size_t frames)
{
    test_array it;
    if (!test_npz_load(path, name, &it)) return false;
    const bool good = it.dimensions == 2 && it.shape[1] >= frames;
    for (int c = 0; good && c < CHANNELS; c++)
        for (size_t i = 0; i < frames; i++) planes[c][i] += it.f32[(size_t)c * it.shape[1] + i];
    test_array_free(&it);
    return good;
}

static bool read_true(pair *it)
{
    const char *clip = in_shared("testdata/music_delta_80s_rock.stem.mp4");
    return read_into(clip, 4, it->voice, it->frames) && read_into(clip, 1, it->rest, it->frames) &&
           read_into(clip, 2, it->rest, it->frames) && read_into(clip, 3, it->rest, it->frames);
}

/* What htdemucs made of the clip. */
static bool read_separated(pair *it)
{
    const char *clip = in_shared("reference/real/music_delta.npz");
    return read_reference(clip, "vocals", it->voice, it->frames) &&
           read_reference(clip, "drums", it->rest, it->frames) && read_reference(clip, "bass", it->rest, it->frames) &&
           read_reference(clip, "other", it->rest, it->frames);
}

static bool read_unrelated(pair *it)
{
    return read_into(in_shared("testdata/music_delta_80s_rock.stem.mp4"), 4, it->voice, it->frames) &&
           read_into(in_shared("testdata/demucs_test.mp3"), 0, it->rest, it->frames);
}

/* The rest put into the voice: what must not look like a leak of the voice. */
static void check_other_way(const char *what, const pair *it)
{
    print_head("the rest was put into the voice at ... dB", 1);
    printf("| %s |", what);
    for (int i = 1; i < BLEEDS; i++) {
        const double found = leak_of(it, 0, gain_of(bleeds[i]));
        printf(" %.1f |", found);
        CHECK(found < bleeds[i] - 3, "%s: %.1f dB", what, found);
    }
    printf("\n");
}

/* ----------------------------------------------------------------------------------------- what is ordinary ---- */

/* Four stems and their mix: planes[signal * CHANNELS + channel]; signal 0 is the mix. */
enum { STEMS = 4, PLANES = (STEMS + 1) * CHANNELS };

/* Print the largest figures of stems that nothing is wrong with, and check that none is an outlier. */
static void check_ordinary(const char *what, float *const *planes, size_t frames)
{
    static const char *const names[STEMS] = {"drums", "bass", "other", "vocals"};
    const demucs_quality_format format = {CHANNELS, RATE, names, STEMS, true};
    const float *const *all = (const float *const *)planes;
    demucs_quality_meter *meter = NULL;
    double clipped = 0, dc = 0, alike = 0, leak = -INFINITY;
    if (demucs_quality_meter_create(&meter, &format, NULL, NULL) != DEMUCS_OK) abort();
    demucs_quality_meter_add(meter, all, all + CHANNELS, frames);
    demucs_quality *q = demucs_quality_meter_finish(meter);
    for (int i = 0; i < STEMS * STEMS; i++) {
        const demucs_quality_stem *stem = q->stems[i % STEMS];
        clipped = fmax(clipped, (double)stem->clipped / (double)(frames * CHANNELS));
        dc = fmax(dc, fabs(stem->dc));
        leak = fmax(leak, stem->leak_db); /* of a number and NaN, the number */
        if (i / STEMS != i % STEMS) alike = fmax(alike, fabs(q->correlation[i]));
    }
    printf("| %s | %.2g | %.2g | %.2g | %.1f | %.1f |\n", what, clipped, dc, alike, q->residual_db, leak);
    CHECK(q->outliers_count == 0, "%s: %s", what, q->outliers_count > 0 ? q->outliers[0]->text : "");
    demucs_quality_free(q);
    demucs_quality_meter_free(meter);
}

static void check_separated(const char *what, const char *npz, float *const *planes, size_t frames)
{
    static const char *const names[] = {"mix", "drums", "bass", "other", "vocals"};
    for (int i = 0; i < PLANES; i++) memset(planes[i], 0, frames * sizeof **planes);
    for (int i = 0; i <= STEMS; i++)
        if (!read_reference(in_shared(npz), names[i], planes + i * CHANNELS, frames)) return;
    check_ordinary(what, planes, frames);
}

static void test_ordinary(void)
{
    enum { FRAMES = 299000, FRAMES_OTHER = 264600 };
    float *planes[PLANES];
    if (!is_shared()) TEST_SKIP("no folder with recordings was named");
    for (int i = 0; i < PLANES; i++) planes[i] = calloc(FRAMES, sizeof *planes[i]);
    for (int i = 0; i <= STEMS; i++)
        if (!read_into(in_shared("testdata/music_delta_80s_rock.stem.mp4"), i, planes + i * CHANNELS, FRAMES)) return;
    printf("\n| | share beyond full scale | DC | correlation | residual, dB | leak, dB |\n|---|---|---|---|---|---|\n");
    check_ordinary("music_delta, true stems", planes, FRAMES);
    check_separated("music_delta, htdemucs", "reference/real/music_delta.npz", planes, FRAMES);
    check_separated("demucs_test, htdemucs", "reference/real/demucs_test_cut.npz", planes, FRAMES_OTHER);
    for (int i = 0; i < PLANES; i++) free(planes[i]);
}

static void test_real(void)
{
    enum { FRAMES = 299000 };
    if (!is_shared()) TEST_SKIP("no folder with recordings was named");
    pair known = pair_new(FRAMES), separated = pair_new(FRAMES), unrelated = pair_new(FRAMES);
    const bool read = read_true(&known) && read_separated(&separated) && read_unrelated(&unrelated);
    CHECK(read, "the recordings");
    if (read) {
        print_head("a leak was put in at ... dB", 0);
        check_row("music_delta, true stems", &known, true, -40);
        check_row("vocals of one song, another song", &unrelated, true, -35);
        check_row("music_delta, as htdemucs separates it", &separated, false, -25);
        for (int c = 0; c < CHANNELS; c++) memcpy(separated.voice[c], known.voice[c], FRAMES * sizeof(float));
        check_row("the same, with the true vocals as the stem", &separated, false, -25);
        check_other_way("music_delta, true stems", &known);
    }
    pair_free(&known);
    pair_free(&separated);
    pair_free(&unrelated);
}

int main(int argc, char **argv)
{
    static void (*const functions[])(void) = {test_band, test_real, test_ordinary};
    shared = argc > 1 ? argv[1] : NULL;
    return test_main(1, argv, __FILE__, "test_band, test_real, test_ordinary", functions, 3);
}
