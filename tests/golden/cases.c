/* cases.c - see cases.h */
#include "cases.h"

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
    char name[96];
    test_array array = {0};
    const size_t frames = (size_t)c->frames;
    float *mix = calloc((size_t)channels * frames, sizeof *mix);
    if (mix == NULL || strcmp(c->input, "-") == 0) return mix;
    snprintf(name, sizeof name, GOLDEN_FOLDER "/%s", c->input);
    if (!test_npy_load(golden_path(name), &array) || array.f32 == NULL || array.dimensions != 2 ||
        array.shape[0] != (size_t)channels || array.shape[1] < frames) {
        printf("%s does not fit the case %s\n", name, c->name);
        free(mix);
        mix = NULL;
    }
    for (int k = 0; mix != NULL && k < channels; k++)
        memcpy(mix + (size_t)k * frames, array.f32 + (size_t)k * array.shape[1], frames * sizeof *mix);
    test_array_free(&array);
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

double golden_snr_db(const char *file, const float *planes, size_t count, size_t frames)
{
    char name[96];
    double snr = -INFINITY;
    test_array expected;
    const size_t kept = (frames + GOLDEN_THIN - 1) / GOLDEN_THIN;
    snprintf(name, sizeof name, GOLDEN_FOLDER "/%s", file);
    if (!test_npy_load(golden_path(name), &expected)) return snr;
    float *thin = malloc(count * kept * sizeof *thin);
    if (thin == NULL || expected.f32 == NULL || expected.count != count * kept) {
        printf("%s holds %zu numbers, but the result is [%zu][%zu]\n", name, expected.count, count, kept);
    } else {
        for (size_t i = 0; i < count * kept; i++) thin[i] = planes[i / kept * frames + i % kept * GOLDEN_THIN];
        snr = test_snr_db(expected.f32, thin, expected.count);
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
