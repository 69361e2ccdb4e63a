/* test_quality.c - figures of a separation against cases that can be computed by hand, by the public header alone. */
#include "demucs_quality.h"

#include "base/alloc.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 1000, CHANNELS = 2, FRAMES = 2000, MOST_STEMS = 3 };

/* Stems and their mix: [signal][channel][frame]; signal 0 is the mix. */
typedef struct signals {
    float samples[MOST_STEMS + 1][CHANNELS][FRAMES];
} signals;

static signals it;

static void fill(int signal, int channel, float value)
{
    for (int i = 0; i < FRAMES; i++) it.samples[signal][channel][i] = value;
}

/* +value, -value, with this many frames each. */
static void square(int signal, int channel, float value, int half)
{
    for (int i = 0; i < FRAMES; i++) it.samples[signal][channel][i] = i / half % 2 == 0 ? value : -value;
}

static void sum_to_mix(int stems)
{
    for (int channel = 0; channel < CHANNELS; channel++)
        for (int i = 0; i < FRAMES; i++) {
            it.samples[0][channel][i] = 0;
            for (int stem = 1; stem <= stems; stem++) it.samples[0][channel][i] += it.samples[stem][channel][i];
        }
}

static bool memory; /* there is some at the end: outliers are then moved together */

/* Measure the first stems, in pieces of so many frames. NULL after a failure, which is checked. */
static demucs_quality *measure(int stems, bool complete, const demucs_quality_options *options, size_t piece)
{
    static const char *const names[] = {"drums", "bass", "vocals"};
    const demucs_quality_format format = {CHANNELS, RATE, names, stems, complete};
    demucs_quality_meter *meter = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    const demucs_status status = demucs_quality_meter_create(&meter, &format, options, &error);
    CHECK(status == DEMUCS_OK, "%s", error.message);
    if (meter == NULL) return NULL;
    dmx_alloc_fail_after(0); /* whatever comes, no more memory is taken */
    for (size_t start = 0; start < FRAMES; start += piece) {
        const float *planes[(MOST_STEMS + 1) * CHANNELS];
        for (int i = 0; i < (stems + 1) * CHANNELS; i++) planes[i] = it.samples[i / CHANNELS][i % CHANNELS] + start;
        demucs_quality_meter_add(meter, planes, planes + CHANNELS, FRAMES - start < piece ? FRAMES - start : piece);
    }
    if (memory) dmx_alloc_fail_after(-1);
    demucs_quality *quality = demucs_quality_meter_finish(meter);
    dmx_alloc_fail_after(-1);
    demucs_quality_meter_free(meter);
    return quality;
}

static bool near(double value, double expected) { return fabs(value - expected) <= 1e-6 * (1 + fabs(expected)); }

static void test_levels(void)
{
    memset(&it, 0, sizeof it);
    square(1, 0, 0.5F, 1);
    square(1, 1, 0.25F, 5);
    it.samples[1][1][7] = -1.5F; /* beyond full scale, and so is the next */
    it.samples[1][1][8] = 1.25F;
    fill(2, 1, -0.1F);
    sum_to_mix(2);
    demucs_quality *q = measure(2, true, NULL, 333);
    if (q == NULL) return;
    const demucs_quality_stem *drums = q->stems[0], *bass = q->stems[1];
    const double squares = FRAMES * 0.25 + (FRAMES - 2) * 0.0625 + 1.5 * 1.5 + 1.25 * 1.25;
    CHECK(strcmp(drums->name, "drums") == 0 && strcmp(bass->name, "bass") == 0, "names %s, %s", drums->name,
          bass->name);
    CHECK(near(drums->rms, sqrt(squares / (2 * FRAMES))), "RMS %.9g", drums->rms);
    CHECK(drums->peak == 1.5, "peak %g", drums->peak);
    CHECK(drums->clipped == 2, "%llu beyond full scale", (unsigned long long)drums->clipped);
    /* samples 7 and 8 were both -0.25 */
    CHECK(near(drums->dc, (-1.25 + 1.5) / FRAMES), "DC %.9g", drums->dc);
    CHECK(near(bass->rms, 0.1 / sqrt(2)) && bass->peak == (double)0.1F, "RMS %.9g, peak %g", bass->rms, bass->peak);
    CHECK(near(bass->dc, -0.1), "DC %.9g", bass->dc);
    CHECK(bass->clipped == 0, "%llu beyond full scale", (unsigned long long)bass->clipped);
    CHECK(q->frames == FRAMES && q->seconds == 2 && q->channels == 2 && q->sample_rate_hz == RATE, "the form");
    CHECK(near(q->mix_peak, 1.6), "peak of the mix %g", q->mix_peak);
    demucs_quality_free(q);
    demucs_quality_free(NULL);
}

/* Windows of 0.1 s are 100 frames here. */
static void test_silence(void)
{
    memset(&it, 0, sizeof it);
    square(1, 0, 0.5F, 1);
    square(1, 1, 0.5F, 1);
    for (int i = 500; i < 1250; i++) it.samples[1][0][i] = it.samples[1][1][i] = 0; /* 7 windows and a half */
    fill(2, 0, 0.0009F);                                                            /* below -60 dBFS */
    square(3, 0, 0.0011F, 2);
    square(3, 1, 0.0011F, 2); /* above */
    demucs_quality *q = measure(3, false, NULL, 77);
    if (q == NULL) return;
    CHECK(near(q->stems[0]->silent_share, 700.0 / FRAMES), "silent for %g", q->stems[0]->silent_share);
    CHECK(!q->stems[0]->silent, "not all of it is silent");
    CHECK(q->stems[1]->silent_share == 1 && q->stems[1]->silent, "silent for %g", q->stems[1]->silent_share);
    CHECK(q->stems[2]->silent_share == 0 && !q->stems[2]->silent, "silent for %g", q->stems[2]->silent_share);
    CHECK(q->outliers_count == 0, "silence is no fault, but: %s", q->outliers[0]->text);
    demucs_quality_free(q);
}

static void test_correlation(void)
{
    memset(&it, 0, sizeof it);
    /* a, and a + b where b is as loud and orthogonal to it: cos 45 degrees; with DC, which does not count */
    square(1, 0, 0.25F, 1);
    square(1, 1, 0.25F, 1);
    for (int channel = 0; channel < CHANNELS; channel++)
        for (int i = 0; i < FRAMES; i++) {
            const float a = it.samples[1][channel][i], b = i / 2 % 2 == 0 ? 0.25F : -0.25F;
            it.samples[2][channel][i] = -(a + b) + 0.125F;
            it.samples[1][channel][i] += 0.0625F;
        }
    demucs_quality *q = measure(3, false, NULL, FRAMES);
    if (q == NULL) return;
    CHECK(near(q->correlation[1], -sqrt(0.5)) && q->correlation[1] == q->correlation[3], "%g, %g", q->correlation[1],
          q->correlation[3]);
    CHECK(q->correlation[0] == 1 && q->correlation[4] == 1, "of a stem with itself");
    CHECK(isnan(q->correlation[2]) && isnan(q->correlation[7]) && isnan(q->correlation[8]), "with silence");
    CHECK(isnan(q->residual_db), "stems that need not add up to the track have a residual of %g dB", q->residual_db);
    demucs_quality_free(q);
}

static void test_residual(void)
{
    memset(&it, 0, sizeof it);
    square(1, 0, 0.5F, 1);
    square(2, 1, 0.25F, 2);
    sum_to_mix(2);
    demucs_quality *q = measure(2, true, NULL, 100);
    if (q == NULL) return;
    CHECK(q->residual_db == DEMUCS_QUALITY_FLOOR_DB, "they add up, but for %g dB", q->residual_db);
    demucs_quality_free(q);
    for (int i = 0; i < FRAMES; i++)
        it.samples[0][0][i] *= 1.125F; /* 1/16 of channel 0's 0.5 is missing, and 1/8 of it */
    q = measure(2, true, NULL, 100);
    if (q == NULL) return;
    const double mix = 0.5625 * 0.5625 + 0.0625, missing = 0.0625 * 0.0625;
    CHECK(near(q->residual_db, 10 * log10(missing / mix)), "%g dB, not %g", q->residual_db, 10 * log10(missing / mix));
    demucs_quality_free(q);
    memset(it.samples[0], 0, sizeof it.samples[0]);
    q = measure(2, true, NULL, 100);
    if (q == NULL) return;
    CHECK(isnan(q->residual_db), "a silent track has a residual of %g dB", q->residual_db);
    demucs_quality_free(q);
}

/* A stem that is in the rest once more, at half its size, and nothing else. */
static void test_leak(void)
{
    unsigned random = 1;
    memset(&it, 0, sizeof it);
    for (int channel = 0; channel < CHANNELS; channel++)
        for (int i = 0; i < FRAMES; i++) {
            random = random * 1664525u + 1013904223u;
            it.samples[3][channel][i] = ((float)(random >> 8) / 8388608.0F - 1) * 0.5F;
            it.samples[1][channel][i] = -0.5F * it.samples[3][channel][i];
        }
    sum_to_mix(3);
    demucs_quality *q = measure(3, true, NULL, 256);
    if (q == NULL) return;
    CHECK(fabs(q->stems[2]->leak_db - 20 * log10(0.5)) < 0.01, "%g dB", q->stems[2]->leak_db);
    CHECK(isnan(q->stems[0]->leak_db), "a stem that is never the louder leaks %g dB", q->stems[0]->leak_db);
    CHECK(isnan(q->stems[1]->leak_db), "a silent stem leaks %g dB", q->stems[1]->leak_db);
    demucs_quality_free(q);
    memset(it.samples[1], 0, sizeof it.samples[1]);
    sum_to_mix(3);
    q = measure(3, true, NULL, 256);
    if (q == NULL) return;
    CHECK(q->stems[2]->leak_db == DEMUCS_QUALITY_FLOOR_DB, "into nothing: %g dB", q->stems[2]->leak_db);
    demucs_quality_free(q);
    /* the rest is the track minus the stem where the stem is alone: the mix holds it 1.25 times */
    for (int channel = 0; channel < CHANNELS; channel++)
        for (int i = 0; i < FRAMES; i++) {
            it.samples[1][channel][i] = it.samples[3][channel][i];
            it.samples[0][channel][i] = 1.25F * it.samples[3][channel][i];
        }
    q = measure(1, false, NULL, 256);
    if (q == NULL) return;
    CHECK(fabs(q->stems[0]->leak_db - 20 * log10(0.25)) < 0.01, "%g dB", q->stems[0]->leak_db);
    demucs_quality_free(q);
}

/* Every figure once as an outlier, and not when its limit is off. */
static void check_outliers(void)
{
    demucs_quality_options options;
    memset(&it, 0, sizeof it);
    for (int channel = 0; channel < CHANNELS; channel++)
        for (int i = 0; i < FRAMES; i++) {
            it.samples[1][channel][i] = i / 2 % 2 == 0 ? 1.5F : -0.5F; /* too loud, and about 0.5 */
            it.samples[2][channel][i] = i / 2 % 2 == 0 ? 0.25F : -0.25F;
            it.samples[0][channel][i] = i / 2 % 2 == 0 ? 0.9F : -0.9F;
        }
    demucs_quality_options_init(&options, sizeof options);
    CHECK(demucs_quality_options_parse(&options, "silence=0.5", NULL) == DEMUCS_OK, "a limit");
    demucs_quality *q = measure(3, true, &options, 1000);
    if (q == NULL) return;
    int seen[DEMUCS_QUALITY_FIGURES] = {0};
    for (size_t i = 0; i < q->outliers_count; i++) {
        const demucs_quality_outlier *o = q->outliers[i];
        seen[o->figure]++;
        CHECK(o->value > o->limit && o->limit == options.limits[o->figure], "%s: %g, %g", o->text, o->value, o->limit);
        CHECK((o->stem == NULL) == (o->figure == DEMUCS_QUALITY_RESIDUAL), "%s", o->text);
        CHECK((o->other != NULL) == (o->figure == DEMUCS_QUALITY_CORRELATION), "%s", o->text);
        CHECK(o->stem == NULL || strstr(o->text, o->stem) != NULL, "%s", o->text);
        CHECK(strchr(o->text, '\n') == NULL && o->text[strlen(o->text) - 1] == '.', "%s", o->text);
        CHECK(i + 1 == q->outliers_count || strstr(o->text, q->outliers[i + 1]->text) == NULL, "two: %s", o->text);
    }
    for (int figure = 0; figure < DEMUCS_QUALITY_FIGURES; figure++)
        CHECK(seen[figure] == 1, "%s was found %d times", demucs_quality_figure_name((demucs_quality_figure)figure),
              seen[figure]);
    demucs_quality_free(q);
    for (int figure = 0; figure < DEMUCS_QUALITY_FIGURES; figure++) options.limits[figure] = INFINITY;
    q = measure(3, true, &options, 1000);
    if (q == NULL) return;
    CHECK(q->outliers_count == 0, "%zu outliers without limits", q->outliers_count);
    demucs_quality_free(q);
}

static void test_outliers(void)
{
    check_outliers();
    memory = true;
    check_outliers();
    memory = false;
}

static bool refused(const demucs_quality_options *options, const char *text, const char *reason)
{
    demucs_quality_options copy = *options;
    demucs_error error = {DEMUCS_OK, ""};
    return demucs_quality_options_parse(&copy, text, &error) == DEMUCS_ERROR_ARGUMENT &&
           strstr(error.message, reason) != NULL && memcmp(&copy, options, sizeof copy) == 0;
}

static void test_options(void)
{
    demucs_quality_options options;
    demucs_error error = {DEMUCS_OK, ""};
    demucs_quality_options_init(&options, sizeof options);
    CHECK(options.limits[DEMUCS_QUALITY_LEAK] == -15 && options.limits[DEMUCS_QUALITY_SILENCE] == 1, "defaults");
    CHECK(demucs_quality_options_parse(&options, "leak=-20.5,dc=off,", &error) == DEMUCS_OK, "%s", error.message);
    CHECK(options.limits[DEMUCS_QUALITY_LEAK] == -20.5 && isinf(options.limits[DEMUCS_QUALITY_DC]), "what was set");
    CHECK(options.limits[DEMUCS_QUALITY_RESIDUAL] == -20, "what was not");
    CHECK(refused(&options, "leak=1,loudness=3", "\"loudness\" is no figure"), "an unknown figure");
    CHECK(refused(&options, "leak", "the limit of leak should be"), "no value");
    CHECK(refused(&options, "leak=", "the limit of leak should be"), "an empty value");
    CHECK(refused(&options, "leak=1x", "the limit of leak should be"), "no number");
    CHECK(refused(&options, "leak=1-2", "the limit of leak should be"), "two numbers");
    CHECK(refused(&options, "leak=nan", "the limit of leak should be"), "NaN");
    CHECK(refused(&options, "leak=1e999", "the limit of leak should be"), "too large a number");
    CHECK(demucs_quality_figure_name(DEMUCS_QUALITY_FIGURES) == NULL, "a name of nothing");
}

static void test_arguments(void)
{
    static const char *const names[] = {"drums"};
    const demucs_quality_format good = {2, 44100, names, 1, true};
    demucs_quality_options options;
    demucs_quality_meter *meter = (demucs_quality_meter *)&options;
    demucs_error error;
    for (int i = 0; i < 5; i++) {
        demucs_quality_format bad = good;
        if (i == 0) bad.channels = 0;
        if (i == 1) bad.stems = 65;
        if (i == 2) bad.names = NULL;
        if (i == 3) bad.sample_rate_hz = 0;
        if (i == 4) bad.sample_rate_hz = 768001;
        CHECK(demucs_quality_meter_create(&meter, &bad, NULL, &error) == DEMUCS_ERROR_ARGUMENT, "case %d", i);
        CHECK(meter == NULL, "a meter after a failure");
    }
    demucs_quality_options_init(&options, sizeof options);
    options.limits[0] = NAN;
    CHECK(demucs_quality_meter_create(&meter, &good, &options, &error) == DEMUCS_ERROR_ARGUMENT, "a limit of NaN");
    demucs_quality_options_init(&options, sizeof options);
    options.struct_size = sizeof options + 8;
    CHECK(demucs_quality_meter_create(&meter, &good, &options, &error) == DEMUCS_ERROR_ARGUMENT, "newer options");
    /* nothing at all, and a rate at which there is no band */
    const demucs_quality_format odd = {1, 1, names, 1, true};
    REQUIRE(demucs_quality_meter_create(&meter, &odd, NULL, &error) == DEMUCS_OK, "%s", error.message);
    demucs_quality *q = demucs_quality_meter_finish(meter);
    CHECK(q->frames == 0 && q->stems[0]->rms == 0 && q->stems[0]->silent && isnan(q->stems[0]->leak_db), "of nothing");
    demucs_quality_free(q);
    demucs_quality_meter_free(meter);
    demucs_quality_meter_free(NULL);
}

TEST_MAIN(test_levels, test_silence, test_correlation, test_residual, test_leak, test_outliers, test_options,
          test_arguments)
