/* cases.c - see cases.h */
#include "cases.h"

#include "generated.h"
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int golden_each_case(const char *kind, void (*run)(const golden_case *c))
{
    char line[512];
    int count = 0;
    FILE *file = fopen(golden_path(GOLDEN_FOLDER "/cases.tsv"), "r");
    if (file == NULL) return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        golden_case c;
        long long frames;
        if (sscanf(line, "%47s\t%15s\t%63s\t%47s\t%lld\t%95s\t%47s\t%lf", c.name, c.kind, c.model, c.input, &frames,
                   c.options, c.output, &c.floor_db) != 8)
            continue; /* the heading */
        c.frames = frames;
        if (strcmp(c.kind, kind) != 0) continue;
        run(&c);
        count++;
    }
    fclose(file);
    return count;
}

float *golden_input(const golden_case *c, int channels)
{
    float *mix = calloc((size_t)channels * (size_t)c->frames, sizeof *mix);
    if (mix != NULL && strcmp(c->input, "-") != 0) generated_signal(c->input, channels, (size_t)c->frames, mix);
    return mix;
}

static size_t read_offsets(const char *text, int offsets[GOLDEN_MAX_OFFSETS])
{
    size_t count = 0;
    char *end;
    for (; count < GOLDEN_MAX_OFFSETS; text = end + 1) {
        offsets[count++] = (int)strtol(text, &end, 10);
        if (*end != ',') break;
    }
    return count;
}

demucs_options golden_options(const golden_case *c, int offsets[GOLDEN_MAX_OFFSETS], int *sample_rate_hz)
{
    demucs_options o;
    char text[sizeof c->options];
    demucs_default_options(&o, sizeof o);
    memcpy(text, c->options, sizeof text);
    for (char *word = strtok(text, ";"); word != NULL; word = strtok(NULL, ";")) {
        const char *value = strchr(word, '=');
        if (value == NULL) continue;
        value++;
        if (strncmp(word, "shifts=", 7) == 0) o.shifts = atoi(value);
        if (strncmp(word, "overlap=", 8) == 0) o.overlap = atof(value);
        if (strncmp(word, "segment=", 8) == 0) o.segment_seconds = atof(value);
        if (strncmp(word, "transition_power=", 17) == 0) o.transition_power = atof(value);
        if (strcmp(word, "split=False") == 0) o.split = false;
        if (strncmp(word, "sr=", 3) == 0) *sample_rate_hz = atoi(value);
        if (strncmp(word, "offsets=", 8) == 0) {
            o.shift_offsets = offsets;
            o.shift_offsets_count = read_offsets(value, offsets);
        }
    }
    return o;
}

/* The smallest prime of at least three times as many. */
static size_t thin_step(size_t planes)
{
    size_t step = 3 * planes;
    for (size_t k = 2; k < step; k++)
        if (step % k == 0) {
            step++;
            k = 1;
        }
    return step;
}

/* Plane p from frame p * step / count on, every step-th. Returns how many are kept; `thin` may be NULL. */
static size_t thin_out(const float *planes, size_t count, size_t frames, float *thin)
{
    const size_t step = thin_step(count);
    size_t kept = 0;
    for (size_t p = 0; p < count; p++)
        for (size_t frame = p * step / count; frame < frames; frame += step, kept++)
            if (thin != NULL) thin[kept] = planes[p * frames + frame];
    return kept;
}

double golden_snr_db(const char *file, const float *planes, size_t count, size_t frames)
{
    char name[96];
    double snr = -INFINITY;
    test_array expected;
    const size_t kept = thin_out(planes, count, frames, NULL);
    snprintf(name, sizeof name, GOLDEN_FOLDER "/%s", file);
    if (!test_npy_load(golden_path(name), &expected)) return snr;
    float *thin = malloc((kept + 1) * sizeof *thin);
    if (thin == NULL || expected.f32 == NULL || expected.count != kept) {
        printf("%s holds %zu numbers, but the result is [%zu][%zu]\n", name, expected.count, count, frames);
    } else {
        thin_out(planes, count, frames, thin);
        snr = test_snr_db(expected.f32, thin, kept);
    }
    free(thin);
    test_array_free(&expected);
    return snr;
}

dmx_cpu_level golden_lowest_level(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(DEMUCS_TEST_EMULATED)
    return dmx_cpu_best();
#else
    return DMX_CPU_SCALAR;
#endif
}
